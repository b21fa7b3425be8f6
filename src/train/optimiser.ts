/** Clipping by the global norm and Adam, over one flat parameter vector. */
import type { Value } from '../onnx/graph.js';
import type { TensorGraph } from '../onnx/tensor-graph.js';

export interface AdamOptions {
  /** Decay of the mean gradient m. */
  readonly beta1: number;
  /** Decay of the mean squared gradient v. */
  readonly beta2: number;
  readonly epsilon: number;
}

/** All [N]. */
export interface AdamState {
  readonly parameters: Value;
  readonly m: Value;
  readonly v: Value;
}

/**
 * Adam with bias correction (Kingma & Ba 2015, algorithm 1) on a gradient scaled to at most `clipNorm` (Pascanu et al.
 * 2013).
 * @param schedule [3]: learning rate / (1 − β₁ᵗ), 1 / (1 − β₂ᵗ), clipNorm > 0. Fed, so that a change needs no new graph
 * and step t needs no integer arithmetic here.
 * @returns the next state and the norm before clipping
 */
export function adam(
  g: TensorGraph,
  state: AdamState,
  gradient: Value,
  schedule: Value,
  { beta1, beta2, epsilon }: AdamOptions,
): AdamState & { readonly norm: Value } {
  const [stepSize, secondCorrection, clipNorm] = g.split(schedule, 0, [1, 1, 1]);
  const norm = g.norm(gradient);
  const clipped = g.mul(gradient, g.div(clipNorm, g.max(norm, clipNorm)));
  const m = g.add(g.mul(state.m, g.scalar(beta1)), g.mul(clipped, g.scalar(1 - beta1)));
  const v = g.add(g.mul(state.v, g.scalar(beta2)), g.mul(g.mul(clipped, clipped), g.scalar(1 - beta2)));
  const scale = g.add(g.map('Sqrt', g.mul(v, secondCorrection)), g.scalar(epsilon));
  return { parameters: g.sub(state.parameters, g.div(g.mul(m, stepSize), scale)), m, v, norm };
}
