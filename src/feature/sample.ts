/**
 * Quantiles of everything seen so far from a bounded sample: a reservoir (Vitter, "Random sampling with a reservoir", ACM
 * TOMS 11, 1985, algorithm R) kept in order. Unlike estimates that interpolate between extremes (P², Jain & Chlamtac 1985),
 * its quartiles do not notice outliers of any size, as long as they are fewer than a quarter.
 */
import { uniform } from '../core/random.js';

/** Most values kept. The quartiles are then right to 4 % of the ranks (one standard error), and exact until it is full. */
export const SAMPLE_VALUES = 128;
/** Layout of one sample: values seen, then those kept in ascending order. */
const COUNT = 0;
const VALUES = 1;
const SEED = 1;

/** Numbers that one sample takes; all 0 = nothing seen. As long as it has seen less than n values, 1 + n will do. */
export const SAMPLE_FIELDS = VALUES + SAMPLE_VALUES;

/** Values seen. */
export function seenBy(state: Float64Array, at: number): number {
  return state[at + COUNT];
}

/**
 * Learns one value in O(SAMPLE_VALUES). Which values are kept depends on nothing but how many came before.
 * @param state slab; the sample is `state[at … at + SAMPLE_FIELDS)`
 * @param value finite
 */
export function learnValue(state: Float64Array, at: number, value: number): void {
  const count = ++state[at + COUNT];
  let free = Math.min(count, SAMPLE_VALUES) - 1;
  if (count > SAMPLE_VALUES) {
    // One of the first SAMPLE_VALUES of `count` equally likely places: a random one makes room, by rank because they are in order.
    free = Math.floor(uniform(SEED, 0, count) * count);
    if (free >= SAMPLE_VALUES) return;
  }
  const first = at + VALUES;
  const last = first + Math.min(count, SAMPLE_VALUES) - 1;
  let i = first + free;
  for (; i < last && state[i + 1] < value; i++) state[i] = state[i + 1];
  for (; i > first && state[i - 1] > value; i--) state[i] = state[i - 1];
  state[i] = value;
}

/** @param p 0 … 1 @returns the p-quantile of the sample, interpolated linearly; NaN before the first value */
export function sampleQuantile(state: Float64Array, at: number, p: number): number {
  const kept = Math.min(state[at + COUNT], SAMPLE_VALUES);
  if (kept === 0) return Number.NaN;
  const rank = p * (kept - 1);
  const below = state[at + VALUES + Math.floor(rank)];
  const above = state[at + VALUES + Math.ceil(rank)];
  // Not `above − below`, which may be infinite.
  return below * (1 - (rank % 1)) + above * (rank % 1);
}
