/** Layers that speech models are made of, with random weights; opset 17. */
import type { Shape } from '../../../src/onnx/ir.js';
import type { Value } from '../../../src/onnx/graph.js';
import { TensorGraph } from '../../../src/onnx/tensor-graph.js';
import { RandomWeights } from './weights.js';

/** Of `TensorProto.DataType`. */
const FLOAT32 = 1;

/** The largest int8 of a symmetric scale. */
const INT8_MAX = 127;

/** As `quantize_dynamic` of ONNX Runtime writes them, with which icefall makes its `*.int8.onnx`. */
export type WeightType = 'float32' | 'int8';

const NORM_EPSILON = 1e-5;

/** The batch axis, as the exports of icefall name it. */
export const N = 'N';

function size(shape: Shape, axis: number): number {
  const value = shape.at(axis);
  if (typeof value !== 'number') throw new Error(`axis ${axis} of [${shape.join(', ')}] has no fixed size`);
  return value;
}

export class SpeechGraph extends TensorGraph {
  readonly #weights: RandomWeights;
  readonly #matrices: WeightType;

  /** @param matrices of the linear layers; the same numbers, but for the rounding */
  constructor(seed: number, matrices: WeightType = 'float32') {
    super();
    this.#weights = new RandomWeights(seed);
    this.#matrices = matrices;
  }

  /** Weights that keep the variance of what they are applied to, times `gain`². */
  weights(shape: readonly number[], fanIn: number, gain = 1): Value {
    const count = shape.reduce((a, b) => a * b, 1);
    return this.constant(this.#weights.draw(count, gain / Math.sqrt(fanIn)), shape);
  }

  /** x·W + b over the last axis. */
  linear(x: Value, outputs: number, options: { gain?: number; bias?: Float32Array } = {}): Value {
    const inputs = size(x.shape, -1);
    const weights = this.#weights.draw(inputs * outputs, (options.gain ?? 1) / Math.sqrt(inputs));
    const shape = [inputs, outputs];
    const product =
      this.#matrices === 'int8'
        ? this.#quantisedProduct(x, weights, shape)
        : this.matmul(x, this.constant(weights, shape));
    return this.add(product, options.bias ? this.constant(options.bias, [outputs]) : this.weights([outputs], 100));
  }

  /**
   * x·W with W in int8 and one scale, and x in uint8 with a scale and a zero point of what it holds just now (of all its
   * rows): https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html, dynamic quantisation.
   */
  #quantisedProduct(x: Value, weights: Float32Array, shape: readonly number[]): Value {
    const scale = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / INT8_MAX;
    const rounded = weights.map((weight) => Math.round(weight / scale));
    const quantised = this.emit('DynamicQuantizeLinear', [x], [x.shape], { elementType: 'uint8' });
    const xScale = this.extend(quantised, []);
    const xZero = this.extend(quantised, [], 'uint8');
    const factors = [quantised.outputs[0], this.constant(rounded, shape, 'int8'), xZero];
    const sum = this.emit('MatMulInteger', factors, [[...x.shape.slice(0, -1), shape[1]]], { elementType: 'int32' })
      .outputs[0];
    return this.mul(this.toFloat(sum), this.mul(xScale, this.scalar(scale)));
  }

  /** Batched over all axes but the last two, which broadcast. */
  matmul(a: Value, b: Value): Value {
    const lead = a.shape.length >= b.shape.length ? a.shape : b.shape;
    const shape = [...lead.slice(0, -2), ...a.shape.slice(-2, -1), ...b.shape.slice(-1)];
    return this.emit('MatMul', [a, b], [shape]).outputs[0];
  }

