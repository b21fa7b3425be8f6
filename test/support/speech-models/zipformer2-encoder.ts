/**
 * A small encoder with the inputs, outputs and caches of icefall's streaming Zipformer2. Every cache does what it does
 * there (attention over cached keys and values, causal convolution, masking of what was not heard yet); feed-forward
 * modules, learnt bypasses and relative positions are simpler.
 */
import type { Value } from '../../../src/onnx/graph.js';
import { blankBias } from './tokens.js';
import { N, SpeechGraph } from './speech-graph.js';

const MEL_BINS = 80;
/** Right context of the subsampling: 7 feature frames, then 3 frames at half the rate. */
const PADDING_FRAMES = 13;
const EMBED_CHANNELS = 128;
const EMBED_LEFT = 3;
const MASKED = -1000;

export interface Stack {
  readonly layers: number;
  readonly dim: number;
  readonly kernel: number;
  readonly queryHeadDim: number;
  readonly valueHeadDim: number;
  readonly heads: number;
  /** Against the 50 frames a second after the subsampling. */
  readonly downsampling: number;
}

export interface Zipformer2Size {
  readonly stacks: readonly Stack[];
  /** Feature frames by which a step advances. */
  readonly decodeChunkLength: number;
  /** Frames at 50 a second that attention looks back. */
  readonly leftContext: number;
}

type Head = { readonly kind: 'transducer'; readonly joiner: number } | CtcHead;

interface CtcHead {
  readonly kind: 'ctc';
  readonly vocabulary: number;
  readonly blank: number;
  readonly spread: number;
}

/** @returns bytes of the ONNX file */
export function zipformer2Encoder(seed: number, size: Zipformer2Size, head: Head): Uint8Array {
  const g = new SpeechGraph(seed);
  const chunkFrames = size.decodeChunkLength + PADDING_FRAMES;
  const x = g.input([N, chunkFrames, MEL_BINS], 'x');
  const layers = size.stacks.flatMap((stack) => Array.from({ length: stack.layers }, () => stack));
  const caches = layers.map((stack, i) => layerCaches(g, stack, i, size.leftContext));
  const embedBins = Math.floor((Math.floor((MEL_BINS - 1) / 2) - 1) / 2);
  const embedStates = g.input([N, EMBED_CHANNELS, EMBED_LEFT, embedBins], 'embed_states');
  const processed = g.input([N], 'processed_lens', 'int64');

  const next = new Map<Value, Value>();
  const [embedded, newEmbedStates] = subsample(g, x, embedStates, size.stacks[0].dim);
  let y = embedded;
  let layer = 0;
  for (const stack of size.stacks) {
    const stackCaches = caches.slice(layer, layer + stack.layers);
    y = runStack(g, y, stack, stackCaches, visible(g, processed, stack, size), next);
    layer += stack.layers;
  }
  const frames = g.transpose(downsample(g, y, 2), [1, 0, 2]);
  if (head.kind === 'transducer') g.output(g.linear(frames, head.joiner, { gain: 1.5 }), 'encoder_out');
  else {
    const bias = blankBias(head.vocabulary, head.blank);
    g.output(g.softmax('LogSoftmax', g.linear(frames, head.vocabulary, { gain: head.spread, bias })), 'log_probs');
  }
  for (const cache of caches.flatMap((all) => Object.values(all)))
    g.output(next.get(cache) ?? cache, `new_${cache.name}`);
  g.output(newEmbedStates, 'new_embed_states');
  g.output(g.addInteger(processed, size.decodeChunkLength / 2), 'new_processed_lens');
  return g.encode(metadata(size, chunkFrames));
}

function metadata(
  { stacks, decodeChunkLength, leftContext }: Zipformer2Size,
  chunkFrames: number,
): Record<string, string> {
  const list = (value: (stack: Stack) => number): string => stacks.map(value).join(',');
  return {
    model_type: 'zipformer2',
    version: '1',
    model_author: 'kioku',
    comment: 'synthetic streaming zipformer2',
    decode_chunk_len: String(decodeChunkLength),
    T: String(chunkFrames),
    num_encoder_layers: list(({ layers }) => layers),
    encoder_dims: list(({ dim }) => dim),
    cnn_module_kernels: list(({ kernel }) => kernel),
    left_context_len: list(({ downsampling }) => leftContext / downsampling),
    query_head_dims: list(({ queryHeadDim }) => queryHeadDim),
    value_head_dims: list(({ valueHeadDim }) => valueHeadDim),
    num_heads: list(({ heads }) => heads),
  };
}

interface LayerCaches {
  readonly key: Value;
  readonly nonlinAttention: Value;
  readonly value1: Value;
  readonly value2: Value;
  readonly conv1: Value;
  readonly conv2: Value;
}

