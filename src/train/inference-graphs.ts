/** Trained parameters → models that only forecast: step by step, or a whole sequence. */
import type { ModelCard } from '../core/card.js';
import type { Value } from '../onnx/graph.js';
import { TensorGraph } from '../onnx/tensor-graph.js';
import { blockOf, fusedLayers, hasFusedOperator } from './fused-layers.js';
import {
  layerStates,
  layerWidth,
  outputWidth,
  parameterBlocks,
  stateWidth,
  type NetSpec,
  type Parameter,
} from './net-spec.js';
import { deviationOf, fixedWeights, forecast, LOG_VARIANCE_LIMIT, type Forecast } from './network.js';
import { plainLayers } from './plain-layers.js';
import { skewedForecast } from './quantile-head.js';

/**
 * How a step model computes. `fused`: as ONNX's recurrent operators, and several steps of a stream in one run; `plain`:
 * in plain operators, one step a run. Both are within 1e-6 of the training graph; each gives the same bits whatever the
 * batch.
 */
export type StepForm = 'fused' | 'plain';

/**
 * Up to here a run of the fused operators costs little more, and a backlog (a replay, a device that was away) a fifth.
 * Measured on x64, µs a step and stream, in runs of 1, 16 and 256 streams: LSTM 64 fused 4.9, 0.58, 0.35, plain 4.4, 0.52,
 * 0.29; GRU 32 fused 5.4, 0.60, 0.25, plain 5.0, 0.44, 0.11. 32 steps of one stream in one run: 0.82 and 0.45.
 */
const FEW_STREAMS = 16;

/** The form for a model of so many streams. */
export function stepFormFor(spec: Pick<NetSpec, 'cell' | 'projection'>, streams: number): StepForm {
  return streams <= FEW_STREAMS && hasFusedOperator(spec) ? 'fused' : 'plain';
}

/** What the card says about the inputs, outputs and states of `buildStepGraph`. */
export function stepSignature(spec: NetSpec, form: StepForm): Pick<ModelCard, 'inputs' | 'outputs' | 'states'> {
  const fused = form === 'fused';
  const layers = Array.from({ length: spec.layers }, (_, layer) => layer);
  return {
    inputs: { x: { name: 'x_t', shape: ['B', spec.inputs], ...(fused ? { timeAxis: true } : {}) } },
    outputs: { y: { name: 'y_t', shape: ['B', outputWidth(spec)] } },
    states: layers.flatMap((layer) =>
      layerStates(spec).map((width, part) => {
        const name = `${['h', 'c'][part]}${layer}`;
        return { name, next: `${name}_next`, shape: fused ? [1, 'B', width] : ['B', width] };
      }),
    ),
  };
}

/**
 * The step model, with inputs and outputs as `stepSignature` says: `x_t` and the states before → `y_t` and the states
 * after. Fused, `y_t` has a row for each of T steps and B streams. States are tensors of their own: cutting them from a
 * packed one and joining them again costs a quarter of a step.
 * @param parameters [N], see `parameterLayout`
 * @param metadata goes into the file's `metadata_props`, for tools that have no card
 * @returns an ONNX file
 */
export function buildStepGraph(
  spec: NetSpec,
  parameters: Float32Array,
  form: StepForm,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const { inputs, outputs, states } = stepSignature(spec, form);
  const g = new TensorGraph();
  const x = g.input([...(inputs.x.timeAxis ? ['T'] : []), ...inputs.x.shape], inputs.x.name);
  const before = states.map(({ name, shape }) => g.input(shape, name));
  const blocks = parameterBlocks(spec, parameters);
  const layers = form === 'fused' ? fusedLayers : plainLayers;
  const { top, next } = layers(g, spec, blocks, x, before);
  g.output(readOut(g, spec, blocks, top, g.rows(x)), outputs.y.name);
  states.forEach((state, i) => g.output(next[i], state.next));
  return g.encode(metadata);
}

/**
 * `x` [T, B, I], `state` [B, S] → `y` [T, B, O], `state_next` [B, S]; under pinball also `quantiles` [T, B, 3C], of all
 * channels the low one, then the medians, then the high ones.
 * @param parameters [N]
 * @returns an ONNX file
 */
export function buildSequenceGraph(spec: NetSpec, parameters: Float32Array): Uint8Array {
  const g = new TensorGraph();
  const x = g.input(['T', 'B', spec.inputs], 'x');
  const state = g.input(['B', stateWidth(spec)], 'state');
  const result = forecast(g, spec, fixedWeights(g, spec, parameters), x, state);
  g.output(packed(g, result), 'y');
  if (result.quantiles) g.output(g.concat(result.quantiles, 2), 'quantiles');
  g.output(result.stateNext, 'state_next');
  return g.encode();
}

/**
 * The forecast from the last layer's rows, as `forecast` of the training graph makes it but with fewer operators: the
 * log-variances' scale, a power of two, is in the weights, so that their product takes its tanh along.
 * @param top [N, P] @param x [N, I]
 * @returns [N, O]: means, then log-variances where there are any
 */
function readOut(g: TensorGraph, spec: NetSpec, blocks: ReadonlyMap<string, Parameter>, top: Value, x: Value): Value {
  const { channels, inputs } = spec;
  const width = layerWidth(spec);
  const weight = blockOf(blocks, 'head.weight').values;
  const bias = blockOf(blocks, 'head.bias').values;
  const product = (from: number, scale: number): Value => {
    const rows = weight.subarray(from * width, (from + channels) * width).map((value) => value * scale);
    const offsets = bias.subarray(from, from + channels).map((value) => value * scale);
    return g.gemm(top, g.constant(rows, [channels, width]), { c: g.constant(offsets, [channels]), transB: true });
  };
  let location = product(0, 1);
  if (spec.skip) {
    const last = inputs > channels ? g.split(x, 1, [channels, inputs - channels])[0] : x;
    location = g.add(location, last);
  }
  if (spec.objective === 'mse') return location;
  const bounded = g.map('Tanh', product(channels, 1 / LOG_VARIANCE_LIMIT));
  const logVariance = g.mul(bounded, g.scalar(LOG_VARIANCE_LIMIT));
  if (spec.likelihood !== 'pinball') return g.concat([location, logVariance], 1);
  const skewed = skewedForecast(g, location, deviationOf(g, logVariance), product(2 * channels, 1));
  return g.concat([skewed.mean, logVariance], 1);
}

/** Means, then log-variances where there are any. */
function packed(g: TensorGraph, { mean, logVariance }: Forecast): Value {
  return logVariance ? g.concat([mean, logVariance], mean.shape.length - 1) : mean;
}
