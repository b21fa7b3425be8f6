/** The rows of one step in the order of the blocks that their slots are in. */
import type { Blocks } from '../core/blocks.js';
import { BugError } from '../core/errors.js';
import { NOT_OPEN, type StateBlock } from './state-block.js';

export class StepOrder {
  /** Blocks of the present step. */
  readonly touched: StateBlock[] = [];
  /** Row numbers of the caller, block after block: those of a block end before its `end`. Of a net without states: 0, 1, … */
  readonly rows: Int32Array;
  /** Kept of `#touch`. */
  read = 0;
  #step = 0;

  /** @param most rows of a step */
  constructor(
    private readonly blocks: Blocks<StateBlock>,
    most: number,
  ) {
    this.rows = Int32Array.from({ length: most }, (_, row) => row);
  }

  /**
   * Proves the first n of the slots and counts the rows of each block.
   * @throws BugError for a slot that is not open or named twice; then no state has changed
   */
  admit(slots: Int32Array, n: number): void {
    const { blocks, touched } = this;
    const step = ++this.#step;
    let count = 0;
    this.read = this.#touch(slots, n);
    for (let row = 0; row < n; row++) {
      const slot = slots[row];
      const block = blocks.of(slot);
      const place = blocks.place(slot);
      const namedIn = block.namedIn[place];
      // Beyond the capacity there is not even a number.
      if (!(namedIn > NOT_OPEN)) throw new BugError(`slot ${slot} was not opened`);
      if (namedIn === step) throw new BugError(`slot ${slot} is named twice in one step`);
      block.namedIn[place] = step;
      if (block.touchedIn !== step) {
        block.touchedIn = step;
        block.touched = 0;
        touched[count++] = block;
      }
      block.touched++;
    }
    // Not emptied beforehand: an array gives its memory back when it is empty, and takes new memory a step.
    if (touched.length > count) touched.length = count;
  }

  /**
   * Reads what `admit` looks at. There the way forks at what was read, so that among many blocks, which are not in the
   * processor's caches, each row would wait for main memory.
   */
  #touch(slots: Int32Array, n: number): number {
    const { blocks } = this;
    let sum = 0;
    for (let row = 0; row < n; row++) {
      const block = blocks.of(slots[row]);
      sum += block.touchedIn + block.namedIn[blocks.place(slots[row])];
    }
    return sum;
  }

  /** Sorts the rows: first those of blocks that are not `dense`. @returns the number of those */
  arrange(slots: Int32Array, n: number): number {
    const { blocks, touched, rows } = this;
    let end = 0;
    for (let i = 0; i < touched.length; i++) if (!touched[i].dense) end = placed(touched[i], end);
    const gathered = end;
    for (let i = 0; i < touched.length; i++) if (touched[i].dense) end = placed(touched[i], end);
    for (let row = 0; row < n; row++) rows[blocks.of(slots[row]).end++] = row;
    return gathered;
  }
}

/** The rows of the block begin at `start`, where its `end` is until they are there. @returns where they will end */
function placed(block: StateBlock, start: number): number {
  block.end = start;
  return start + block.touched;
}

/**
 * Streams often come in the order of their slots. Such a stretch is copied at once, which costs a fifth of row by row.
 * @param rows numbers of rows, `rows[from … end)` to be looked at
 * @param blockSlots slots of a block, which a stretch does not leave
 * @returns how many rows from `from` on, and their slots, go up by one
 */
export function stretchOf(slots: Int32Array, rows: Int32Array, from: number, end: number, blockSlots: number): number {
  const row = rows[from];
  const slot = slots[row];
  const most = Math.min(end - from, blockSlots - (slot % blockSlots));
  let count = 1;
  while (count < most && rows[from + count] === row + count && slots[row + count] === slot + count) count++;
  return count;
}
