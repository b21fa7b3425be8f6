/**
 * How rare is a value, judged by the tail of its own past? Peaks over threshold: below the f-quantile q a value is
 * ordinary; the excess y = v − q beyond it follows a generalised Pareto distribution (Pickands 1975), of which the
 * exponential tail is the case ξ = 0:
 *
 *     e = −log10 P,   P = (1 − f) · (1 + ξ y / β)^(−1/ξ) · P(lasts)
 *
 * - β and ξ come from the running mean and variance of the excesses (method of moments, Hosking & Wallis, Technometrics
 *   29, 1987), so that heavy-tailed and bursty channels are not called rare for being what they are.
 * - Evidence is counted in clusters, runs of excesses with short breaks (runs declustering, Leadbetter 1983): a slow
 *   channel's hundred values beyond q are one observation. 1/(k + 6) is added to ξ for k clusters: for an exponential tail known
 *   from n samples only, (1 + y / (n m))^(−n) is the predictive distribution. A short past is a heavy tail.
 * - P(lasts): a cluster of mean length ℓ that goes on for n rows, Pareto in n/ℓ, to the power 1/ℓ: where rows are
 *   independent (ℓ = 1) lasting is evidence of its own; in a slow channel long and high excursions are the same thing. It
 *   counts at most twice as much as the height: being a hair beyond q, for however long, is no fault.
 */
import { type QuantileRule, QUANTILE_FIELDS, excesses, learnQuantile, meanExcess, quantile } from '../core/quantile.js';

/** The share of a view's past that is called ordinary. */
const FRACTION = 0.95;
/** Rows after which the past fades. */
const HORIZON = 10_000;

/** A tail is a quantile, then: */
const MEAN_SQUARE = QUANTILE_FIELDS;
const CLUSTERS = QUANTILE_FIELDS + 1;
/** Rows beyond the quantile in the present cluster. Each row below halves them; at 0 the cluster is over. */
const LASTING = QUANTILE_FIELDS + 2;

/** Numbers that one tail takes in a slab; all 0 = nothing seen yet. */
export const TAIL_FIELDS = QUANTILE_FIELDS + 3;

/** The shape is drawn towards a slightly heavy tail by as much as this many clusters weigh. */
const PRIOR_CLUSTERS = 10;
const PRIOR_SHAPE = 0.05;
/** What is known about tails before the first cluster is worth this many. */
const KNOWN_CLUSTERS = 6;
/** The evidence of lasting counts at most this many times that of the height. */
const MOST_LASTING_EVIDENCE = 2;
/** Rows counted of a cluster; exact in float32. */
const MOST_ROWS = 1e6;
/** The method of moments cannot tell shapes from 1/2 upwards: their variance is infinite. */
const MOST_SHAPE = 0.49;

/**
 * A cluster longer than 4 + 2 ℓ² rows is no longer like the past (the clusters of a slow channel vary most, like the
 * excursions of a random walk),
 */
const LONG_CLUSTER = 2;
const LONG_ROWS = 4;
/** and then only one row in so many is learnt, or a slow fault would be learnt while it grows. */
const SPARSE = 16;

/** The exponent at the quantile itself, where the tail begins. */
const FIRST_EXPONENT = -Math.log10(1 - FRACTION);

/** How one view's tail is learnt and judged. */
export interface TailRule extends QuantileRule {
  /** Whether lasting beyond the quantile is evidence; not for a view whose values are durations. */
  readonly lasts: boolean;
}

/**
 * @param floor the least mean excess that counts as real, in the unit of the view: what is smaller does not matter to
 * anybody, however regular the channel
 */
export function tailRule(floor: number, lasts = true): TailRule {
  return { fraction: FRACTION, horizon: HORIZON, floor, lasts };
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

/** ξ as it is used: shape and ignorance. */
function predictiveShape(state: Float32Array, at: number, rule: QuantileRule): number {
  return shape(state, at, rule) + 1 / (state[at + CLUSTERS] + KNOWN_CLUSTERS);
}

/** β, so that the mean excess β / (1 − ξ) is the one observed. */
function scale(state: Float32Array, at: number, rule: QuantileRule): number {
  return Math.max(meanExcess(state, at), rule.floor) * (1 - shape(state, at, rule));
}

/** −log10 of the probability that a cluster goes on for as long as the present one has, weighed by independence. */
function lastingExponent(state: Float32Array, at: number): number {
  const clusters = state[at + CLUSTERS];
  const length = Math.max(1, excesses(state, at) / clusters);
  const xi = PRIOR_SHAPE + 1 / (clusters + KNOWN_CLUSTERS);
  return Math.log10(1 + (xi * state[at + LASTING]) / length) / (xi * length);
}

/**
 * The exponent of a value: 3 means that one row in a thousand is as unusual. Judge before `learnTail`.
 * @returns 0 up to the quantile and while there is no tail yet, else ≥ 1.3
 */
export function tailExponent(state: Float32Array, at: number, v: number, rule: TailRule): number {
  const excess = v - quantile(state, at);
  if (excess <= 0 || state[at + CLUSTERS] === 0) return 0;
  const xi = predictiveShape(state, at, rule);
  const height = Math.log10(1 + (xi * excess) / scale(state, at, rule)) / xi;
  if (!rule.lasts) return FIRST_EXPONENT + height;
  return FIRST_EXPONENT + height + Math.min(lastingExponent(state, at), MOST_LASTING_EVIDENCE * height);
}

/** The value whose height alone has this exponent; infinite while there is no tail yet. */
export function tailValue(state: Float32Array, at: number, exponent: number, rule: TailRule): number {
  if (state[at + CLUSTERS] === 0) return Infinity;
  const xi = predictiveShape(state, at, rule);
  return quantile(state, at) + (scale(state, at, rule) / xi) * (10 ** (xi * (exponent - FIRST_EXPONENT)) - 1);
}

/** Rows that a cluster may last and still be like the past. */
function longest(state: Float32Array, at: number): number {
  const clusters = state[at + CLUSTERS];
  return LONG_ROWS + (clusters > 0 ? LONG_CLUSTER * (excesses(state, at) / clusters) ** 2 : 0);
}

/**
 * Learns a value, counted at most as one of exponent `most` (winsorised), so that a fault cannot widen what is normal
 * without bound, and hardly at all once it outlasts what the channel is used to, so that a slow fault is not learnt while
 * it grows.
 * @param exponent what `tailExponent` said of it
 */
export function learnTail(
  state: Float32Array,
  at: number,
  v: number,
  exponent: number,
  most: number,
  rule: TailRule,
): void {
  const clusters = state[at + CLUSTERS];
  const lasted = state[at + LASTING];
  const lasting = v > quantile(state, at) ? lasted + 1 : Math.floor(lasted / 2);
  state[at + LASTING] = Math.min(lasting, MOST_ROWS);
  if (lasting > lasted && lasting > longest(state, at) && lasting % SPARSE !== 0) return;
  const counted = exponent > most ? Math.min(v, tailValue(state, at, most, rule)) : v;
  const before = excesses(state, at);
  const excess = learnQuantile(state, at, counted, rule);
  if (excess <= 0) return;
  const count = excesses(state, at);
  state[at + MEAN_SQUARE] += (excess * excess - state[at + MEAN_SQUARE]) / count;
  // Once excesses are no longer counted but fade, so do the clusters that they came in: ℓ stays their ratio.
  if (count === before) state[at + CLUSTERS] -= clusters / count;
  if (lasted === 0) state[at + CLUSTERS] += 1;
}
