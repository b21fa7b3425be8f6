/** What training makes small, as a mean over the entries that count. */
import type { Value } from '../onnx/graph.js';
import type { TensorGraph } from '../onnx/tensor-graph.js';
import type { Forecast } from './network.js';

/** Below any real count; makes the mean over nothing 0 / 2⁻⁴⁰ = 0 instead of NaN. */
const LEAST_COUNT = 2 ** -40;

export interface Losses {
  /** Scalar: mean squared error, or the mean Gaussian negative log-likelihood in nats. */
  readonly loss: Value;
  /** Scalar: mean squared error of the mean forecast, whatever the objective. */
  readonly squaredError: Value;
}

/**
 * Squared error (y − μ)², or −ln N(y; μ, σ²) = ½ (ln 2π + ln σ² + (y − μ)² / σ²) (Nix & Weigend 1994).
 * @param target [T, B, C]; not looked at where `weight` is 0, so it may be NaN there
 * @param weight [T, B, C] ≥ 0
 */
export function losses(g: TensorGraph, forecast: Forecast, target: Value, weight: Value): Losses {
  const { mean, logVariance } = forecast;
  const zero = g.scalar(0);
  const error = g.where(g.greater(weight, zero), g.sub(target, mean), zero);
  const squared = g.mul(error, error);
  const count = g.max(g.sum(weight), g.scalar(LEAST_COUNT));
  const average = (terms: Value): Value => g.div(g.sum(g.mul(weight, terms)), count);
  const squaredError = average(squared);
  if (!logVariance) return { loss: squaredError, squaredError };
  // The log-variance is bounded, so neither the exponential nor its derivative can overflow.
  const scaled = g.mul(squared, g.map('Exp', g.map('Neg', logVariance)));
  const constant = g.scalar(Math.log(2 * Math.PI));
  return { loss: average(g.mul(g.scalar(0.5), g.add(g.add(logVariance, scaled), constant))), squaredError };
}