  /**
   * @param x [N, C, height, width]
   * @param options.pad of the width, on both sides; the height is not padded
   * @param options.contrast every kernel sums to 0: blind to the level, it sees only changes in time and frequency
   */
  conv2d(
    x: Value,
    channels: number,
    options: {
      kernel: number;
      strides: readonly [number, number];
      pad?: number;
      depthwise?: boolean;
      contrast?: boolean;
      gain?: number;
    },
  ): Value {
    const { kernel, strides, pad = 0, depthwise = false, contrast = false, gain = 1 } = options;
    const perGroup = depthwise ? 1 : size(x.shape, 1);
    const perKernel = perGroup * kernel * kernel;
    const values = this.#weights.draw(channels * perKernel, gain / Math.sqrt(perKernel));
    if (contrast) removeMeans(values, perKernel);
    const weights = this.constant(values, [channels, perGroup, kernel, kernel]);
    const height = Math.floor((size(x.shape, 2) - kernel) / strides[0]) + 1;
    const width = Math.floor((size(x.shape, 3) + 2 * pad - kernel) / strides[1]) + 1;
    const attributes = { strides, pads: [0, pad, 0, pad], group: depthwise ? channels : 1 };
    return this.emit('Conv', [x, weights], [[x.shape[0], channels, height, width]], { attributes }).outputs[0];
  }

  /** @param x [N, C, T] → [N, C, T − kernel + 1] */
  depthwiseConv1d(x: Value, kernel: number): Value {
    const channels = size(x.shape, 1);
    const weights = this.weights([channels, 1, kernel], kernel);
    const shape = x.shape.with(2, size(x.shape, 2) - kernel + 1);
    return this.emit('Conv', [x, weights], [shape], { attributes: { group: channels } }).outputs[0];
  }

  transpose(x: Value, perm: readonly number[]): Value {
    const shape = perm.map((axis) => x.shape[axis]);
    return this.emit('Transpose', [x], [shape], { attributes: { perm } }).outputs[0];
  }

  /** @param name `Softmax` or `LogSoftmax`, over the last axis */
  softmax(name: 'Softmax' | 'LogSoftmax', x: Value): Value {
    return this.emit(name, [x], [x.shape], { attributes: { axis: -1 } }).outputs[0];
  }

  swish(x: Value): Value {
    return this.mul(x, this.map('Sigmoid', x));
  }

  /** Divides by the root mean square over the last axis. */
  rmsNorm(x: Value): Value {
    const axis = x.shape.length - 1;
    const mean = this.mul(this.sum(this.mul(x, x), [axis], true), this.scalar(1 / size(x.shape, -1)));
    return this.div(x, this.map('Sqrt', this.add(mean, this.scalar(NORM_EPSILON))));
  }

  /** Rows of a table. @param indices int64 of any shape */
  gather(table: Value, indices: Value): Value {
    return this.emit('Gather', [table, indices], [[...indices.shape, size(table.shape, -1)]]).outputs[0];
  }

  toFloat(integers: Value): Value {
    return this.emit('Cast', [integers], [integers.shape], { attributes: { to: FLOAT32 } }).outputs[0];
  }

  addInteger(integers: Value, summand: number): Value {
    const elementType = 'int64';
    const other = this.constant([summand], [1], elementType);
    return this.emit('Add', [integers, other], [integers.shape], { elementType }).outputs[0];
  }

  /** The first and the rest of an axis. */
  cut(x: Value, axis: number, first: number): readonly [Value, Value] {
    const [head, tail] = this.split(x, axis, [first, size(x.shape, axis) - first]);
    return [head, tail];
  }

  /** Log-mel energies (natural logarithm, about −16 … 5) → about unit variance. */
  normaliseLogMel(x: Value): Value {
    return this.mul(this.add(x, this.scalar(7)), this.scalar(0.25));
  }
}

function removeMeans(values: Float32Array, length: number): void {
  for (let start = 0; start < values.length; start += length) {
    const part = values.subarray(start, start + length);
    const mean = part.reduce((a, b) => a + b, 0) / length;
    part.forEach((value, i) => (part[i] = value - mean));
  }
}
