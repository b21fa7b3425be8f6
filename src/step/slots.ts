/** Which stream lives in which slot. Memory is bounded: when every slot is taken, the stream unused for longest leaves. */
import { BugError } from '../core/errors.js';
import type { Slot } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';

/**
 * Called while `stream` still owns `slot`, before the slot is given to somebody else: the place to snapshot it, to end
 * what is open and to drop its waiting rows. Must not call back into `Slots`.
 */
export type OnEvict = (stream: string, slot: Slot) => void;

/**
 * A bijection between streams and the slots 0 … capacity − 1, ordered by last use. Every operation is O(1): the order is
 * a doubly linked ring over two typed arrays, so a flood of unknown names costs the same a name as the first one.
 */
export class Slots {
  readonly #slotOf = new Map<string, Slot>();
  readonly #streamOf: (string | undefined)[];
  /** Ring of slots in use, least recent first; entry `capacity` is its head. Free slots are chained through `#next`. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #head: number;
  #free: Slot;

  /**
   * @param capacity streams, ≥ 1
   * @param counters `step.evicted` counts streams that had to leave
   */
  constructor(
    readonly capacity: number,
    private readonly counters: Counters,
    private readonly onEvict: OnEvict,
  ) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) throw new BugError(`capacity ${capacity} is not a count`);
    this.#streamOf = Array.from({ length: capacity }, () => undefined);
    this.#next = Int32Array.from({ length: capacity + 1 }, (_, slot) => slot + 1);
    this.#previous = new Int32Array(capacity + 1);
    this.#head = capacity;
    this.#next[capacity] = capacity;
    this.#previous[capacity] = capacity;
    this.#free = 0;
  }

  /** Streams that have a slot. */
  get size(): number {
    return this.#slotOf.size;
  }

  /** Names of the streams that have a slot, in the order in which they came. */
  streams(): IterableIterator<string> {
    return this.#slotOf.keys();
  }

  /** Every stream with its slot, the one unused for longest first. Must not be changed while iterating. */
  *leastRecent(): IterableIterator<[string, Slot]> {
    for (let slot = this.#next[this.#head]; slot !== this.#head; slot = this.#next[slot]) {
      yield [this.#streamOf[slot] as string, slot];
    }
  }

  /** @returns undefined when the stream has no slot; does not count as a use */
  find(stream: string): Slot | undefined {
    return this.#slotOf.get(stream);
  }

  /** @returns undefined when the slot is free */
  streamOf(slot: Slot): string | undefined {
    return this.#streamOf[slot];
  }

  /**
   * The stream's slot, which becomes the most recently used one. A stream without a slot gets a free one or, when there
   * is none, that of the stream unused for longest. Whether it is new shows in `find` before the call.
   */
  acquire(stream: string): Slot {
    const known = this.#slotOf.get(stream);
    if (known !== undefined) {
      if (this.#next[known] !== this.#head) {
        this.#unlink(known);
        this.#linkLast(known);
      }
      return known;
    }
    if (this.#free === this.#head) this.#evict();
    const slot = this.#free;
    this.#free = this.#next[slot];
    this.#slotOf.set(stream, slot);
    this.#streamOf[slot] = stream;
    this.#linkLast(slot);
    return slot;
  }

  /** Frees the stream's slot without calling `OnEvict`. @returns the slot, or undefined when it had none */
  release(stream: string): Slot | undefined {
    const slot = this.#slotOf.get(stream);
    if (slot === undefined) return undefined;
    this.#unlink(slot);
    this.#slotOf.delete(stream);
    this.#streamOf[slot] = undefined;
    this.#next[slot] = this.#free;
    this.#free = slot;
    return slot;
  }

  #evict(): void {
    const oldest = this.#next[this.#head];
    const stream = this.#streamOf[oldest];
    if (stream === undefined) throw new BugError(`slot ${oldest} is in use by no stream`);
    this.onEvict(stream, oldest);
    this.release(stream);
    this.counters.count('step.evicted');
  }

  #unlink(slot: Slot): void {
    const next = this.#next[slot];
    const previous = this.#previous[slot];
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  #linkLast(slot: Slot): void {
    const last = this.#previous[this.#head];
    this.#next[last] = slot;
    this.#previous[slot] = last;
    this.#next[slot] = this.#head;
    this.#previous[this.#head] = slot;
  }
}
