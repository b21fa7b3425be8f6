/**
 * How far back a loss is heard: the norm of its gradient, step by step into the past. Where it dies down, the net cannot
 * learn from what lies further back (vanishing); where it grows, one step spoils the weights (exploding). Bengio, Simard
 * & Frasconi 1994; Pascanu, Mikolov & Bengio 2013.
 */
import { float32Of, OrtSession, tensorOf, type Tensor } from '../step/ort.js';
import { allocateBatch, BatchTensors, type BatchSource, type TrainingBatch } from './batches.js';
import { buildFlowGraph } from './graphs.js';
import { LaneState } from './lane-state.js';
import { stateWidth, type NetSpec } from './net-spec.js';

/** Windows looked at, at most: a mean over so many no longer changes much. */
const MOST_WINDOWS = 64;

/**
 * For every layer, for k = 0 … T − 1: the norm over all lanes of the derivative of the loss of a window's last step with
 * respect to the layer's state (h, and for the LSTM c) k steps before it. Mean over the windows that reach so far back; 0
 * when none of them counts its last step.
 */
export type GradientFlow = readonly (readonly number[])[];

/** @param parameters [N] */
export function gradientFlow(spec: NetSpec, source: BatchSource, parameters: Float32Array): GradientFlow {
  const { length, lanes, channels } = source;
  const session = new OrtSession(buildFlowGraph(spec));
  const batch = allocateBatch(source);
  const state = new LaneState(lanes, stateWidth(spec));
  const tensors = new BatchTensors(source, batch);
  const fed: Record<string, Tensor> = { parameters: tensorOf(parameters, [parameters.length]) };
  const outputs = Array.from({ length: spec.layers }, (_, layer) => `squares_${layer}`);
  const fetches = Object.fromEntries(outputs.map((name) => [name, null]));
  const sums = outputs.map(() => new Float64Array(length));
  /** Windows that reach k steps back. */
  const windows = new Int32Array(length);
  try {
    for (let index = 0; index < Math.min(source.perEpoch, MOST_WINDOWS); index++) {
      source.fill(0, index, batch);
      state.restart(batch.restart);
      if (keepLastStep(batch, lanes * channels)) for (let k = 0; k < batch.length; k++) windows[k]++;
      const found = session.run({ ...fed, ...tensors.now(), state: state.now }, { ...fetches, state_next: state.next });
      state.advance();
      outputs.forEach((name, layer) => {
        float32Of(found, name).forEach((squares, t) => {
          sums[layer][batch.length - 1 - t] += Math.sqrt(squares);
        });
      });
    }
  } finally {
    session.close();
  }
  return sums.map((norms) => Array.from(norms, (sum, k) => (windows[k] > 0 ? sum / windows[k] : 0)));
}

/** Of a window only its last step counts. @returns whether anything of that is counted */
function keepLastStep(batch: TrainingBatch, width: number): boolean {
  const last = (batch.length - 1) * width;
  batch.weight.fill(0, 0, last);
  return batch.weight.includes(1, last);
}