function layerCaches(g: SpeechGraph, stack: Stack, i: number, leftContext: number): LayerCaches {
  const { dim, heads, kernel, queryHeadDim, valueHeadDim } = stack;
  const left = leftContext / stack.downsampling;
  const kernelLeft = Math.floor(kernel / 2);
  return {
    key: g.input([left, N, queryHeadDim * heads], `cached_key_${i}`),
    nonlinAttention: g.input([1, N, left, (3 * dim) / 4], `cached_nonlin_attn_${i}`),
    value1: g.input([left, N, valueHeadDim * heads], `cached_val1_${i}`),
    value2: g.input([left, N, valueHeadDim * heads], `cached_val2_${i}`),
    conv1: g.input([N, dim, kernelLeft], `cached_conv1_${i}`),
    conv2: g.input([N, dim, kernelLeft], `cached_conv2_${i}`),
  };
}

/** [N, T, 80] → [decodeChunkLength / 2, N, dim], and the frames that the next chunk has to its left. */
function subsample(g: SpeechGraph, x: Value, cached: Value, dim: number): readonly [Value, Value] {
  const [, frames] = x.shape;
  let y = g.reshape(g.normaliseLogMel(x), [N, 1, frames, MEL_BINS]);
  y = g.map('Tanh', g.conv2d(y, 4, { kernel: 3, strides: [1, 1], pad: 1, contrast: true, gain: 2 }));
  y = g.map('Tanh', g.conv2d(y, 8, { kernel: 3, strides: [2, 2], gain: 2 }));
  y = g.map('Tanh', g.conv2d(y, EMBED_CHANNELS, { kernel: 3, strides: [1, 2], gain: 2 }));
  const length = Number(y.shape[2]) - EMBED_LEFT;
  const bins = Number(y.shape[3]);
  const [bypass] = g.cut(y, 2, length);
  const whole = g.concat([cached, y], 2);
  const [, tail] = g.cut(whole, 2, length);
  const [nextCached] = g.cut(tail, 2, EMBED_LEFT);
  const convolved = g.conv2d(whole, EMBED_CHANNELS, { kernel: 7, strides: [1, 1], pad: 3, depthwise: true, gain: 2 });
  const flat = g.reshape(g.transpose(g.add(bypass, convolved), [2, 0, 1, 3]), [length, N, EMBED_CHANNELS * bins]);
  return [g.rmsNorm(g.linear(flat, dim)), nextCached];
}

/** What attention of a stack adds to its scores: nothing, or a large penalty on context from before the stream began. [1, N, 1, left + T] */
function visible(g: SpeechGraph, processed: Value, { downsampling }: Stack, size: Zipformer2Size): Value {
  const left = size.leftContext / downsampling;
  const frames = size.decodeChunkLength / 2 / downsampling;
  const age = Array.from({ length: left }, (_, i) => size.leftContext - 1 - i * downsampling);
  const heard = g.greater(g.reshape(g.toFloat(processed), [N, 1]), g.constant(age, [1, left]));
  const penalty = g.where(heard, g.scalar(0), g.scalar(MASKED));
  return g.reshape(g.concat([penalty, g.zeros([N, frames])], 1), [1, N, 1, left + frames]);
}

/** @param x [T, N, C] @returns [T, N, dim] */
function runStack(
  g: SpeechGraph,
  x: Value,
  stack: Stack,
  caches: readonly LayerCaches[],
  mask: Value,
  next: Map<Value, Value>,
): Value {
  const [frames, , channels] = x.shape.map(Number);
  const { dim, downsampling } = stack;
  const input =
    dim > channels ? g.concat([x, g.zeros([frames, N, dim - channels])], 2) : dim < channels ? g.cut(x, 2, dim)[0] : x;
  let y = downsample(g, input, downsampling);
  for (const layer of caches) y = runLayer(g, y, stack, layer, mask, next);
  if (downsampling === 1) return y;
  const short = frames / downsampling;
  const repeated = g.expand(g.reshape(y, [short, 1, N, dim]), [short, downsampling, N, dim]);
  return g.add(g.mul(input, g.scalar(0.4)), g.mul(g.reshape(repeated, [frames, N, dim]), g.scalar(0.9)));
}

/** Weighted mean of neighbouring frames: [T, N, C] → [T / factor, N, C] */
function downsample(g: SpeechGraph, x: Value, factor: number): Value {
  if (factor === 1) return x;
  const [frames, , channels] = x.shape.map(Number);
  const raw = Array.from({ length: factor }, (_, i) => 1 + 0.3 * i);
  const total = raw.reduce((a, b) => a + b, 0);
  const weights = g.constant(
    raw.map((weight) => weight / total),
    [1, factor, 1, 1],
  );
  return g.sum(g.mul(g.reshape(x, [frames / factor, factor, N, channels]), weights), [1]);
}

