/** Layout of icefall's LSTM encoder: convolutions 9 → 1 frames, then layers of LSTM with projection and feed-forward. */
import type { Value } from '../../../src/onnx/graph.js';
import { N, SpeechGraph, type WeightType } from './speech-graph.js';

const FRAMES = 9;
const MEL_BINS = 80;

export interface LstmEncoderSize {
  readonly layers: number;
  readonly dModel: number;
  readonly hidden: number;
  readonly feedForward: number;
  /** Of the three convolutions that subsample. */
  readonly channels: readonly [number, number, number];
  readonly joiner: number;
}

/** @returns bytes of the ONNX file */
export function lstmEncoder(seed: number, size: LstmEncoderSize, matrices?: WeightType): Uint8Array {
  const { layers, dModel, hidden, joiner } = size;
  const g = new SpeechGraph(seed, matrices);
  const x = g.input([N, FRAMES, MEL_BINS], 'x');
  const state0 = g.input([layers, N, dModel], 'state0');
  const state1 = g.input([layers, N, hidden], 'state1');
  const each = Array.from({ length: layers }, () => 1);
  const outputs = g.split(state0, 0, each);
  const cells = g.split(state1, 0, each);
  let y = subsample(g, x, size);
  const next: { output: Value[]; cell: Value[] } = { output: [], cell: [] };
  for (let layer = 0; layer < layers; layer++) {
    const h = g.reshape(outputs[layer], [N, dModel]);
    const c = g.reshape(cells[layer], [N, hidden]);
    const [hNext, cNext] = lstmCell(g, y, h, c);
    y = g.add(y, hNext);
    y = g.rmsNorm(g.add(y, g.linear(g.swish(g.linear(y, size.feedForward)), dModel)));
    next.output.push(g.reshape(hNext, [1, N, dModel]));
    next.cell.push(g.reshape(cNext, [1, N, hidden]));
  }
  g.output(g.reshape(g.linear(y, joiner), [N, 1, joiner]), 'encoder_out');
  g.output(g.concat(next.output, 0), 'new_state0');
  g.output(g.concat(next.cell, 0), 'new_state1');
  return g.encode({
    model_type: 'lstm',
    version: '1',
    model_author: 'kioku',
    decode_chunk_len: '4',
    T: String(FRAMES),
    num_encoder_layers: String(layers),
    d_model: String(dModel),
    rnn_hidden_size: String(hidden),
  });
}

/** [N, 9, 80] → [N, dModel] */
function subsample(g: SpeechGraph, x: Value, { channels, dModel }: LstmEncoderSize): Value {
  const [first, second, third] = channels;
  let y = g.reshape(g.normaliseLogMel(x), [N, 1, FRAMES, MEL_BINS]);
  y = g.swish(g.conv2d(y, first, { kernel: 3, strides: [1, 1], gain: 2 }));
  y = g.swish(g.conv2d(y, second, { kernel: 3, strides: [2, 2], gain: 2 }));
  y = g.swish(g.conv2d(y, third, { kernel: 3, strides: [2, 2], gain: 2 }));
  const [, , height, width] = y.shape;
  return g.rmsNorm(g.linear(g.reshape(y, [N, third * Number(height) * Number(width)]), dModel));
}

/** One step of a cell whose output is projected. @returns [N, dModel] and [N, hidden] */
function lstmCell(g: SpeechGraph, x: Value, h: Value, c: Value): readonly [Value, Value] {
  const hidden = Number(c.shape[1]);
  const gates = g.add(g.linear(x, 4 * hidden), g.linear(h, 4 * hidden));
  const [input, output, forget, candidate] = g.split(gates, 1, [hidden, hidden, hidden, hidden]);
  const kept = g.mul(g.map('Sigmoid', forget), c);
  const cNext = g.add(kept, g.mul(g.map('Sigmoid', input), g.map('Tanh', candidate)));
  const shown = g.mul(g.map('Sigmoid', output), g.map('Tanh', cNext));
  return [g.linear(shown, Number(x.shape[1]), { gain: 2 }), cNext];
}
