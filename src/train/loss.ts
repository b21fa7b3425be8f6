/** What training makes small, as a mean over the entries that count. */
import type { Likelihood } from '../core/card.js';
import type { Value } from '../onnx/graph.js';
import type { TensorGraph } from '../onnx/tensor-graph.js';
import type { Forecast } from './network.js';
import { pinball } from './quantile-head.js';

/** Below any real count; makes the mean over nothing 0 / 2⁻⁴⁰ = 0 instead of NaN. */
const LEAST_COUNT = 2 ** -40;

export interface Losses {
  /** Scalar: mean squared error, the mean negative log-likelihood in nats, or the mean pinball loss in normalised units. */
  readonly loss: Value;
  /** Scalar: mean squared error of the mean forecast, whatever the objective. */
  readonly squaredError: Value;
}

/**
 * Squared error (y − μ)², or −ln N(y; μ, σ²) = ½ (ln 2π + ln σ² + (y − μ)² / σ²) (Nix & Weigend 1994), or that of
 * Student's t with 3 degrees of freedom, of mean μ and variance σ² (its scale is σ / √3):
 * ln (π / 2) + ½ ln σ² + 2 ln (1 + (y − μ)² / σ²), which an outlier raises by its logarithm only (Lange et al. 1989);
 * where the forecast is one of quantiles, the pinball loss.
 * @param target [T, B, C]; not looked at where `weight` is 0, so it may be NaN there
 * @param weight [T, B, C] ≥ 0
 */
export function losses(
  g: TensorGraph,
  forecast: Forecast,
  target: Value,
  weight: Value,
  likelihood: Likelihood | undefined,
): Losses {
  const { mean, logVariance, quantiles } = forecast;
  const zero = g.scalar(0);
  const counts = g.greater(weight, zero);
  const errorOf = (foretold: Value): Value => g.where(counts, g.sub(target, foretold), zero);
  const error = errorOf(mean);
  const squared = g.mul(error, error);
  const count = g.max(g.sum(weight), g.scalar(LEAST_COUNT));
  const average = (terms: Value): Value => g.div(g.sum(g.mul(weight, terms)), count);
  const squaredError = average(squared);
  if (quantiles) return { loss: average(pinball(g, quantiles, errorOf)), squaredError };
  if (!logVariance) return { loss: squaredError, squaredError };
  // The log-variance is bounded, so neither the exponential nor its derivative can overflow.
  const scaled = g.mul(squared, g.map('Exp', g.map('Neg', logVariance)));
  const terms = likelihood === 'student-t' ? studentT(g, logVariance, scaled) : normal(g, logVariance, scaled);
  return { loss: average(terms), squaredError };
}

/** @param scaled (y − μ)² / σ² */
function normal(g: TensorGraph, logVariance: Value, scaled: Value): Value {
  const constant = g.scalar(Math.log(2 * Math.PI));
  return g.mul(g.scalar(0.5), g.add(g.add(logVariance, scaled), constant));
}

/** @param scaled (y − μ)² / σ² */
function studentT(g: TensorGraph, logVariance: Value, scaled: Value): Value {
  const tail = g.mul(g.scalar(2), g.map('Log', g.add(g.scalar(1), scaled)));
  return g.add(g.add(g.mul(g.scalar(0.5), logVariance), tail), g.scalar(Math.log(Math.PI / 2)));
}
