/** Mean and spread of each mel band over training data: what the net learns on, and what its first layer takes along. */
import { STACKED_FRAMES, type Chunks } from './chunk-maker.js';

/** A band that never changes is not blown up. */
const LEAST_SPREAD = 1e-3;

/** [melBins] each. */
export interface MelScale {
  readonly mean: Float32Array;
  /** Standard deviations, > 0. */
  readonly spread: Float32Array;
}

/**
 * @param chunks of some utterances
 * @param tailSteps steps at the end of each that are not looked at: they are digital silence
 */
export function melScaleOf(chunks: Iterable<Chunks>, melBins: number, tailSteps: number): MelScale {
  const sums = new Float64Array(melBins);
  const squares = new Float64Array(melBins);
  let frames = 0;
  for (const { count, data } of chunks) {
    const end = Math.max(0, count - tailSteps) * STACKED_FRAMES * melBins;
    for (let i = 0; i < end; i++) {
      sums[i % melBins] += data[i];
      squares[i % melBins] += data[i] * data[i];
    }
    frames += end / melBins;
  }
  const count = Math.max(1, frames);
  const mean = Float32Array.from(sums, (sum) => sum / count);
  const spread = Float32Array.from(squares, (sum, band) =>
    Math.max(LEAST_SPREAD, Math.sqrt(Math.max(0, sum / count - (sums[band] / count) ** 2))),
  );
  return { mean, spread };
}

/** In place: every band then has mean 0 and spread 1 over the data that the scale is of. */
export function normalise({ data }: Chunks, { mean, spread }: MelScale): void {
  const bins = mean.length;
  for (let i = 0; i < data.length; i++) data[i] = (data[i] - mean[i % bins]) / spread[i % bins];
}
