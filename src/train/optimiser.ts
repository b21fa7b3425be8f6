/** Clipping by the global norm, Adam and weight decay, over one flat parameter vector. */
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
 * 2013); with weight decay that is decoupled from the gradient (Loshchilov & Hutter 2019, algorithm 2).
 * @param schedule [4]: learning rate / (1 − β₁ᵗ), 1 / (1 − β₂ᵗ), clipNorm > 0, learning rate · weight decay. Fed, so that
 * a change needs no new graph and step t needs no integer arithmetic here.
 * @param decayed [N], 1 where a parameter decays, 0 elsewhere; absent: none does
 * @returns the next state and the norm before clipping
 */
export function adam(
  g: TensorGraph,
  state: AdamState,
  gradient: Value,
  schedule: Value,
  { beta1, beta2, epsilon }: AdamOptions,
  decayed?: Value,
): AdamState & { readonly norm: Value } {
  const [stepSize, secondCorrection, clipNorm, decay] = g.split(schedule, 0, [1, 1, 1, 1]);
  const norm = g.norm(gradient);
  const clipped = g.mul(gradient, g.div(clipNorm, g.max(norm, clipNorm)));
  const m = g.add(g.mul(state.m, g.scalar(beta1)), g.mul(clipped, g.scalar(1 - beta1)));
  const v = g.add(g.mul(state.v, g.scalar(beta2)), g.mul(g.mul(clipped, clipped), g.scalar(1 - beta2)));
  const scale = g.add(g.map('Sqrt', g.mul(v, secondCorrection)), g.scalar(epsilon));
  const start = decayed ? g.sub(state.parameters, g.mul(state.parameters, g.mul(decayed, decay))) : state.parameters;
  return { parameters: g.sub(start, g.div(g.mul(m, stepSize), scale)), m, v, norm };
}
