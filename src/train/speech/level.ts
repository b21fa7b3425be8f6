/**
 * How loud speech is, without the pauses around it. A signal-to-noise ratio is 10 · lg (mean power of the speech / mean power
 * of the noise), where speech is every recording from its first to its last piece that is speech: a longer pause before,
 * between or behind does not make the noise weaker.
 */

/** Pieces that are speech or not, as a whole. */
const PIECE_MS = 10;
/** Speech is what is at most so far below the loudest piece: room noise is further below, most consonants are not. */
const DYNAMICS_DB = 30;
/** Below this nobody spoke: the last bit of 16. */
const SILENCE = 2 ** -15;

/** Samples `from … to` (exclusive). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Speech {
  /** From the first to the last piece of speech; empty when there is none. */
  readonly span: Span;
  /** Mean power of that; 0 when there is none. */
  readonly power: number;
}

/** @param samples within [-1, 1] */
export function speechIn(samples: ArrayLike<number>, sampleRateHz: number): Speech {
  const size = Math.max(1, Math.round((sampleRateHz * PIECE_MS) / 1000));
  const powers = piecePowers(samples, size);
  const loudest = powers.reduce((a, b) => Math.max(a, b), 0);
  const least = Math.max(loudest * 10 ** (-DYNAMICS_DB / 10), SILENCE ** 2);
  const first = powers.findIndex((power) => power >= least);
  if (first < 0) return { span: { from: 0, to: 0 }, power: 0 };
  const last = powers.findLastIndex((power) => power >= least);
  const span = { from: first * size, to: Math.min(samples.length, (last + 1) * size) };
  return { span, power: meanPower(samples, span.from, span.to) };
}

/** Mean power of each piece; what is left at the end is one, too. */
function piecePowers(samples: ArrayLike<number>, size: number): Float64Array {
  const powers = new Float64Array(Math.ceil(samples.length / size));
  for (let piece = 0; piece < powers.length; piece++) {
    const end = Math.min(samples.length, (piece + 1) * size);
    powers[piece] = meanPower(samples, piece * size, end);
  }
  return powers;
}

export function meanPower(samples: ArrayLike<number>, from = 0, to = samples.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += samples[i] * samples[i];
  return to > from ? sum / (to - from) : 0;
}

/** Factor of amplitudes. */
export function gainOf(decibels: number): number {
  return 10 ** (decibels / 20);
}

/**
 * Share of the samples that stand at one of the two ends of the range with a neighbour that does, too.
 * @param channels interleaved
 */
export function clippedShare(samples: ArrayLike<number>, channels = 1): number {
  const atEnd = (i: number): boolean => Math.abs(samples[i]) >= 1 - 2 ** -14;
  let clipped = 0;
  for (let i = channels; i < samples.length; i++) if (atEnd(i) && atEnd(i - channels)) clipped++;
  return samples.length > 0 ? clipped / samples.length : 0;
}
