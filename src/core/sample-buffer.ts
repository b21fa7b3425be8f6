/** The latest samples of an endless signal, each known by its number since the start. */
import { BugError } from './errors.js';

export class SampleBuffer {
  #data = new Float64Array(0);
  /** Where the oldest kept sample lies in `#data`. */
  #at = 0;
  #size = 0;
  #first = 0;

  /** Number of the oldest sample that is kept. */
  get first(): number {
    return this.#first;
  }

  /** Number of the sample that comes next. */
  get end(): number {
    return this.#first + this.#size;
  }

  /** Takes `samples[from … to)`; all by default. */
  push(samples: Float64Array, from = 0, to = samples.length): void {
    const n = to - from;
    if (this.#at + this.#size + n > this.#data.length) this.#makeRoom(n);
    this.#data.set(n === samples.length ? samples : samples.subarray(from, to), this.#at + this.#size);
    this.#size += n;
  }

  /** Forgets what is older than sample `number`. */
  dropBefore(number: number): void {
    const dropped = Math.min(Math.max(0, number - this.#first), this.#size);
    this.#at += dropped;
    this.#first += dropped;
    this.#size -= dropped;
  }

  /** @returns a copy of the samples `from … to − 1` @throws BugError unless they are kept */
  copy(from: number, to: number): Float64Array {
    const start = this.#place(from, to);
    return this.#data.slice(start, start + to - from);
  }

  /** Copies the samples `from … from + n − 1` to `out[0 … n)`. @throws BugError unless they are kept */
  copyTo(out: number[], from: number, n: number): void {
    const start = this.#place(from, from + n);
    for (let i = 0; i < n; i++) out[i] = this.#data[start + i];
  }

  /** The sample of this number. @throws BugError unless it is kept */
  sample(number: number): number {
    return this.#data[this.#place(number, number + 1)];
  }

  /** Empty; the next sample has this number. */
  restart(number: number): void {
    this.#at = this.#size = 0;
    this.#first = number;
  }

  /** Where sample `from` lies in `#data`. */
  #place(from: number, to: number): number {
    if (from < this.#first || to > this.end || from > to) {
      throw new BugError(`samples ${from} to ${to} are not among ${this.#first} to ${this.end}`);
    }
    return this.#at + from - this.#first;
  }

  /** Moves what is kept to the front, of a larger array when it would fill more than half: amortised O(1) a sample. */
  #makeRoom(n: number): void {
    const kept = this.#data.subarray(this.#at, this.#at + this.#size);
    const needed = 2 * (this.#size + n);
    if (needed > this.#data.length) {
      const grown = new Float64Array(needed);
      grown.set(kept);
      this.#data = grown;
    } else this.#data.set(kept);
    this.#at = 0;
  }
}
