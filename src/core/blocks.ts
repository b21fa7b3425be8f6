/** Memory of many slots that grows and shrinks with the number of slots in use. */
import type { Slot } from './contracts.js';
import { BugError } from './errors.js';

/** A power of two, so that finding a slot's place costs no division. */
const BLOCK_BITS = 8;
const BLOCK_SLOTS = 1 << BLOCK_BITS;

/** What `Blocks` keeps beside a block's memory. */
interface Open {
  /** 1 = the slot is open. */
  readonly slots: Uint8Array;
  count: number;
}

/**
 * Slots 0 … capacity − 1 in blocks of up to 256. A block is made when the first of its slots is opened and let go when the
 * last one has left, so that a lane with room for a million streams costs what its streams cost, also after a flood of
 * names (`Slots` gives the lowest free slot, which empties the blocks at the end). All blocks are of the same size.
 */
export class Blocks<T> {
  /** Slots of one block: 256, or the capacity if that is less. */
  readonly slots: number;
  readonly #memories: (T | undefined)[] = [];
  readonly #open: (Open | undefined)[] = [];

  /**
   * @param capacity slots, ≥ 1
   * @param make memory for that many slots, of whatever form; a slot's memory is NOT reset between two streams
   */
  constructor(
    readonly capacity: number,
    private readonly make: (slots: number) => T,
  ) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) throw new BugError(`capacity ${capacity} is not a count`);
    this.slots = Math.min(capacity, BLOCK_SLOTS);
  }

  /** Makes sure that the slot has memory. A slot that is open already stays as it is. */
  open(slot: Slot): void {
    if (!(slot >= 0 && slot < this.capacity)) throw new BugError(`slot ${slot} is none of ${this.capacity}`);
    const block = slot >> BLOCK_BITS;
    let open = this.#open[block];
    if (open === undefined) {
      this.#memories[block] = this.make(this.slots);
      open = { slots: new Uint8Array(this.slots), count: 0 };
      this.#open[block] = open;
    }
    const place = this.place(slot);
    if (open.slots[place] === 1) return;
    open.slots[place] = 1;
    open.count++;
  }

  /** Gives the slot's memory back. A slot that is not open stays as it is. */
  leave(slot: Slot): void {
    const block = slot >> BLOCK_BITS;
    const open = this.#open[block];
    const place = this.place(slot);
    if (open === undefined || open.slots[place] !== 1) return;
    open.slots[place] = 0;
    if (--open.count > 0) return;
    this.#open[block] = undefined;
    this.#memories[block] = undefined;
  }

  isOpen(slot: Slot): boolean {
    return this.#open[slot >> BLOCK_BITS]?.slots[this.place(slot)] === 1;
  }

  /**
   * The memory of the block that the slot is in.
   * @throws BugError when no slot of that block is open
   */
  of(slot: Slot): T {
    const memory = this.#memories[slot >> BLOCK_BITS];
    if (memory === undefined) throw new BugError(`slot ${slot} was not opened`);
    return memory;
  }

  /** Where the slot is within its block: 0 … `slots` − 1. */
  place(slot: Slot): number {
    return slot & (BLOCK_SLOTS - 1);
  }
}
