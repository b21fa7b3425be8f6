/**
 * A streaming quantile that follows drift, in four numbers of a slab: stochastic approximation (Robbins & Monro 1951)
 * with the density at the quantile estimated on the way (Tierney, "A space-efficient recursive procedure for estimating
 * a quantile of an unknown distribution", SIAM J. Sci. Stat. Comput. 4, 1983).
 *
 *     q ← q + gain/n · m/(1 − f) · (1[v > q] − (1 − f))
 *
 * m is the running mean of the excesses v − q: for an exponential tail m/(1 − f) is exactly the inverse density at q, so
 * the estimate is scale-free. n stops at `horizon`, which makes both a moving quantile: unlike the P² algorithm (Jain &
 * Chlamtac, CACM 28, 1985), whose markers weigh the first value as much as the latest.
 */

/** Layout of one estimate, as offsets from where it begins. */
const COUNT = 0;
const QUANTILE = 1;
const EXCESSES = 2;
const MEAN_EXCESS = 3;

/** Numbers that one estimate takes; all 0 = nothing seen yet. */
export const QUANTILE_FIELDS = 4;

/** Above 1 it recovers from a bad start (the error falls as n^−gain) for 4/3 of the least possible variance. */
const GAIN = 2;

/** Which quantile, and how it forgets. */
export interface QuantileRule {
  /** 0 < fraction < 1: the share of values at or below the quantile. */
  readonly fraction: number;
  /**
   * Values after which old ones fade; > 1 / (1 − fraction). A rise is followed within it; a fall, with nothing
   * to be seen beyond the quantile, by two mean excesses a horizon: it is quick to believe in more and slow to believe in less.
   */
  readonly horizon: number;
  /** The least mean excess to assume, in the unit of the values; > 0, or values that are all equal would stall it. */
  readonly floor: number;
}

/** Values seen, at most the rule's horizon. */
export function seen(state: Float32Array, at: number): number {
  return state[at + COUNT];
}

/** The present estimate, in the unit of the values. */
export function quantile(state: Float32Array, at: number): number {
  return state[at + QUANTILE];
}

/** Mean of v − q over the values above q (0 before there was one), in the unit of the values. */
export function meanExcess(state: Float32Array, at: number): number {
  return state[at + MEAN_EXCESS];
}

/** Values above the quantile that the mean excess rests on, at most `horizon · (1 − fraction)`. */
export function excesses(state: Float32Array, at: number): number {
  return state[at + EXCESSES];
}

/**
 * Learns one value in O(1).
 * @param state slab; the estimate is `state[at … at + QUANTILE_FIELDS)`
 * @param v finite value
 * @returns v − q against the quantile as it was before; above 0 the value was beyond it
 */
export function learnQuantile(state: Float32Array, at: number, v: number, rule: QuantileRule): number {
  const beyond = 1 - rule.fraction;
  const count = state[at + COUNT];
  if (count === 0) state[at + QUANTILE] = v;
  state[at + COUNT] = Math.min(count + 1, rule.horizon);
  const excess = v - state[at + QUANTILE];
  if (excess > 0) {
    const k = Math.min(state[at + EXCESSES] + 1, rule.horizon * beyond);
    state[at + EXCESSES] = k;
    state[at + MEAN_EXCESS] += (excess - state[at + MEAN_EXCESS]) / k;
  }
  // Begins as if GAIN / beyond values had been seen, so that the first excess moves q by about one mean excess.
  const spread = Math.max(state[at + MEAN_EXCESS], rule.floor);
  const step = (GAIN * spread) / (beyond * (count + 1) + GAIN);
  state[at + QUANTILE] += step * ((excess > 0 ? 1 : 0) - beyond);
  return excess;
}
