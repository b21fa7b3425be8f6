/** Random numbers of one utterance, in the order in which they are drawn: a function of (seed, epoch, index) alone. */
import { randomBlock } from '../../core/random.js';

/** Random streams below are those of weights and dropout. */
const FIRST_STREAM = 2 ** 40;
/** Utterances an epoch, at most. */
const PER_EPOCH = 2 ** 26;

/** From … to, uniform. */
export type Range = readonly [from: number, to: number];

export class Draws {
  readonly #words = new Uint32Array(4);
  readonly #stream: number;
  #counter = 0;

  /**
   * @param epoch 0 … 2²⁶ − 1
   * @param index of the utterance, 0 … 2²⁶ − 1
   */
  constructor(
    private readonly seed: number,
    epoch: number,
    index: number,
  ) {
    this.#stream = FIRST_STREAM + epoch * PER_EPOCH + index;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    const words = this.#words;
    randomBlock(words, this.seed, this.#stream, this.#counter++);
    return words[0] / 2 ** 32;
  }

  /** 0 … below − 1. */
  whole(below: number): number {
    return Math.floor(this.unit() * below);
  }

  /** One of both ends or between them. */
  count([from, to]: Range): number {
    return from + this.whole(to - from + 1);
  }

  within([from, to]: Range): number {
    return from + (to - from) * this.unit();
  }

  /** True as often as `share`, 0 … 1, says. */
  happens(share: number): boolean {
    return this.unit() < share;
  }

  one<T>(of: readonly T[]): T {
    return of[this.whole(of.length)];
  }
}
