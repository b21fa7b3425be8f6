/** The graphs of training: one whole optimiser step, and the loss alone. */
import { BugError } from '../core/errors.js';
import type { Value } from '../onnx/graph.js';
import { TensorGraph } from '../onnx/tensor-graph.js';
import { backpropagate } from './autodiff.js';
import { losses, type Losses } from './loss.js';
import { matrixMask, parameterCount, stateWidth, type NetSpec } from './net-spec.js';
import { fedWeights, forecast } from './network.js';
import { adam, type AdamOptions } from './optimiser.js';
import { RULES } from './scan-gradient.js';

export interface TrainGraphOptions extends AdamOptions {
  /** Whether the weight matrices decay; how much, is fed. */
  readonly weightDecay: boolean;
}

/**
 * One step of truncated back-propagation through time with clipping and Adam or AdamW.
 *
 * In: `parameters`, `m`, `v` [N]; `x` [T, B, I]; `target`, `weight` [T, B, C] (0 = not counted); `state` [B, S];
 * `schedule` [4] (see `adam`); with dropout and more than one layer `keep_1` … `keep_{L−1}` [T, B, H] (0 or
 * 1 / (1 − dropout)).
 * Out: `loss` [] (mean over counted entries, 0 when there are none), `gradient_norm` [] (before clipping),
 * `parameters_next`, `m_next`, `v_next` [N], `state_next` [B, S].
 * @returns an ONNX file; T and B are free in every run
 */
export function buildTrainGraph(spec: NetSpec, options: TrainGraphOptions): Uint8Array {
  const g = new TensorGraph();
  const net = lossOverSequence(g, spec, dropoutMasks(g, spec));
  const N = parameterCount(spec);
  const m = g.input([N], 'm');
  const v = g.input([N], 'v');
  const schedule = g.input([4], 'schedule');
  const gradient = gradientOf(g, net.loss, net.parameters);
  const decayed = options.weightDecay ? g.constant(matrixMask(spec), [N]) : undefined;
  const next = adam(g, { parameters: net.parameters, m, v }, gradient, schedule, options, decayed);
  g.output(net.loss, 'loss');
  g.output(next.norm, 'gradient_norm');
  g.output(next.parameters, 'parameters_next');
  g.output(next.m, 'm_next');
  g.output(next.v, 'v_next');
  g.output(net.stateNext, 'state_next');
  return g.encode();
}

/** The gradient by itself, for tests: inputs as in `buildTrainGraph` without the optimiser's; out `loss`, `gradient` [N]. */
export function buildGradientGraph(spec: NetSpec): Uint8Array {
  const g = new TensorGraph();
  const net = lossOverSequence(g, spec, dropoutMasks(g, spec));
  g.output(net.loss, 'loss');
  g.output(gradientOf(g, net.loss, net.parameters), 'gradient');
  return g.encode();
}

/**
 * Validation, without dropout. In: `parameters` [N], `x` [T, B, I], `target`, `weight` [T, B, C], `state` [B, S].
 * Out: `loss` [], `squared_error` [] (of the mean forecast, whatever the objective), `state_next` [B, S].
 */
export function buildLossGraph(spec: NetSpec): Uint8Array {
  const g = new TensorGraph();
  const net = lossOverSequence(g, spec, []);
  g.output(net.loss, 'loss');
  g.output(net.squaredError, 'squared_error');
  g.output(net.stateNext, 'state_next');
  return g.encode();
}

function lossOverSequence(
  g: TensorGraph,
  spec: NetSpec,
  keep: readonly Value[],
): Losses & { readonly parameters: Value; readonly stateNext: Value } {
  const parameters = g.input([parameterCount(spec)], 'parameters');
  const x = g.input(['T', 'B', spec.inputs], 'x');
  const target = g.input(['T', 'B', spec.channels], 'target');
  const weight = g.input(['T', 'B', spec.channels], 'weight');
  const state = g.input(['B', stateWidth(spec)], 'state');
  const result = forecast(g, spec, fedWeights(g, spec, parameters), x, state, keep);
  return { ...losses(g, result, target, weight), parameters, stateNext: result.stateNext };
}

/** Masks are fed, not drawn here: ONNX Dropout has a random state of its own, which no checkpoint could hold. */
function dropoutMasks(g: TensorGraph, spec: NetSpec): readonly Value[] {
  if (spec.dropout === 0) return [];
  return Array.from({ length: spec.layers - 1 }, (_, i) => g.input(['T', 'B', spec.hidden], `keep_${i + 1}`));
}

function gradientOf(g: TensorGraph, loss: Value, parameters: Value): Value {
  const seed = g.scalar(1);
  const nodes = [...g.nodes];
  const [gradient] = backpropagate({ graph: g, nodes, seeds: [[loss, seed]], targets: [parameters], rules: RULES });
  if (!gradient) throw new BugError('the loss does not depend on the parameters');
  return gradient;
}
