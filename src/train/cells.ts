/** One time step of each recurrent cell, in plain operators, so that step model and training graph share every bit. */
import type { Cell } from '../core/card.js';
import { BugError } from '../core/errors.js';
import type { Value } from '../onnx/graph.js';
import type { TensorGraph } from '../onnx/tensor-graph.js';

export interface RecurrentWeights {
  /** [G·H, P]; P = H without a projection. */
  readonly recurrent: Value;
  /** [G·H], GRU only: zero but for the candidate's bias. */
  readonly recurrentBias?: Value;
  /** [P, H], of an LSTM with a projection. */
  readonly projection?: Value;
}

/**
 * @param projected [B, G·H]: W·x_t + b, computed for all steps at once by the caller
 * @param state h [B, P], and for the LSTM c [B, H]
 * @returns the next state, in the same order
 */
export function cellStep(
  g: TensorGraph,
  cell: Cell,
  weights: RecurrentWeights,
  projected: Value,
  state: readonly Value[],
): readonly Value[] {
  const [h, c] = state;
  if (cell === 'lstm') return lstm(g, weights, projected, h, c);
  if (cell === 'gru') return [gru(g, weights, projected, h)];
  const sum = g.gemm(h, weights.recurrent, { c: projected, transB: true });
  return [g.map(cell === 'rnn-relu' ? 'Relu' : 'Tanh', sum)];
}

/**
 * i, o, f = σ(…), u = tanh(…); c' = f ⊙ c + i ⊙ u; h' = o ⊙ tanh(c') (ONNX LSTM without peepholes), or
 * W_r · (o ⊙ tanh(c')) with a projection.
 */
function lstm(
  g: TensorGraph,
  { recurrent, projection }: RecurrentWeights,
  projected: Value,
  h: Value,
  c: Value,
): readonly [Value, Value] {
  const width = widthOf(c);
  const gates = g.split(g.gemm(h, recurrent, { c: projected, transB: true }), 1, [3 * width, width]);
  const [i, o, f] = g.split(g.map('Sigmoid', gates[0]), 1, [width, width, width]);
  const u = g.map('Tanh', gates[1]);
  const cNext = g.add(g.mul(f, c), g.mul(i, u));
  const output = g.mul(o, g.map('Tanh', cNext));
  return [projection ? g.gemm(output, projection, { transB: true }) : output, cNext];
}

/**
 * z, r = σ(…); n = tanh(W·x + b + r ⊙ (R·h + b_n)); h' = n + z ⊙ (h − n) (ONNX GRU, `linear_before_reset` = 1, as in
 * cuDNN and PyTorch). This variant needs one product R·h for all three gates; resetting before the product needs two,
 * the second of which has to wait for the first.
 */
function gru(g: TensorGraph, weights: RecurrentWeights, projected: Value, h: Value): Value {
  const width = widthOf(h);
  if (!weights.recurrentBias) throw new BugError('a GRU without candidate bias');
  const recurrent = g.gemm(h, weights.recurrent, { c: weights.recurrentBias, transB: true });
  const [gatesOfX, candidateOfX] = g.split(projected, 1, [2 * width, width]);
  const [gatesOfH, candidateOfH] = g.split(recurrent, 1, [2 * width, width]);
  const [z, r] = g.split(g.map('Sigmoid', g.add(gatesOfX, gatesOfH)), 1, [width, width]);
  const n = g.map('Tanh', g.add(candidateOfX, g.mul(r, candidateOfH)));
  return g.add(n, g.mul(z, g.sub(h, n)));
}

function widthOf(state: Value): number {
  const width = state.shape[1];
  if (typeof width !== 'number') throw new BugError('the state has no fixed width');
  return width;
}
