/** What is done to a string of words, so that a net hears more than was recorded; what held-out strings are tried under. */
import type { Recording } from './recordings.js';
import type { Draws, Range } from './draws.js';
import type { Joined } from './join.js';
import { gainOf, meanPower } from './level.js';
import { NoiseMaker, type Noise } from './noise.js';
import { drawRoom, inRoom } from './room.js';

export interface Surroundings {
  /** Mean power of the speech, dB below that of a square wave at full scale (all of them negative). */
  readonly levelDb: Range;
  /** Share of strings that are heard in a room. */
  readonly roomShare: number;
  /** One of these is heard beside; none: never. */
  readonly noises: readonly Noise[];
  /** Share of strings with noise. */
  readonly noiseShare: number;
  /** Speech over noise, dB; see `level.ts` for what counts. */
  readonly snrDb: Range;
  /** The hiss of an amplifier besides, in such a share of strings; speech over it, dB. Absent: none. */
  readonly hiss?: { readonly share: number; readonly snrDb: Range };
}

export class Augmenter {
  readonly #noise: NoiseMaker;

  /** @param recordings whose voices talk in a babble */
  constructor(
    seed: number,
    private readonly sampleRateHz: number,
    recordings: readonly Recording[],
    private readonly surroundings: Surroundings,
  ) {
    this.#noise = new NoiseMaker(seed, sampleRateHz, recordings);
  }

  /** @returns samples within [-1, 1], as many as there were */
  hear({ samples, parts }: Joined<Recording>, draws: Draws): Float64Array {
    const { levelDb, roomShare, noises, noiseShare, snrDb, hiss } = this.surroundings;
    const heard = draws.happens(roomShare) ? inRoom(samples, drawRoom(this.sampleRateHz, draws)) : samples.slice();
    const wanted = gainOf(draws.within(levelDb));
    const power = speechPower(heard, parts);
    const gain = power > 0 ? wanted / Math.sqrt(power) : 0;
    for (let i = 0; i < heard.length; i++) heard[i] *= gain;
    if (noises.length > 0 && draws.happens(noiseShare)) {
      const kind = draws.one(noises);
      this.#add(kind, heard, wanted, snrDb, draws);
    }
    if (hiss && draws.happens(hiss.share)) this.#add('hiss', heard, wanted, hiss.snrDb, draws);
    for (let i = 0; i < heard.length; i++) heard[i] = Math.min(1, Math.max(-1, heard[i]));
    return heard;
  }

  /** @param wanted root of the mean power of the speech */
  #add(kind: Noise | 'hiss', heard: Float64Array, wanted: number, snrDb: Range, draws: Draws): void {
    this.#noise.add(kind, heard, wanted ** 2 * 10 ** (-draws.within(snrDb) / 10), draws);
  }
}

/** Mean over all samples in which somebody speaks. */
function speechPower(samples: Float64Array, parts: Joined<Recording>['parts']): number {
  let [energy, count] = [0, 0];
  for (const { spoken } of parts) {
    const length = spoken.to - spoken.from;
    energy += length * meanPower(samples, spoken.from, spoken.to);
    count += length;
  }
  return count > 0 ? energy / count : 0;
}
