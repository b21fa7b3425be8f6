/** Searches without a transcriber around them, and what they are compared with: everything that there is. */
import type { Batch } from '../../src/core/contracts.js';
import { Hypothesis } from '../../src/decide/hypothesis.js';
import type { TokenSearch } from '../../src/decide/token-search.js';
import { FRAME_US } from './recogniser.js';

/** ln softmax */
export function logSoftmax(scores: readonly number[]): number[] {
  const norm = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
  return scores.map((score) => score - norm);
}

/** All sequences of `length` ids below `vocabulary`. */
export function* sequences(vocabulary: number, length: number): Generator<number[]> {
  if (length === 0) yield [];
  else
    for (const start of sequences(vocabulary, length - 1)) for (let id = 0; id < vocabulary; id++) yield [...start, id];
}

/** One stream, heard frame by frame. */
export class SearchRig<M> {
  readonly hypothesis: Hypothesis<M>;
  readonly #batch: Batch;
  #frames = 0;

  constructor(readonly search: TokenSearch<M>) {
    this.hypothesis = new Hypothesis(search.begin(0));
    const zeros = new Float64Array(1);
    const none = new Uint8Array(1);
    this.#batch = {
      n: 1,
      width: 1,
      slot: new Int32Array(1),
      us: new Float64Array(1),
      seq: zeros,
      data: new Float32Array(1),
      mask: none,
      gap: none,
      settled: none,
    };
  }

  /** @param frames outputs of the encoder, as many as make a chunk */
  hear(...frames: readonly (readonly number[])[]): void {
    this.#batch.us[0] = this.#frames * FRAME_US;
    this.#frames += frames.length;
    this.search.advance(Float32Array.from(frames.flat()), this.#batch, [this.hypothesis]);
  }

  /** Probabilities by what is read, as `1 2 2`. */
  readings(): Map<string, number> {
    const readings = this.search.readings?.(this.hypothesis, Infinity) ?? [];
    return new Map(readings.map(({ ids, probability }) => [ids.join(' '), probability]));
  }

  /** Ids of what is heard. */
  get ids(): readonly number[] {
    return this.hypothesis.ids;
  }

  /** Frames in which its tokens begin. */
  get frames(): number[] {
    return this.hypothesis.startUs.map((us) => us / FRAME_US);
  }
}
