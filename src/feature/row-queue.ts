/** Rows of one stream that wait to be taken: a ring of numbers that grows as it must. */

const FIRST_CAPACITY = 2;
/** A larger ring, as after a device has sent all that it had stored, is let go when it is empty: there are many streams. */
const KEPT_CAPACITY = 64;

export class RowQueue {
  /** Row-major; the row that `add` or `first` names begins at that index. */
  data: Float64Array = new Float64Array(0);
  #first = 0;
  #size = 0;

  /** @param stride numbers a row */
  constructor(private readonly stride: number) {}

  get size(): number {
    return this.#size;
  }

  /** Makes room for one more row at the end. @returns where it begins in `data`; all of it is to be written */
  add(): number {
    if (this.#size * this.stride === this.data.length) this.#grow();
    return this.#at(this.#size++);
  }

  /** Where the oldest row begins in `data`; there must be one. */
  get first(): number {
    return this.#at(0);
  }

  removeFirst(): void {
    this.#first = this.#at(1) / this.stride;
    this.#size--;
    if (this.#size > 0 || this.data.length <= KEPT_CAPACITY * this.stride) return;
    this.data = new Float64Array(0);
    this.#first = 0;
  }

  clear(): void {
    this.#first = 0;
    this.#size = 0;
  }

  /** Copies all rows, oldest first, to `out[offset … )`. */
  copyTo(out: Float64Array, offset: number): void {
    for (let i = 0; i < this.#size; i++) {
      const at = this.#at(i);
      out.set(this.data.subarray(at, at + this.stride), offset + i * this.stride);
    }
  }

  #at(i: number): number {
    return ((this.#first + i) * this.stride) % this.data.length;
  }

  #grow(): void {
    const grown = new Float64Array(Math.max(FIRST_CAPACITY, 2 * this.#size) * this.stride);
    this.copyTo(grown, 0);
    this.data = grown;
    this.#first = 0;
  }
}
