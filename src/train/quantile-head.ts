/** A head that foretells three quantiles of the next value, what it is trained by, and the mean and variance they stand for. */
import type { Value } from '../onnx/graph.js';
import type { TensorGraph } from '../onnx/tensor-graph.js';

/**
 * Which quantiles. The outer two are far enough out to be a band that a user looks at and near enough to be learnt from
 * some hundred values; and from these three mean and variance follow well (see {@link skewedForecast}).
 */
export const QUANTILE_LEVELS = [0.05, 0.5, 0.95] as const;

/** Lowest first, in the order of the levels. */
export type Quantiles = readonly [low: Value, median: Value, high: Value];

export interface SkewedForecast {
  readonly quantiles: Quantiles;
  readonly mean: Value;
}

/** Weights of the outer quantiles in the approximation of Pearson and Tukey; the median has the rest. */
const OUTER = 0.185;

/**
 * Quantiles that never cross, whatever the weights, and have a given variance: with a skew k = tanh(raw) the high one is
 * w·(1 + k) above the median and the low one w·(1 − k) below it. Mean and variance are those of the extended
 * Pearson–Tukey approximation (Keefer & Bodily 1983), which takes a distribution for three points of probabilities 0.185,
 * 0.63 and 0.185 and is within a few thousandths for most shapes, skewed ones too: mean = median + 2·0.185·w·k and
 * σ² = w²·(2·0.185·(1 + k²) − (2·0.185·k)²), from which w follows.
 *
 * Not softplus widths and the logarithm of their variance: ONNX Runtime computes Softplus and Log of a row differently by
 * how many rows there are, and the bits of a stream's forecast would depend on the other streams.
 * @param median [.., C] @param rawSkew of its shape
 * @param deviation σ > 0, of its shape
 */
export function skewedForecast(g: TensorGraph, median: Value, deviation: Value, rawSkew: Value): SkewedForecast {
  const skew = g.map('Tanh', rawSkew);
  const two = 2 * OUTER;
  const perWidth = g.add(g.mul(g.mul(skew, skew), g.scalar(two - two * two)), g.scalar(two));
  const width = g.div(deviation, g.map('Sqrt', perWidth));
  const shift = g.mul(width, skew);
  return {
    quantiles: [g.add(g.sub(median, width), shift), median, g.add(g.add(median, width), shift)],
    mean: g.add(median, g.mul(shift, g.scalar(two))),
  };
}

/**
 * The pinball loss (Koenker & Bassett 1978), mean over the quantiles: of q with level τ and u = y − q it is τu where u ≥ 0
 * and (τ − 1) u elsewhere, which is τu + max(0, −u).
 * @param errorOf y − q, or 0 where nothing is to be learnt
 */
export function pinball(g: TensorGraph, quantiles: Quantiles, errorOf: (quantile: Value) => Value): Value {
  const terms = quantiles.map((quantile, i) => {
    const error = errorOf(quantile);
    return g.add(g.mul(error, g.scalar(QUANTILE_LEVELS[i])), g.map('Relu', g.map('Neg', error)));
  });
  return g.mul(
    terms.reduce((a, b) => g.add(a, b)),
    g.scalar(1 / terms.length),
  );
}
