/** Random weights of a synthetic model: a pure function of its seed and of the order in which they are drawn. */
import { randomBlock } from '../../../src/core/random.js';

const TWO_32 = 2 ** 32;

export class RandomWeights {
  readonly #seed: number;
  readonly #words = new Uint32Array(4);
  #tensors = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** `count` values, uniform with mean 0 and the given standard deviation. */
  draw(count: number, deviation: number): Float32Array {
    const values = new Float32Array(count);
    const stream = this.#tensors++;
    const range = 2 * Math.sqrt(3) * deviation;
    for (let i = 0; i < count; i += 4) {
      randomBlock(this.#words, this.#seed, stream, i / 4);
      for (let k = 0; k < 4 && i + k < count; k++) values[i + k] = (this.#words[k] / TWO_32 - 0.5) * range;
    }
    return values;
  }
}
