/** What is heard beside the speaker: pink noise, and others who talk. */
import { BugError } from '../../core/errors.js';
import { randomBlock } from '../../core/random.js';
import type { Recording } from './recordings.js';
import type { Draws } from './draws.js';
import { meanPower } from './level.js';

export const NOISES = ['pink', 'babble'] as const;
export type Noise = (typeof NOISES)[number];

/** As much pink noise, and as much hiss, is made once; strings take theirs from any place in it. */
const BANK_SECONDS = 30;
/** Octaves over which its spectrum falls. */
const OCTAVES = 14;
/** Of random numbers; those of weights, dropout and utterances are elsewhere. */
const BANK_STREAM = 2 ** 39;
const HISS_STREAM = BANK_STREAM + 1;
/** Voices of a babble: fewer can be understood. */
const VOICES = 6;

export class NoiseMaker {
  readonly #pink: Float32Array;
  readonly #hiss: Float32Array;
  readonly #voices: readonly Recording[];

  /** @param recordings whose voices talk in a babble */
  constructor(seed: number, sampleRateHz: number, recordings: readonly Recording[]) {
    this.#pink = pinkNoise(seed, BANK_SECONDS * sampleRateHz);
    this.#hiss = hiss(seed, BANK_SECONDS * sampleRateHz);
    this.#voices = recordings.filter(({ speech }) => speech.power > 0);
  }

  /** Adds noise of a mean power to all of `samples`. */
  add(kind: Noise | 'hiss', samples: Float64Array, power: number, draws: Draws): void {
    const noise = new Float64Array(samples.length);
    if (kind === 'pink') fill(noise, this.#pink, draws);
    else if (kind === 'hiss') fill(noise, this.#hiss, draws);
    else for (let voice = 0; voice < VOICES; voice++) this.#talk(noise, draws);
    const gain = Math.sqrt(power / Math.max(meanPower(noise), Number.MIN_VALUE));
    for (let i = 0; i < samples.length; i++) samples[i] += gain * noise[i];
  }

  /** One voice, recording after recording without a pause, each as loud as the others; the first is heard from anywhere. */
  #talk(noise: Float64Array, draws: Draws): void {
    if (this.#voices.length === 0) throw new BugError('babble without a recording in which somebody speaks');
    for (let at = -1; at < noise.length;) {
      const { samples, speech } = draws.one(this.#voices);
      const { from, to } = speech.span;
      const begin = at < 0 ? from + draws.whole(to - from) : from;
      at = Math.max(at, 0);
      const count = Math.min(to - begin, noise.length - at);
      const gain = 1 / Math.sqrt(speech.power);
      for (let i = 0; i < count; i++) noise[at + i] += gain * samples[begin + i];
      at += to - begin;
    }
  }
}

function fill(noise: Float64Array, bank: Float32Array, draws: Draws): void {
  const from = draws.whole(bank.length);
  for (let i = 0; i < noise.length; i++) noise[i] = bank[(from + i) % bank.length];
}

/** White noise, as amplifiers make it. */
function hiss(seed: number, length: number): Float32Array {
  const words = new Uint32Array(4);
  return Float32Array.from({ length }, (_, k) => {
    if (k % 4 === 0) randomBlock(words, seed, HISS_STREAM, k / 4);
    return words[k % 4] / 2 ** 31 - 1;
  });
}

/**
 * Noise whose power falls by 3 dB an octave: the sum of white noises, each of which holds its value twice as long as the
 * one before (Voss; Gardner, Scientific American 238, 1978), changed one at a time as McCartney proposed.
 */
export function pinkNoise(seed: number, length: number): Float32Array {
  const held = new Float64Array(OCTAVES);
  const words = new Uint32Array(4);
  const out = new Float32Array(length);
  let sum = 0;
  for (let k = 0; k < length; k++) {
    randomBlock(words, seed, BANK_STREAM, k);
    // Row j changes every 2^(j + 1) samples, where k + 1 is an odd multiple of 2^j.
    const row = Math.min(31 - Math.clz32((k + 1) & -(k + 1)), OCTAVES - 1);
    const value = words[0] / 2 ** 31 - 1;
    sum += value - held[row];
    held[row] = value;
    out[k] = sum + words[1] / 2 ** 31 - 1;
  }
  return out;
}
