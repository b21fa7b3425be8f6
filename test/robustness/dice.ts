/** Pseudo-random choices that are the same for the same seed and case: a failure names both. */
import { uniform } from '../../src/core/random.js';

export class Dice {
  #thrown = 0;

  constructor(
    private readonly seed: number,
    private readonly number: number,
  ) {}

  /** A whole number within [0, n). */
  below(n: number): number {
    return Math.floor(uniform(this.seed, this.number, this.#thrown++) * n);
  }

  chance(probability: number): boolean {
    return uniform(this.seed, this.number, this.#thrown++) < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }
}
