/** Memory of many slots that grows and shrinks with the number of slots in use. */
import type { Slot } from './contracts.js';
import { BugError } from './errors.js';

const MOST_SLOTS = 256;
/** Of a block whose slots are large there is one for few streams only. */
const BLOCK_BYTES = 128 * 1024;

/** Slots of a block when one takes `bytes`: a power of two, the fewer the larger they are. */
export function slotsForBytes(bytes: number): number {
  const most = Math.min(Math.max(BLOCK_BYTES / bytes, 1), MOST_SLOTS);
  return 2 ** Math.floor(Math.log2(most));
}

export interface BlockOptions<T> {
  /** A power of two; default 256. A block is never larger than the capacity. */
  readonly blockSlots?: number;
  /** Is told of a block's memory that nobody uses any more, for what garbage collection does not free. */
  letGo?(memory: T): void;
}

/** What `Blocks` keeps beside a block's memory. */
interface Open {
  /** 1 = the slot is open. */
  readonly slots: Uint8Array;
  count: number;
}

/**
 * Slots 0 … capacity − 1 in blocks of 256 or less. A block is made when the first of its slots is opened and let go when the
 * last one has left, so that a lane with room for a million streams costs what its streams cost, also after a flood of
 * names (`Slots` gives the lowest free slot, which empties the blocks at the end). All blocks are of the same size.
 */
export class Blocks<T> {
  /** Slots of one block. */
  readonly slots: number;
  /** A block's slots are a power of two, so that finding a slot's place costs no division. */
  readonly #bits: number;
  readonly #mask: number;
  readonly #memories: (T | undefined)[] = [];
  readonly #open: (Open | undefined)[] = [];

  /**
   * @param capacity slots, ≥ 1
   * @param make memory for that many slots, of whatever form; a slot's memory is NOT reset between two streams
   */
  constructor(
    readonly capacity: number,
    private readonly make: (slots: number) => T,
    private readonly options: BlockOptions<T> = {},
  ) {
    const { blockSlots = MOST_SLOTS } = options;
    if (!Number.isSafeInteger(capacity) || capacity < 1) throw new BugError(`capacity ${capacity} is not a count`);
    if (!(blockSlots >= 1 && Number.isInteger(Math.log2(blockSlots))))
      throw new BugError(`blocks of ${blockSlots} slots`);
    this.slots = Math.min(capacity, blockSlots);
    this.#bits = Math.log2(blockSlots);
    this.#mask = blockSlots - 1;
  }

  /** Makes sure that the slot has memory. A slot that is open already stays as it is. */
  open(slot: Slot): void {
    if (!(slot >= 0 && slot < this.capacity)) throw new BugError(`slot ${slot} is none of ${this.capacity}`);
    const block = slot >> this.#bits;
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
    const block = slot >> this.#bits;
    const open = this.#open[block];
    const place = this.place(slot);
    if (open === undefined || open.slots[place] !== 1) return;
    open.slots[place] = 0;
    if (--open.count > 0) return;
    this.options.letGo?.(this.of(slot));
    this.#open[block] = undefined;
    this.#memories[block] = undefined;
  }

  isOpen(slot: Slot): boolean {
    return this.#open[slot >> this.#bits]?.slots[this.place(slot)] === 1;
  }

  /**
   * The memory of the block that the slot is in.
   * @throws BugError when no slot of that block is open
   */
  of(slot: Slot): T {
    const memory = this.#memories[slot >> this.#bits];
    if (memory === undefined) throw notOpened(slot);
    return memory;
  }

  /** The same; undefined when no slot of that block is open. */
  peek(slot: Slot): T | undefined {
    return this.#memories[slot >> this.#bits];
  }

  /** Where the slot is within its block: 0 … `slots` − 1. */
  place(slot: Slot): number {
    return slot & this.#mask;
  }
}

/** Apart, so that `of`, which every message calls several times, is small enough to be inlined everywhere. */
function notOpened(slot: Slot): BugError {
  return new BugError(`slot ${slot} was not opened`);
}

/** Numbers in a line of the processor's caches: 64 bytes on x64 and on most Arm cores. */
const LINE_NUMBERS = 8;

/**
 * Reads what is remembered of the first n of `slots` into the processor's caches, side by side.
 * @param fields numbers a slot
 * @returns a sum without meaning, to be kept, or nothing would be read
 */
export function touchRecords(blocks: Blocks<Float64Array>, fields: number, slots: Int32Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const numbers = blocks.of(slots[i]);
    const from = fields * blocks.place(slots[i]);
    const last = from + fields - 1;
    for (let at = from; at < last; at += LINE_NUMBERS) sum += numbers[at];
    sum += numbers[last];
  }
  return sum;
}
