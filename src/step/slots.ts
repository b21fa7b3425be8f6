/** Which stream lives in which slot. Memory is bounded: when every slot is taken, the stream unused for longest leaves. */
import { Blocks } from '../core/blocks.js';
import type { Slot } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import { BugError } from '../core/errors.js';
import { FreeSlots } from '../core/free-slots.js';

/**
 * Called while `stream` still owns `slot`, before the slot is given to somebody else: the place to snapshot it, to end
 * what is open and to drop its waiting rows. Must not call back into `Slots`.
 */
export type OnEvict = (stream: string, slot: Slot) => void;

/** Before the first and behind the last of a list. */
const NONE = -1;

/** Streams of a block of slots, and where each stands in the order of last use. */
interface Block {
  readonly streams: (string | undefined)[];
  /** [2 · slots] of each slot the one used next after it, and the one used before it; beside each other in memory. */
  readonly links: Int32Array;
}
const LATER = 0;
const EARLIER = 1;

/**
 * A bijection between streams and the slots 0 … capacity − 1, ordered by last use. Every operation is O(1): the order is
 * a doubly linked list in typed arrays, so a flood of unknown names costs the same a name as the first one. A new stream
 * gets the lowest free slot, so that few streams need few blocks, also after there were many.
 */
export class Slots {
  readonly #slotOf = new Map<string, Slot>();
  readonly #free: FreeSlots;
  readonly #blocks: Blocks<Block>;
  #oldest: Slot = NONE;
  #newest: Slot = NONE;

  /**
   * @param capacity streams, ≥ 1
   * @param counters `step.evicted` counts streams that had to leave
   */
  constructor(
    readonly capacity: number,
    private readonly counters: Counters,
    private readonly onEvict: OnEvict,
  ) {
    this.#blocks = new Blocks<Block>(capacity, (slots) => ({
      streams: Array.from({ length: slots }, () => undefined),
      links: new Int32Array(2 * slots),
    }));
    this.#free = new FreeSlots(capacity);
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
    for (let slot = this.#oldest; slot !== NONE; slot = this.#link(slot, LATER)) yield [this.#ownerOf(slot), slot];
  }

  /** @returns undefined when the stream has no slot; does not count as a use */
  find(stream: string): Slot | undefined {
    return this.#slotOf.get(stream);
  }

  /** @returns undefined when the slot is free */
  streamOf(slot: Slot): string | undefined {
    return this.#blocks.isOpen(slot) ? this.#blocks.of(slot).streams[this.#blocks.place(slot)] : undefined;
  }

  /**
   * The stream's slot, which becomes the most recently used one. A stream without a slot gets the lowest free one or, when
   * there is none, that of the stream unused for longest. Whether it is new shows in `find` before the call.
   */
  acquire(stream: string): Slot {
    const known = this.#slotOf.get(stream);
    if (known !== undefined) {
      this.use(known);
      return known;
    }
    let slot = this.#free.take();
    if (slot === NONE) {
      this.#evict();
      slot = this.#free.take();
    }
    this.#blocks.open(slot);
    this.#slotOf.set(stream, slot);
    this.#blocks.of(slot).streams[this.#blocks.place(slot)] = stream;
    this.#linkNewest(slot);
    return slot;
  }

  /** The stream in the slot becomes the most recently used one. */
  use(slot: Slot): void {
    if (slot === this.#newest) return;
    this.#unlink(slot);
    this.#linkNewest(slot);
  }

  /** Frees the stream's slot without calling `OnEvict`. @returns the slot, or undefined when it had none */
  release(stream: string): Slot | undefined {
    const slot = this.#slotOf.get(stream);
    if (slot === undefined) return undefined;
    this.#unlink(slot);
    this.#slotOf.delete(stream);
    this.#blocks.of(slot).streams[this.#blocks.place(slot)] = undefined;
    this.#blocks.leave(slot);
    this.#free.give(slot);
    return slot;
  }

  #evict(): void {
    const stream = this.#ownerOf(this.#oldest);
    this.onEvict(stream, this.#oldest);
    this.release(stream);
    this.counters.count('step.evicted');
  }

  #ownerOf(slot: Slot): string {
    const stream = this.streamOf(slot);
    if (stream === undefined) throw new BugError(`slot ${slot} is in use by no stream`);
    return stream;
  }

  #link(slot: Slot, direction: number): Slot {
    return this.#blocks.of(slot).links[2 * this.#blocks.place(slot) + direction];
  }

  #setLink(slot: Slot, direction: number, to: Slot): void {
    this.#blocks.of(slot).links[2 * this.#blocks.place(slot) + direction] = to;
  }

  #unlink(slot: Slot): void {
    const later = this.#link(slot, LATER);
    const earlier = this.#link(slot, EARLIER);
    if (earlier === NONE) this.#oldest = later;
    else this.#setLink(earlier, LATER, later);
    if (later === NONE) this.#newest = earlier;
    else this.#setLink(later, EARLIER, earlier);
  }

  #linkNewest(slot: Slot): void {
    this.#setLink(slot, LATER, NONE);
    this.#setLink(slot, EARLIER, this.#newest);
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#setLink(this.#newest, LATER, slot);
    this.#newest = slot;
  }
}
