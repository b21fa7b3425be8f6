/** Which stream lives in which slot. Memory is bounded: when every slot is taken, the stream unused for longest leaves. */
import { Blocks } from '../core/blocks.js';
import type { Slot } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import { BugError } from '../core/errors.js';
import { FreeSlots } from '../core/free-slots.js';
import { NameIndex } from '../core/name-index.js';
import { UseOrder } from './use-order.js';

/** What is remembered of fewer streams is in the processor's caches. */
const MANY_STREAMS = 4096;

/**
 * Called while `stream` still owns `slot`, before the slot is given to somebody else: the place to snapshot it, to end
 * what is open and to drop its waiting rows. Must not call back into `Slots`.
 */
export type OnEvict = (stream: string, slot: Slot) => void;

/**
 * A bijection between streams and the slots 0 … capacity − 1, ordered by last use. Every operation is O(1), so a flood
 * of unknown names costs the same a name as the first one. A new stream gets the lowest free slot, so that few streams
 * need few blocks of memory, also after there were many.
 */
export class Slots {
  readonly #slotOf: NameIndex;
  /** The same of few streams: in the caches a `Map`, which keeps the hash of a string, finds it in half the time. */
  #few: Map<string, Slot> | undefined = new Map();
  readonly #free: FreeSlots;
  readonly #streams: Blocks<(string | undefined)[]>;
  readonly #order: UseOrder;
  /** Whether the last stream that was looked up by `findNext` was the one expected. */
  #inOrder = false;
  /** Kept of `touch`. */
  touched = 0;

  /**
   * @param capacity streams, ≥ 1
   * @param counters `step.evicted` counts streams that had to leave
   */
  constructor(
    readonly capacity: number,
    private readonly counters: Counters,
    private readonly onEvict: OnEvict,
  ) {
    this.#streams = new Blocks(capacity, (slots) => Array.from({ length: slots }, () => undefined));
    this.#slotOf = new NameIndex((slot) => this.#streams.of(slot)[this.#streams.place(slot)]);
    this.#order = new UseOrder(capacity);
    this.#free = new FreeSlots(capacity);
  }

  /** Streams that have a slot. */
  get size(): number {
    return this.#slotOf.size;
  }

  /** Whether it pays to read side by side (`findEach`, `touch`) what is needed of several streams. */
  get many(): boolean {
    return this.#few === undefined;
  }

  /** Names of the streams that have a slot, the one unused for longest first. */
  *streams(): IterableIterator<string> {
    for (const slot of this.#order) yield this.#ownerOf(slot);
  }

  /** Every stream with its slot, the one unused for longest first. Must not be changed while iterating. */
  *leastRecent(): IterableIterator<[string, Slot]> {
    for (const slot of this.#order) yield [this.#ownerOf(slot), slot];
  }

  /** @returns undefined when the stream has no slot; does not count as a use */
  find(stream: string): Slot | undefined {
    if (this.#few !== undefined) return this.#few.get(stream);
    const slot = this.#slotOf.find(stream, this.#slotOf.hash(stream));
    return slot < 0 ? undefined : slot;
  }

  /**
   * As `find`, where streams come one after the other and each is then used: mostly in the order in which they came the
   * time before, which costs a comparison of names where `find` costs several reads from all over the memory.
   */
  findNext(stream: string): Slot | undefined {
    const expected = this.#order.next;
    if (this.#inOrder && expected >= 0 && this.streamOf(expected) === stream) return expected;
    const slot = this.find(stream);
    this.#inOrder = slot === expected;
    return slot;
  }

  /**
   * Finds the slots of many streams side by side, which is much faster when most are not in the processor's caches.
   * @param of what belongs to a stream each; those in `[from, to)` are looked up
   * @param out `out[i]` becomes the slot of `of[from + i]`, −1 = it has none
   */
  findEach(of: readonly { readonly stream: string }[], from: number, to: number, out: Int32Array): void {
    let touched = 0;
    for (let i = from; i < to; i++) touched += of[i].stream.length;
    for (let i = from; i < to; i++) {
      const hash = this.#slotOf.hash(of[i].stream);
      touched += this.#slotOf.touch(hash);
      out[i - from] = hash;
    }
    this.touched = touched;
    for (let i = from; i < to; i++) out[i - from] = this.#slotOf.find(of[i].stream, out[i - from]);
  }

  /** @returns undefined when the slot is free */
  streamOf(slot: Slot): string | undefined {
    return this.#streams.peek(slot)?.[this.#streams.place(slot)];
  }

  /**
   * The stream's slot, which becomes the most recently used one. A stream without a slot gets the lowest free one or, when
   * there is none, that of the stream unused for longest. Whether it is new shows in `find` before the call.
   */
  acquire(stream: string): Slot {
    const known = this.find(stream);
    if (known !== undefined) {
      this.use(known);
      return known;
    }
    let slot = this.#free.take();
    if (slot < 0) {
      this.#evict();
      slot = this.#free.take();
    }
    this.#slotOf.set(this.#slotOf.hash(stream), slot);
    if (this.size > MANY_STREAMS) this.#few = undefined;
    this.#few?.set(stream, slot);
    this.#streams.open(slot);
    this.#streams.of(slot)[this.#streams.place(slot)] = stream;
    this.#order.open(slot);
    return slot;
  }

  touch(slots: Int32Array, n: number): number {
    return this.#order.touch(slots, n);
  }

  /** The stream in the slot becomes the most recently used one. */
  use(slot: Slot): void {
    this.#order.use(slot);
  }

  /** Frees the stream's slot without calling `OnEvict`. @returns the slot, or undefined when it had none */
  release(stream: string): Slot | undefined {
    const slot = this.find(stream);
    if (slot === undefined) return undefined;
    this.#slotOf.delete(this.#slotOf.hash(stream), slot);
    this.#few?.delete(stream);
    this.#streams.of(slot)[this.#streams.place(slot)] = undefined;
    this.#streams.leave(slot);
    this.#order.leave(slot);
    this.#free.give(slot);
    if (this.many && 4 * this.size < MANY_STREAMS) this.#few = new Map(this.leastRecent());
    return slot;
  }

  #evict(): void {
    const { oldest } = this.#order;
    const stream = this.#ownerOf(oldest);
    this.onEvict(stream, oldest);
    this.release(stream);
    this.counters.count('step.evicted');
  }

  #ownerOf(slot: Slot): string {
    const stream = this.streamOf(slot);
    if (stream === undefined) throw new BugError(`slot ${slot} is in use by no stream`);
    return stream;
  }
}