function runLayer(
  g: SpeechGraph,
  x: Value,
  stack: Stack,
  caches: LayerCaches,
  mask: Value,
  next: Map<Value, Value>,
): Value {
  const attention = attentionWeights(g, x, stack, caches.key, mask, next);
  let y = g.add(x, nonlinearAttention(g, x, stack, attention, caches.nonlinAttention, next));
  y = g.add(y, selfAttention(g, y, stack, attention, caches.value1, next));
  y = g.add(y, convolution(g, y, stack, caches.conv1, next));
  y = g.add(y, selfAttention(g, y, stack, attention, caches.value2, next));
  y = g.add(y, convolution(g, y, stack, caches.conv2, next));
  return g.rmsNorm(g.add(y, g.linear(g.swish(g.linear(y, 2 * stack.dim)), stack.dim)));
}

/** Puts the cache before the new frames and keeps the last ones for the next chunk. */
function extend(g: SpeechGraph, cache: Value, fresh: Value, axis: number, next: Map<Value, Value>): Value {
  const whole = g.concat([cache, fresh], axis);
  next.set(cache, g.cut(whole, axis, Number(fresh.shape[axis]))[1]);
  return whole;
}

/** [heads, N, T, left + T] */
function attentionWeights(
  g: SpeechGraph,
  x: Value,
  { heads, queryHeadDim }: Stack,
  cachedKey: Value,
  mask: Value,
  next: Map<Value, Value>,
): Value {
  const frames = Number(x.shape[0]);
  const keys = extend(g, cachedKey, g.linear(x, heads * queryHeadDim), 0, next);
  const span = Number(keys.shape[0]);
  const split = (value: Value, length: number): Value => g.reshape(value, [length, N, heads, queryHeadDim]);
  const query = g.transpose(split(g.linear(x, heads * queryHeadDim), frames), [2, 1, 0, 3]);
  const key = g.transpose(split(keys, span), [2, 1, 3, 0]);
  const scores = g.mul(g.matmul(query, key), g.scalar(1.5 / Math.sqrt(queryHeadDim)));
  // A bias by position, so that the order of what is cached matters.
  return g.softmax('Softmax', g.add(g.add(scores, g.weights([heads, 1, frames, span], 1)), mask));
}

function nonlinearAttention(
  g: SpeechGraph,
  x: Value,
  { dim }: Stack,
  attention: Value,
  cached: Value,
  next: Map<Value, Value>,
): Value {
  const frames = Number(x.shape[0]);
  const width = (3 * dim) / 4;
  const [gate, value, scale] = g.split(g.linear(x, 3 * width), 2, [width, width, width]);
  const gated = g.mul(value, g.map('Tanh', gate));
  const values = extend(g, cached, g.reshape(g.transpose(gated, [1, 0, 2]), [1, N, frames, width]), 2, next);
  const [firstHead] = g.cut(attention, 0, 1);
  const mixed = g.transpose(g.reshape(g.matmul(firstHead, values), [N, frames, width]), [1, 0, 2]);
  return g.linear(g.mul(mixed, scale), dim, { gain: 2 });
}

function selfAttention(
  g: SpeechGraph,
  x: Value,
  { dim, heads, valueHeadDim }: Stack,
  attention: Value,
  cached: Value,
  next: Map<Value, Value>,
): Value {
  const frames = Number(x.shape[0]);
  const values = extend(g, cached, g.linear(x, heads * valueHeadDim), 0, next);
  const span = Number(values.shape[0]);
  const perHead = g.transpose(g.reshape(values, [span, N, heads, valueHeadDim]), [2, 1, 0, 3]);
  const mixed = g.transpose(g.matmul(attention, perHead), [2, 1, 0, 3]);
  return g.linear(g.reshape(mixed, [frames, N, heads * valueHeadDim]), dim, { gain: 2 });
}

function convolution(g: SpeechGraph, x: Value, { dim, kernel }: Stack, cached: Value, next: Map<Value, Value>): Value {
  const [value, gate] = g.split(g.linear(x, 2 * dim), 2, [dim, dim]);
  const fresh = g.transpose(g.mul(value, g.map('Sigmoid', gate)), [1, 2, 0]);
  const whole = extend(g, cached, fresh, 2, next);
  const convolved = g.depthwiseConv1d(whole, Math.floor(kernel / 2) + 1);
  return g.linear(g.swish(g.transpose(convolved, [2, 0, 1])), dim);
}
