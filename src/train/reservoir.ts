/** A fair sample of more values than can be kept. */
import { uniform } from '../core/random.js';

/** Any number: the sample shall be the same whenever the values are. */
const SEED = 1;

/**
 * Keeps all values up to its capacity, and of more a uniform sample without replacement: algorithm L of Li, "Reservoir-
 * sampling algorithms of time complexity O(n(1 + log(N/n)))", ACM TOMS 20, 1994. The same values in the same order give
 * the same sample.
 */
export class Reservoir {
  readonly #kept: Float64Array;
  #seen = 0;
  /** Number of the next value that replaces one. */
  #next: number;
  /** The largest of as many random keys as are kept, were each value given one and those with the smallest kept. */
  #largestKey = 1;
  #drawn = 0;

  /** @param stream of random numbers: samples of different streams are independent */
  constructor(
    capacity: number,
    private readonly stream: number,
  ) {
    this.#kept = new Float64Array(capacity);
    this.#next = capacity;
    this.#skip();
  }

  add(value: number): void {
    const { length } = this.#kept;
    if (this.#seen < length) this.#kept[this.#seen] = value;
    else if (this.#seen === this.#next) {
      this.#kept[Math.floor(this.#draw() * length)] = value;
      this.#next++;
      this.#skip();
    }
    this.#seen++;
  }

  /** What is kept, in no particular order; borrowed. */
  get values(): Float64Array {
    return this.#kept.subarray(0, Math.min(this.#seen, this.#kept.length));
  }

  #skip(): void {
    this.#largestKey *= Math.exp(Math.log(1 - this.#draw()) / this.#kept.length);
    this.#next += Math.floor(Math.log(1 - this.#draw()) / Math.log1p(-this.#largestKey));
  }

  /** In [0, 1). */
  #draw(): number {
    return uniform(SEED, this.stream, this.#drawn++);
  }
}
