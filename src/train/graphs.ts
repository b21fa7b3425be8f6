/** The graphs of training: one whole optimiser step, and the loss alone. */
import { BugError } from '../core/errors.js';
import type { Value } from '../onnx/graph.js';
import { TensorGraph } from '../onnx/tensor-graph.js';
import { backpropagate } from './autodiff.js';
import { losses, type Losses } from './loss.js';
import { layerStates, layerWidth, matrixMask, parameterCount, stateWidth, type NetSpec } from './net-spec.js';
import { fedWeights, forecast, type Disturbances } from './network.js';
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
 * `schedule` [4] (see `adam`); with dropout and more than one layer `keep_1` … `keep_{L−1}` [T, B, P] (0 or
 * 1 / (1 − dropout)), P being the width of a layer's output.
 * Out: `loss` [] (mean over counted entries, 0 when there are none), `gradient_norm` [] (before clipping),
 * `parameters_next`, `m_next`, `v_next` [N], `state_next` [B, S].
 * @returns an ONNX file; T and B are free in every run
 */
export function buildTrainGraph(spec: NetSpec, options: TrainGraphOptions): Uint8Array {
  const g = new TensorGraph();
  const inputs = sequenceInputs(g, spec);
  const net = lossOver(g, spec, inputs, { keep: dropoutMasks(g, spec) });
  const N = parameterCount(spec);
  const m = g.input([N], 'm');
  const v = g.input([N], 'v');
  const schedule = g.input([4], 'schedule');
  const [gradient] = gradientsOf(g, net.loss, [inputs.parameters]);
  const decayed = options.weightDecay ? g.constant(matrixMask(spec), [N]) : undefined;
  const next = adam(g, { parameters: inputs.parameters, m, v }, gradient, schedule, options, decayed);
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
  const inputs = sequenceInputs(g, spec);
  const net = lossOver(g, spec, inputs, { keep: dropoutMasks(g, spec) });
  g.output(net.loss, 'loss');
  g.output(gradientsOf(g, net.loss, [inputs.parameters])[0], 'gradient');
  return g.encode();
}

/**
 * Validation, without dropout. In: `parameters` [N], `x` [T, B, I], `target`, `weight` [T, B, C], `state` [B, S].
 * Out: `loss` [], `squared_error` [] (of the mean forecast, whatever the objective), `state_next` [B, S].
 */
export function buildLossGraph(spec: NetSpec): Uint8Array {
  const g = new TensorGraph();
  const net = lossOver(g, spec, sequenceInputs(g, spec));
  g.output(net.loss, 'loss');
  g.output(net.squaredError, 'squared_error');
  g.output(net.stateNext, 'state_next');
  return g.encode();
}

/**
 * How the loss depends on what the net remembered, without dropout. In: as in `buildLossGraph`.
 * Out: for every layer l = 0, 1, … `squares_l` [T]: the squared norm, over all lanes, of the derivative of the loss with
 * respect to the layer's state (h, and for the LSTM c) after each step; `state_next` [B, S].
 */
export function buildFlowGraph(spec: NetSpec): Uint8Array {
  const g = new TensorGraph();
  const inputs = sequenceInputs(g, spec);
  const width = layerStates(spec).reduce((sum, part) => sum + part, 0);
  const nudges = Array.from({ length: spec.layers }, () => g.zeros(['T', 'B', width]));
  const net = lossOver(g, spec, inputs, { nudges });
  gradientsOf(g, net.loss, nudges).forEach((gradient, layer) => {
    g.output(g.sum(g.mul(gradient, gradient), [1, 2]), `squares_${layer}`);
  });
  g.output(net.stateNext, 'state_next');
  return g.encode();
}

interface SequenceInputs {
  readonly parameters: Value;
  readonly x: Value;
  readonly target: Value;
  readonly weight: Value;
  readonly state: Value;
}

function sequenceInputs(g: TensorGraph, spec: NetSpec): SequenceInputs {
  return {
    parameters: g.input([parameterCount(spec)], 'parameters'),
    x: g.input(['T', 'B', spec.inputs], 'x'),
    target: g.input(['T', 'B', spec.channels], 'target'),
    weight: g.input(['T', 'B', spec.channels], 'weight'),
    state: g.input(['B', stateWidth(spec)], 'state'),
  };
}

function lossOver(
  g: TensorGraph,
  spec: NetSpec,
  { parameters, x, target, weight, state }: SequenceInputs,
  disturbances: Disturbances = {},
): Losses & { readonly stateNext: Value } {
  const result = forecast(g, spec, fedWeights(g, spec, parameters), x, state, disturbances);
  return { ...losses(g, result, target, weight, spec.likelihood), stateNext: result.stateNext };
}

/** Masks are fed, not drawn here: ONNX Dropout has a random state of its own, which no checkpoint could hold. */
function dropoutMasks(g: TensorGraph, spec: NetSpec): readonly Value[] {
  if (spec.dropout === 0) return [];
  return Array.from({ length: spec.layers - 1 }, (_, i) => g.input(['T', 'B', layerWidth(spec)], `keep_${i + 1}`));
}

function gradientsOf(g: TensorGraph, loss: Value, targets: readonly Value[]): readonly Value[] {
  const seed = g.scalar(1);
  const nodes = [...g.nodes];
  return backpropagate({ graph: g, nodes, seeds: [[loss, seed]], targets, rules: RULES }).map((gradient) => {
    if (!gradient) throw new BugError('the loss does not depend on what its gradient is asked for');
    return gradient;
  });
}
