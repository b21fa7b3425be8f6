/** Feature frames of one stream that wait to be seen: a ring of float32 vectors that grows as it must. */

/** Numbers of the packets are kept beside the frames, because a frame belongs to the packet that completed it. */
export class FrameQueue {
  #frames: Float32Array;
  #seqs: Float64Array;
  #first = 0;
  #size = 0;

  /** @param width values a frame @param capacity frames that it has room for at first, ≥ 1 */
  constructor(
    private readonly width: number,
    capacity: number,
  ) {
    this.#frames = new Float32Array(width * capacity);
    this.#seqs = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The values of all frames, to write one to; index by what `add` returns. */
  get frames(): Float32Array {
    return this.#frames;
  }

  /** Makes room for one more frame at the end. @returns where it begins in `frames`; all of it is to be written */
  add(seq: number): number {
    if (this.#size === this.#seqs.length) this.#grow();
    const at = this.#at(this.#size++);
    this.#seqs[at] = seq;
    return at * this.width;
  }

  /** Packet number of frame i, 0 = the oldest. */
  seq(i: number): number {
    return this.#seqs[this.#at(i)];
  }

  /** Copies the oldest n frames to `out[at …]`. */
  copyTo(out: Float32Array, at: number, n: number): void {
    const { width } = this;
    const capacity = this.#seqs.length;
    const head = Math.min(n, capacity - this.#first);
    // Value by value: a view a call would be made for every chunk.
    for (let i = 0, from = this.#first * width; i < head * width; i++) out[at + i] = this.#frames[from + i];
    for (let i = 0, to = at + head * width; i < (n - head) * width; i++) out[to + i] = this.#frames[i];
  }

  /** Forgets the oldest n frames. */
  drop(n: number): void {
    this.#first = this.#at(n);
    this.#size -= n;
  }

  clear(): void {
    this.#first = 0;
    this.#size = 0;
  }

  #at(i: number): number {
    return (this.#first + i) % this.#seqs.length;
  }

  #grow(): void {
    const frames = new Float32Array(2 * this.#frames.length);
    const seqs = new Float64Array(2 * this.#seqs.length);
    this.copyTo(frames, 0, this.#size);
    for (let i = 0; i < this.#size; i++) seqs[i] = this.seq(i);
    this.#frames = frames;
    this.#seqs = seqs;
    this.#first = 0;
  }
}
