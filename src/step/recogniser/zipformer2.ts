/**
 * The caches of icefall's Zipformer2 encoder (`zipformer/export-onnx-streaming.py`). It is made of stacks that work at
 * different frame rates; every layer of a stack has the same six caches.
 */
import { UserError } from '../../core/errors.js';
import type { RowShape, StatePort } from '../../core/step-model.js';
import type { EncoderLayout } from './layouts.js';
import type { Metadata } from './metadata.js';

/** Channels and left context of the convolution that subsamples the features; the exports have no metadata for them. */
const EMBED_CHANNELS = 128;
const EMBED_LEFT_FRAMES = 3;

const PER_STACK = [
  'num_encoder_layers',
  'encoder_dims',
  'cnn_module_kernels',
  'left_context_len',
  'query_head_dims',
  'value_head_dims',
  'num_heads',
] as const;

type Stack = Readonly<Record<(typeof PER_STACK)[number], number>>;

export const zipformer2: EncoderLayout = {
  modelType: 'zipformer2',
  states(metadata, melBins): readonly StatePort[] {
    const layers = readStacks(metadata).flatMap((stack) =>
      Array.from({ length: stack.num_encoder_layers }, () => stack),
    );
    // Two convolutions of width 3 halve the mel axis.
    const embedBins = Math.floor((Math.floor((melBins - 1) / 2) - 1) / 2);
    return [
      ...layers.flatMap(layerCaches),
      port('embed_states', ['B', EMBED_CHANNELS, EMBED_LEFT_FRAMES, embedBins]),
      { ...port('processed_lens', ['B']), elementType: 'int64' },
    ];
  },
};

/** @throws UserError `MODEL_INVALID` when the lists have different lengths */
function readStacks(metadata: Metadata): readonly Stack[] {
  const lists = PER_STACK.map((key) => [key, metadata.counts(key)] as const);
  const stacks = lists[0][1].length;
  const odd = lists.find(([, values]) => values.length !== stacks);
  if (odd) {
    throw new UserError(
      'MODEL_INVALID',
      `the metadata '${odd[0]}' has ${odd[1].length} entries where '${PER_STACK[0]}' has ${stacks}: one a stack of layers`,
      { hint: 'the file is damaged or was exported by other means; download it again' },
    );
  }
  return Array.from({ length: stacks }, (_, i) => {
    const value = (key: keyof Stack): number => lists[PER_STACK.indexOf(key)][1][i];
    return {
      num_encoder_layers: value('num_encoder_layers'),
      encoder_dims: value('encoder_dims'),
      cnn_module_kernels: value('cnn_module_kernels'),
      left_context_len: value('left_context_len'),
      query_head_dims: value('query_head_dims'),
      value_head_dims: value('value_head_dims'),
      num_heads: value('num_heads'),
    };
  });
}

function layerCaches(stack: Stack, layer: number): readonly StatePort[] {
  const left = stack.left_context_len;
  const dim = stack.encoder_dims;
  const valueWidth = stack.value_head_dims * stack.num_heads;
  const kernelLeft = Math.floor(stack.cnn_module_kernels / 2);
  return [
    port(`cached_key_${layer}`, [left, 'B', stack.query_head_dims * stack.num_heads]),
    port(`cached_nonlin_attn_${layer}`, [1, 'B', left, (3 * dim) / 4]),
    port(`cached_val1_${layer}`, [left, 'B', valueWidth]),
    port(`cached_val2_${layer}`, [left, 'B', valueWidth]),
    port(`cached_conv1_${layer}`, ['B', dim, kernelLeft]),
    port(`cached_conv2_${layer}`, ['B', dim, kernelLeft]),
  ];
}

function port(name: string, shape: RowShape): StatePort {
  return { name, next: `new_${name}`, elementType: 'float32', shape };
}
