/** Trained parameters → models that only forecast: one step at a time, or a whole sequence. */
import type { Value } from '../onnx/graph.js';
import { TensorGraph } from '../onnx/tensor-graph.js';
import { stateWidth, type NetSpec } from './net-spec.js';
import { fixedWeights, forecast, type Forecast } from './network.js';

/**
 * The step model: `x_t` [B, I], `state` [B, S], `row_mask` [B] → `y_t` [B, O], `state_next` [B, S]. Where `row_mask` is
 * 0 the row keeps its state bit for bit, whatever x_t holds. The state is one tensor because each pair of input and
 * output tensors costs 5–6 µs of binding.
 * @param parameters [N], see `parameterLayout`
 * @param metadata goes into the file's `metadata_props`, for tools that have no card
 * @returns an ONNX file
 */
export function buildStepGraph(
  spec: NetSpec,
  parameters: Float32Array,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const g = new TensorGraph();
  const x = g.input(['B', spec.inputs], 'x_t');
  const state = g.input(['B', stateWidth(spec)], 'state');
  const rowMask = g.input(['B'], 'row_mask');
  const result = forecast(g, spec, fixedWeights(g, spec, parameters), x, state);
  g.output(packed(g, result), 'y_t');
  // A choice, not a product: 0 · NaN is NaN, and 1 · h + 0 · h' need not be h.
  const advance = g.greater(g.reshape(rowMask, ['B', 1]), g.scalar(0.5));
  g.output(g.where(advance, result.stateNext, state), 'state_next');
  return g.encode(metadata);
}

/** `x` [T, B, I], `state` [B, S] → `y` [T, B, O], `state_next` [B, S]. @param parameters [N] @returns an ONNX file */
export function buildSequenceGraph(spec: NetSpec, parameters: Float32Array): Uint8Array {
  const g = new TensorGraph();
  const x = g.input(['T', 'B', spec.inputs], 'x');
  const state = g.input(['B', stateWidth(spec)], 'state');
  const result = forecast(g, spec, fixedWeights(g, spec, parameters), x, state);
  g.output(packed(g, result), 'y');
  g.output(result.stateNext, 'state_next');
  return g.encode();
}

/** Means, then log-variances where there are any. */
function packed(g: TensorGraph, { mean, logVariance }: Forecast): Value {
  return logVariance ? g.concat([mean, logVariance], mean.shape.length - 1) : mean;
}
