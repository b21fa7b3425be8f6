/** What is heard of a room before and behind a string that is said in it. */
import type { Draws, Range } from '../train/speech/draws.js';
import { type Joined, moved } from '../train/speech/join.js';
import { gainOf } from '../train/speech/level.js';
import { type Noise, NoiseMaker } from '../train/speech/noise.js';
import type { Recording } from '../train/speech/recordings.js';

export class Room {
  readonly #noise: NoiseMaker;

  /**
   * @param recordings whose voices talk in a babble
   * @param edgesMs how long it is heard, before and behind
   * @param kind absent: pink
   * @param levelDb its mean power, dB below that of a square wave at full scale (negative)
   */
  constructor(
    seed: number,
    private readonly sampleRateHz: number,
    recordings: readonly Recording[],
    private readonly edgesMs: Range,
    private readonly kind: Noise = 'pink',
    private readonly levelDb: number,
  ) {
    this.#noise = new NoiseMaker(seed, sampleRateHz, recordings);
  }

  /** @returns the same samples, with the room before and behind them */
  around<R>({ samples, speaker, parts }: Joined<R>, draws: Draws): Joined<R> {
    const [before, behind] = [this.#draw(draws), this.#draw(draws)];
    const all = new Float64Array(before.length + samples.length + behind.length);
    all.set(before);
    all.set(samples, before.length);
    all.set(behind, before.length + samples.length);
    return { samples: all, speaker, parts: moved(parts, before.length) };
  }

  #draw(draws: Draws): Float64Array {
    const noise = new Float64Array(Math.round((draws.within(this.edgesMs) * this.sampleRateHz) / 1000));
    this.#noise.add(this.kind, noise, gainOf(this.levelDb) ** 2, draws);
    return noise;
  }
}
