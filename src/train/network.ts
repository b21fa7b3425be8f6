/** The net of a `NetSpec`: stacked recurrent layers and a linear head, over one step or over a sequence. */
import { BugError } from '../core/errors.js';
import type { Value } from '../onnx/graph.js';
import type { TensorGraph } from '../onnx/tensor-graph.js';
import { cellStep, type RecurrentWeights } from './cells.js';
import { gateRows, headWidth, parameterBlocks, parameterLayout, layerStates, type NetSpec } from './net-spec.js';
import { skewedForecast, type Quantiles } from './quantile-head.js';
import { scan } from './scan.js';

/**
 * Log-variances stay within ±8 (standard deviations of 0.018 … 55 in normalised units): beyond it, one outlier divided
 * by a tiny variance would drown every other gradient. Bounded by 8·tanh(a / 8), whose gradient never vanishes.
 */
export const LOG_VARIANCE_LIMIT = 8;

/** Name of a parameter block → its value in the graph. */
export type Weights = ReadonlyMap<string, Value>;

/** What the net says about the next step; [T, B, C] over a sequence, [B, C] over one step. */
export interface Forecast {
  readonly mean: Value;
  /** Gaussian objective only. */
  readonly logVariance?: Value;
  /** Under pinball only; of this mean and variance. */
  readonly quantiles?: Quantiles;
  /** [B, S] */
  readonly stateNext: Value;
}

/** Weights as views of one parameter vector [N] that the graph is fed with. */
export function fedWeights(g: TensorGraph, spec: NetSpec, parameters: Value): Weights {
  const layout = parameterLayout(spec);
  const pieces = g.split(
    parameters,
    0,
    layout.map((block) => block.size),
  );
  return new Map(layout.map((block, i) => [block.name, g.reshape(pieces[i], block.shape)]));
}

/** Weights as constants of the graph. @param parameters [N] */
export function fixedWeights(g: TensorGraph, spec: NetSpec, parameters: Float32Array): Weights {
  const blocks = parameterBlocks(spec, parameters);
  return new Map([...blocks].map(([name, { values, shape }]) => [name, g.constant(values, shape)]));
}

/** What is done to a sequence on its way through the layers; each list may be empty. */
export interface Disturbances {
  /** [T, B, P] after every layer but the last: 0 where a value is dropped, 1 / (1 − dropout) elsewhere. */
  readonly keep?: readonly Value[];
  /**
   * [T, B, H], for the LSTM [T, B, P + H], for every layer: what is added to its state after each step. Zeros, whose
   * adjoint is that of the state itself.
   */
  readonly nudges?: readonly Value[];
}

/**
 * @param x [T, B, I] for a sequence or [B, I] for one step
 * @param state [B, S]
 * @param disturbances of a sequence only
 */
export function forecast(
  g: TensorGraph,
  spec: NetSpec,
  weights: Weights,
  x: Value,
  state: Value,
  { keep = [], nudges = [] }: Disturbances = {},
): Forecast {
  const widths = layerStates(spec);
  const parts = widths.length;
  const states = g.split(state, 1, Array.from({ length: spec.layers }, () => widths).flat());
  const finalStates: Value[] = [];
  let signal = x;
  for (let layer = 0; layer < spec.layers; layer++) {
    const initial = states.slice(layer * parts, (layer + 1) * parts);
    const result = runLayer(g, spec, weights, layer, signal, initial, nudges[layer]);
    finalStates.push(...result.finalStates);
    const mask = keep[layer];
    signal = mask ? g.mul(result.output, mask) : result.output;
  }
  const head = linear(g, weights, 'head.weight', 'head.bias', signal, headWidth(spec));
  return { ...interpret(g, spec, head, x), stateNext: g.concat(finalStates, 1) };
}

function runLayer(
  g: TensorGraph,
  spec: NetSpec,
  weights: Weights,
  layer: number,
  x: Value,
  initial: readonly Value[],
  nudge: Value | undefined,
): { output: Value; finalStates: readonly Value[] } {
  const name = `layer${layer}`;
  // One product for all time steps; only R·h has to wait for the step before.
  const projected = linear(g, weights, `${name}.input`, `${name}.bias`, x, gateRows(spec));
  const recurrent = recurrentWeights(g, spec, weights, name);
  if (x.shape.length === 2) {
    const next = cellStep(g, spec.cell, recurrent, projected, initial);
    return { output: next[0], finalStates: next };
  }
  const sequences = nudge ? [projected, nudge] : [projected];
  const { finalStates, stacked } = scan(g, initial, sequences, (body, states, [slice, nudgeNow]) => {
    const undisturbed = cellStep(body, spec.cell, recurrent, slice, states);
    const next = nudge ? nudged(body, undisturbed, nudgeNow) : undisturbed;
    return { next, give: next.slice(0, 1) };
  });
  return { output: stacked[0], finalStates };
}

function nudged(g: TensorGraph, states: readonly Value[], nudge: Value): readonly Value[] {
  const widths = states.map((state) => Number(state.shape[1]));
  const pieces = g.split(nudge, 1, widths);
  return states.map((state, i) => g.add(state, pieces[i]));
}

function recurrentWeights(g: TensorGraph, spec: NetSpec, weights: Weights, name: string): RecurrentWeights {
  const recurrent = weightOf(weights, `${name}.recurrent`);
  if (spec.projection !== undefined) return { recurrent, projection: weightOf(weights, `${name}.projection`) };
  if (spec.cell !== 'gru') return { recurrent };
  const zeros = g.constant(new Float32Array(2 * spec.hidden), [2 * spec.hidden]);
  return { recurrent, recurrentBias: g.concat([zeros, weightOf(weights, `${name}.candidateBias`)], 0) };
}

/** x · Wᵀ + b along the last axis. */
function linear(g: TensorGraph, weights: Weights, weight: string, bias: string, x: Value, width: number): Value {
  const w = weightOf(weights, weight);
  const product = g.gemm(g.rows(x), w, { c: weightOf(weights, bias), transB: true });
  return g.reshape(product, [...x.shape.slice(0, -1), width]);
}

/** What the head's output stands for. */
function interpret(g: TensorGraph, spec: NetSpec, head: Value, x: Value): Omit<Forecast, 'stateNext'> {
  const axis = head.shape.length - 1;
  const pieces = g.split(head, axis, Array<number>(headWidth(spec) / spec.channels).fill(spec.channels));
  let location = pieces[0];
  if (spec.skip) {
    const calendar = spec.inputs - spec.channels;
    const last = g.split(x, axis, calendar > 0 ? [spec.channels, calendar] : [spec.channels]);
    location = g.add(location, last[0]);
  }
  if (spec.objective === 'mse') return { mean: location };
  const limit = g.scalar(LOG_VARIANCE_LIMIT);
  const logVariance = g.mul(g.map('Tanh', g.div(pieces[1], limit)), limit);
  if (spec.likelihood !== 'pinball') return { mean: location, logVariance };
  return { ...skewedForecast(g, location, deviationOf(g, logVariance), pieces[2]), logVariance };
}

/** The standard deviation. */
export function deviationOf(g: TensorGraph, logVariance: Value): Value {
  return g.map('Exp', g.mul(logVariance, g.scalar(0.5)));
}

function weightOf(weights: Weights, name: string): Value {
  const value = weights.get(name);
  if (!value) throw new BugError(`the net has no parameter ${name}`);
  return value;
}
