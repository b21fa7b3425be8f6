/**
 * How rare is a value, judged by the tail of its own past? Peaks over threshold: below the f-quantile q a value is
 * ordinary; the excess y = v − q beyond it follows a generalised Pareto distribution (Pickands 1975), of which the
 * exponential tail is the case ξ = 0:
 *
 *     e = −log10 P(V > v),   P(V > v) = (1 − f) · (1 + ξ y / β)^(−1/ξ)
 *
 * β and ξ come from the running mean and variance of the excesses (method of moments, Hosking & Wallis, Technometrics
 * 29, 1987), so that heavy-tailed and bursty channels are not called rare for being what they are. To ξ is added 1/k, k
 * the independent clusters of excesses seen: for an exponential tail known from k samples only, (1 + y / (k m))^(−k) is
 * the predictive distribution. That is what keeps a short calibration from crying wolf. k counts clusters, not values
 * (runs declustering, Leadbetter 1983): a slow channel's hundred values above q are one piece of evidence.
 */
import { type QuantileRule, QUANTILE_FIELDS, excesses, learnQuantile, meanExcess, quantile } from '../core/quantile.js';

/** The share of a view's past that is called ordinary. */
const FRACTION = 0.95;
/** Rows after which the past fades. */
const HORIZON = 10_000;

/** A tail is a quantile, then: */
const MEAN_SQUARE = QUANTILE_FIELDS;
const CLUSTERS = QUANTILE_FIELDS + 1;
const ABOVE = QUANTILE_FIELDS + 2;

/** Numbers that one tail takes in a slab; all 0 = nothing seen yet. */
export const TAIL_FIELDS = QUANTILE_FIELDS + 3;

/** Clusters after which more evidence no longer sharpens the tail. */
const MOST_CLUSTERS = 200;
/** The shape is drawn towards a slightly heavy tail by as much as this many clusters weigh. */
const PRIOR_CLUSTERS = 10;
const PRIOR_SHAPE = 0.1;
/** The method of moments cannot tell shapes from 1/2 upwards: their variance is infinite. */
const MOST_SHAPE = 0.49;

/** The exponent at the quantile itself, where the tail begins. */
const FIRST_EXPONENT = -Math.log10(1 - FRACTION);

/**
 * @param floor the least mean excess that counts as real, in the unit of the view: what is smaller does not matter to
 * anybody, however regular the channel
 */
export function tailRule(floor: number): QuantileRule {
  return { fraction: FRACTION, horizon: HORIZON, floor };
}

/** ξ by moments, drawn towards the prior; 0 … 0.49. */
function shape(state: Float32Array, at: number, rule: QuantileRule): number {
  const mean = meanExcess(state, at);
  const variance = state[at + MEAN_SQUARE] - mean * mean;
  let byMoments = 0;
  if (mean > rule.floor && variance > 0) {
    byMoments = Math.min(MOST_SHAPE, Math.max(0, 0.5 * (1 - (mean * mean) / variance)));
  }
  const clusters = state[at + CLUSTERS];
  return (clusters * byMoments + PRIOR_CLUSTERS * PRIOR_SHAPE) / (clusters + PRIOR_CLUSTERS);
}

/**
 * The exponent of a value: 3 means one value in a thousand is as large. Judge before `learnTail`.
 * @returns 0 up to the quantile and while there is no tail yet, else ≥ 1.3
 */
export function tailExponent(state: Float32Array, at: number, v: number, rule: QuantileRule): number {
  const excess = v - quantile(state, at);
  const clusters = state[at + CLUSTERS];
  if (excess <= 0 || clusters === 0) return 0;
  const xi = shape(state, at, rule);
  const beta = Math.max(meanExcess(state, at), rule.floor) * (1 - xi);
  const predictive = xi + 1 / clusters;
  return FIRST_EXPONENT + Math.log10(1 + (predictive * excess) / beta) / predictive;
}

/** The inverse of `tailExponent`: the value whose exponent is `exponent`; infinite while there is no tail yet. */
export function tailValue(state: Float32Array, at: number, exponent: number, rule: QuantileRule): number {
  const clusters = state[at + CLUSTERS];
  if (clusters === 0) return Infinity;
  const xi = shape(state, at, rule);
  const beta = Math.max(meanExcess(state, at), rule.floor) * (1 - xi);
  const predictive = xi + 1 / clusters;
  return quantile(state, at) + (beta / predictive) * (10 ** (predictive * (exponent - FIRST_EXPONENT)) - 1);
}

/**
 * Learns a value, counted at most as one of exponent `most` (winsorised), so that a fault cannot widen what is normal
 * without bound.
 * @param exponent what `tailExponent` said of it
 */
export function learnTail(
  state: Float32Array,
  at: number,
  v: number,
  exponent: number,
  most: number,
  rule: QuantileRule,
): void {
  const counted = exponent > most ? tailValue(state, at, most, rule) : v;
  const excess = learnQuantile(state, at, counted, rule);
  if (excess <= 0) {
    state[at + ABOVE] = 0;
    return;
  }
  state[at + MEAN_SQUARE] += (excess * excess - state[at + MEAN_SQUARE]) / excesses(state, at);
  if (state[at + ABOVE] === 0) state[at + CLUSTERS] = Math.min(state[at + CLUSTERS] + 1, MOST_CLUSTERS);
  state[at + ABOVE] = 1;
}
