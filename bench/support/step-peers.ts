/** Sides of the benchmark `step` for orientation: how else an LSTM step can be computed where Node runs. */
import { join } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { initialParameters, parameterBlocks } from '../../src/train/net-spec.js';
import { PARAMETER_SEED } from '../../test/support/step-model.js';
import { importPeer, peerFolder } from '../peers.js';
import { inputs, SPEC, type Side } from './step-sides.js';

const ORT_WEB = 'onnxruntime-web@1.30.0';
const TFJS = '4.22.0';

function weights(name: string): Float32Array {
  const block = parameterBlocks(SPEC, initialParameters(SPEC, PARAMETER_SEED)).get(name);
  if (block === undefined) throw new Error(`the net has no ${name}`);
  return block.values;
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

/** Loops over typed arrays, as one would write them first. */
export function loopSide(): Side {
  const { inputs: I, hidden: H, channels: C } = SPEC;
  const [W, R, bias] = ['input', 'recurrent', 'bias'].map((name) => weights(`layer0.${name}`));
  const [headWeight, headBias] = [weights('head.weight'), weights('head.bias')];
  const x = inputs(1);
  const [h, c, gates, y] = [H, H, 4 * H, C].map((size) => new Float32Array(size));
  return {
    name: 'js-loop',
    step: () => {
      for (let row = 0; row < 4 * H; row++) {
        let sum = bias[row];
        for (let k = 0; k < I; k++) sum += W[row * I + k] * x[k];
        for (let k = 0; k < H; k++) sum += R[row * H + k] * h[k];
        gates[row] = sum;
      }
      for (let k = 0; k < H; k++) {
        c[k] = sigmoid(gates[2 * H + k]) * c[k] + sigmoid(gates[k]) * Math.tanh(gates[3 * H + k]);
        h[k] = sigmoid(gates[H + k]) * Math.tanh(c[k]);
      }
      for (let row = 0; row < C; row++) {
        let sum = headBias[row];
        for (let k = 0; k < H; k++) sum += headWeight[row * H + k] * h[k];
        y[row] = sum;
      }
    },
    output: () => y,
    close: () => {},
  };
}

/** @throws Error when it cannot be installed */
export async function ortWebSide(onnx: Uint8Array): Promise<Side> {
  const { InferenceSession, Tensor, env } = (await importPeer(
    await peerFolder([ORT_WEB]),
    'onnxruntime-web',
  )) as typeof Ort;
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(onnx);
  const x = inputs(1);
  const zeros = (): Ort.Tensor => new Tensor('float32', new Float32Array(SPEC.hidden), [1, SPEC.hidden]);
  let [h0, c0] = [zeros(), zeros()];
  let y = zeros();
  return {
    name: 'ort-web',
    step: async () => {
      const results = await session.run({ x_t: new Tensor('float32', x, [1, SPEC.inputs]), h0, c0 });
      [h0, c0, y] = [results['h0_next'], results['c0_next'], results['y_t']];
    },
    output: () => y.data as Float32Array,
    close: () => session.release(),
  };
}

interface TfTensor {
  dispose(): void;
  dataSync(): Float32Array;
}

/** As much of TensorFlow.js as is used here. */
interface Tf {
  setBackend(name: string): Promise<boolean>;
  tensor2d(values: Float32Array, shape: readonly [number, number]): TfTensor;
  tensor1d(values: Float32Array): TfTensor;
  zeros(shape: readonly number[]): TfTensor;
  concat(tensors: readonly TfTensor[], axis: number): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA: boolean, transposeB: boolean): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: TfTensor): TfTensor;
  sigmoid(a: TfTensor): TfTensor;
  tanh(a: TfTensor): TfTensor;
  split(a: TfTensor, pieces: number, axis: number): TfTensor[];
  tidy(work: () => TfTensor[]): TfTensor[];
}

/** @throws Error when it cannot be installed */
export async function tfjsSide(backend: 'wasm' | 'cpu'): Promise<Side> {
  const folder = await peerFolder([`@tensorflow/tfjs@${TFJS}`, `@tensorflow/tfjs-backend-wasm@${TFJS}`]);
  const tf = (await importPeer(folder, '@tensorflow/tfjs/dist/tf.node.js')) as Tf;
  const wasm = (await importPeer(folder, '@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.node.js')) as {
    setWasmPaths(folder: string): void;
  };
  wasm.setWasmPaths(`${join(folder, 'node_modules/@tensorflow/tfjs-backend-wasm/dist')}/`);
  const { inputs: I, hidden: H, channels: C } = SPEC;
  await tf.setBackend(backend);
  const matrix = (name: string, rows: number, columns: number): TfTensor => tf.tensor2d(weights(name), [rows, columns]);
  const W = matrix('layer0.input', 4 * H, I);
  const R = matrix('layer0.recurrent', 4 * H, H);
  const head = matrix('head.weight', C, H);
  const [bias, headBias] = [tf.tensor1d(weights('layer0.bias')), tf.tensor1d(weights('head.bias'))];
  const x = tf.tensor2d(inputs(1), [1, I]);
  let [h, c, y] = [tf.zeros([1, H]), tf.zeros([1, H]), tf.zeros([1, C])];
  let out: Float32Array = new Float32Array(C);
  return {
    name: `tfjs-${backend}`,
    begin: () => tf.setBackend(backend),
    step: () => {
      const before = [h, c, y];
      [h, c, y] = tf.tidy(() => {
        const gates = tf.add(tf.add(tf.matMul(x, W, false, true), tf.matMul(h, R, false, true)), bias);
        const [i, o, f, u] = tf.split(gates, 4, 1);
        const cNext = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(u)));
        const hNext = tf.mul(tf.sigmoid(o), tf.tanh(cNext));
        return [hNext, cNext, tf.add(tf.matMul(hNext, head, false, true), headBias)];
      });
      for (const tensor of before) tensor.dispose();
      out = y.dataSync();
    },
    output: () => out,
    close: () => {},
  };
}
