/** A model of a few kilobytes, made here, by which an engine shows that it computes what it should before it is trusted. */
import { createHash } from 'node:crypto';
import type { StepModel } from '../core/step-model.js';
import type { Value } from '../onnx/graph.js';
import { TensorGraph } from '../onnx/tensor-graph.js';
import type { Exercise } from './agreement.js';

const INPUTS = 6;
const HIDDEN = 8;
const OUTPUTS = 3;
/** A few rows more than a vector register has lanes, in a few runs. */
export const PROBE_EXERCISE: Exercise = { rows: 5, steps: 6 };

/** An LSTM under a GRU under a dense layer: x [B, 6] → y [B, 3]; state h, c, g [1, B, 8] with a row mask [B]. */
export function probeModel(): StepModel {
  const g = new TensorGraph();
  const x = g.input(['B', INPUTS], 'x');
  const rowMask = g.input(['B'], 'row_mask');
  const advance = g.greater(g.reshape(rowMask, [1, 'B', 1]), g.scalar(0.5));
  const states = ['h', 'c', 'g'].map((name) => g.input([1, 'B', HIDDEN], name));
  const [h, c, gru] = states;
  const [hNext, cNext] = recurrent(g, 'LSTM', g.reshape(x, [1, 'B', INPUTS]), [h, c]);
  const [gruNext] = recurrent(g, 'GRU', hNext, [gru]);
  const y = g.gemm(g.reshape(gruNext, ['B', HIDDEN]), weights(g, [HIDDEN, OUTPUTS]));
  g.output(y, 'y');
  [hNext, cNext, gruNext].forEach((next, i) => g.output(g.where(advance, next, states[i]), `${states[i].name}_next`));
  const bytes = g.encode();
  return {
    path: 'the built-in probe model',
    bytes,
    proven: true,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    inputs: [{ name: 'x', elementType: 'float32', shape: ['B', INPUTS] }],
    outputs: [{ name: 'y', elementType: 'float32', shape: ['B', OUTPUTS] }],
    states: states.map(({ name }) => ({
      name,
      next: `${name}_next`,
      elementType: 'float32',
      shape: [1, 'B', HIDDEN],
    })),
    constants: [],
    rowMask: { name: 'row_mask', elementType: 'float32', shape: ['B'] },
  };
}

/**
 * One step of an ONNX recurrent operator.
 * @param x [1, B, width] @param before its states, each [1, B, 8]
 * @returns the next states
 */
function recurrent(g: TensorGraph, op: 'LSTM' | 'GRU', x: Value, before: readonly Value[]): readonly Value[] {
  const gates = op === 'LSTM' ? 4 * HIDDEN : 3 * HIDDEN;
  const width = Number(x.shape[2]);
  const parameters = [[gates, width], [gates, HIDDEN], [2 * gates]].map((shape) => weights(g, [1, ...shape]));
  const one = g.constant([1], [1], 'int32');
  const [lengths] = g.emit('Expand', [one, g.shapeTensor(['B'])], [['B']], { elementType: 'int32' }).outputs;
  const shapes = [[1, 1, 'B', HIDDEN], ...before.map(({ shape }) => shape)];
  const attributes = { hidden_size: HIDDEN };
  return g.emit(op, [x, ...parameters, lengths, ...before], shapes, { attributes }).outputs.slice(1);
}

/** Values within [-0.5, 0.5] without a pattern that would hide a permuted axis. */
function weights(g: TensorGraph, shape: readonly number[]): Value {
  const size = shape.reduce((product, n) => product * n, 1);
  return g.constant(
    Float32Array.from({ length: size }, (_, i) => 0.5 * Math.sin(size + i * i)),
    shape,
  );
}
