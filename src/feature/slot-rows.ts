/** Rows of many streams that wait to be taken, all in one array: a stream that has none costs next to nothing. */
import { Blocks } from '../core/blocks.js';
import type { Batch, Slot } from '../core/contracts.js';
import { SlotRing } from './slot-ring.js';

const NONE = -1;
const FIRST_ROWS = 16;
/** A larger array, as after devices have sent all that they had stored, is let go when nothing waits any more. */
const KEPT_NUMBERS = 65_536;

/** Copies the row that begins at `at` in `data` into row `out.n` of a batch, and counts it there. */
export type GiveRow = (slot: Slot, at: number, out: Batch) => void;

/** The rows of a slot keep their order; slots are served in the order in which they began to wait. */
export class SlotRows {
  /** Row-major. */
  data: Float64Array = new Float64Array(0);
  /** [rows] the row behind each in its slot; behind the last of a slot is its first. Of a free row: the next free one. */
  #next = new Int32Array(0);
  #free = NONE;
  /** Rows from the beginning of the array that were used since nothing waited. */
  #used = 0;
  readonly #waiting = new SlotRing();
  /** Each slot's last row, `NONE` = it has none. */
  readonly #last: Blocks<Int32Array>;

  /**
   * @param capacity slots, ≥ 1
   * @param stride numbers a row
   */
  constructor(
    capacity: number,
    readonly stride: number,
  ) {
    this.#last = new Blocks(capacity, (slots) => new Int32Array(slots).fill(NONE));
  }

  /** The slot begins without rows. */
  open(slot: Slot): void {
    this.#last.open(slot);
    this.#drop(slot);
  }

  /** Its rows are dropped. */
  leave(slot: Slot): void {
    if (!this.#last.isOpen(slot)) return;
    this.#drop(slot);
    this.#last.leave(slot);
  }

  touch(slots: Int32Array, n: number): number {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += this.#last.of(slots[i])[this.#last.place(slots[i])];
    return sum;
  }

  /** Makes room for one more row behind those of the slot. @returns where it begins in `data`; all of it is to be written */
  add(slot: Slot): number {
    const row = this.#takeFree();
    const lasts = this.#last.of(slot);
    const place = this.#last.place(slot);
    const last = lasts[place];
    if (last === NONE) {
      this.#next[row] = row;
      this.#waiting.add(slot);
    } else {
      this.#next[row] = this.#next[last];
      this.#next[last] = row;
    }
    lasts[place] = row;
    return row * this.stride;
  }

  /** Gives at most one row a slot, of those that have waited longest. @returns their number, as in `out.n` */
  fill(out: Batch, give: GiveRow): number {
    out.n = 0;
    for (let left = this.#waiting.size; left > 0 && out.n < out.slot.length; left--) {
      const slot = this.#waiting.removeFirst();
      const lasts = this.#last.of(slot);
      const place = this.#last.place(slot);
      const last = lasts[place];
      const first = this.#next[last];
      give(slot, first * this.stride, out);
      if (first === last) {
        lasts[place] = NONE;
      } else {
        this.#next[last] = this.#next[first];
        this.#waiting.add(slot);
      }
      this.#setFree(first);
    }
    if (this.#waiting.size === 0) this.#reset();
    return out.n;
  }

  /** The rows of a slot, oldest first: [n · stride]. */
  rowsOf(slot: Slot): Float64Array {
    const rows: Float64Array[] = [];
    this.#forEach(slot, (row) => rows.push(this.data.subarray(row * this.stride, (row + 1) * this.stride)));
    const copy = new Float64Array(rows.length * this.stride);
    rows.forEach((row, i) => copy.set(row, i * this.stride));
    return copy;
  }

  /** Replaces the rows of a slot, oldest first. @param rows [n · stride] */
  setRowsOf(slot: Slot, rows: Float64Array): void {
    this.#drop(slot);
    for (let at = 0; at < rows.length; at += this.stride) {
      // Before `data`: adding may replace it.
      const to = this.add(slot);
      this.data.set(rows.subarray(at, at + this.stride), to);
    }
  }

  #drop(slot: Slot): void {
    const lasts = this.#last.of(slot);
    const place = this.#last.place(slot);
    if (lasts[place] === NONE) return;
    this.#forEach(slot, (row) => this.#setFree(row));
    lasts[place] = NONE;
    this.#waiting.remove(slot);
    if (this.#waiting.size === 0) this.#reset();
  }

  #forEach(slot: Slot, visit: (row: number) => void): void {
    const last = this.#last.of(slot)[this.#last.place(slot)];
    if (last === NONE) return;
    let row = this.#next[last];
    for (let following = this.#next[row]; row !== last; following = this.#next[row]) {
      visit(row);
      row = following;
    }
    visit(last);
  }

  #takeFree(): number {
    const row = this.#free;
    if (row !== NONE) {
      this.#free = this.#next[row];
      return row;
    }
    if (this.#used === this.#next.length) this.#grow();
    return this.#used++;
  }

  #setFree(row: number): void {
    this.#next[row] = this.#free;
    this.#free = row;
  }

  /** All rows are free: they are used from the beginning again, one behind the other. */
  #reset(): void {
    this.#free = NONE;
    this.#used = 0;
    if (this.data.length <= KEPT_NUMBERS) return;
    this.data = new Float64Array(0);
    this.#next = new Int32Array(0);
  }

  #grow(): void {
    const rows = Math.max(FIRST_ROWS, 2 * this.#next.length);
    const data = new Float64Array(rows * this.stride);
    data.set(this.data);
    this.data = data;
    const next = new Int32Array(rows);
    next.set(this.#next);
    this.#next = next;
  }
}
