import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/core/errors.js';
import type { TransducerModel } from '../../../src/core/recogniser.js';
import { TensorGraph } from '../../../src/onnx/tensor-graph.js';
import { readModelInfo } from '../../../src/onnx/reader.js';
import { openRecogniserFiles } from '../../../src/step/recogniser/open.js';
import { withExternalData, withMetadata } from '../../support/onnx-edit.js';
import { encodeByHand } from '../../support/recogniser-by-hand.js';
import { lstmEncoder } from '../../support/speech-models/lstm-encoder.js';
import {
  TINY_LSTM,
  writeLstmTransducer,
  writeZipformer2Ctc,
  writeZipformer2Transducer,
} from '../../support/speech-models/models.js';
import { transducerDecoder, transducerJoiner } from '../../support/speech-models/transducer-heads.js';

let root = '';
let copies = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kioku-recogniser-'));
  await writeLstmTransducer(join(root, 'lstm'));
  await writeZipformer2Transducer(join(root, 'zipformer2'));
  await writeZipformer2Ctc(join(root, 'ctc'));
});

afterAll(async () => {
  await rm(root, { recursive: true });
});

/** A copy of a model with some of its files written anew. */
async function changed(model: string, files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  const folder = join(root, `copy-${copies++}`);
  await cp(join(root, model), folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

/** The metadata of a model's file with some entries changed; undefined takes one away. */
async function metadataOf(model: string, file: string, changes: Readonly<Record<string, string | undefined>>) {
  const path = join(root, model, file);
  const { metadata } = await readModelInfo(path);
  const entries = Object.entries({ ...Object.fromEntries(metadata), ...changes });
  const kept = entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return withMetadata(await readFile(path), Object.fromEntries(kept));
}

/** Of the LSTM model with some of its files written anew. */
async function digest(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  return (await openRecogniserFiles(await changed('lstm', files))).encoder.sha256;
}

async function openTransducer(folder: string): Promise<TransducerModel> {
  const model = await openRecogniserFiles(folder);
  if (model.kind !== 'transducer') throw new Error('not a transducer');
  return model;
}

describe('openRecogniserFiles', () => {
  it('tells an LSTM transducer from its files', async () => {
    const folder = join(root, 'lstm');
    const model = await openTransducer(folder);
    const { vocabulary, joiner, layers, dModel, hidden } = TINY_LSTM;
    expect(model).toMatchObject({
      name: 'lstm',
      folder,
      architecture: 'lstm',
      features: { sampleRateHz: 16_000, melBins: 80, lowFrequencyHz: 20, highFrequencyHz: -400, sampleScale: 1 },
      chunkFrames: 9,
      shiftFrames: 4,
      outputFrames: 1,
      contextSize: 2,
      blank: 0,
      unknown: 2,
    });
    expect(model.encoder).toMatchObject({
      path: join(folder, 'encoder.onnx'),
      inputs: [{ name: 'x', elementType: 'float32', shape: ['B', 9, 80] }],
      outputs: [{ name: 'encoder_out', elementType: 'float32', shape: ['B', 1, joiner] }],
      states: [
        { name: 'state0', next: 'new_state0', elementType: 'float32', shape: [layers, 'B', dModel] },
        { name: 'state1', next: 'new_state1', elementType: 'float32', shape: [layers, 'B', hidden] },
      ],
      constants: [],
    });
    expect(model.decoder.inputs).toEqual([{ name: 'y', elementType: 'int64', shape: ['B', 2] }]);
    expect(model.decoder.outputs).toEqual([{ name: 'decoder_out', elementType: 'float32', shape: ['B', joiner] }]);
    expect(model.joiner.inputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['encoder_out', ['B', joiner]],
      ['decoder_out', ['B', joiner]],
    ]);
    expect(model.joiner.outputs).toEqual([{ name: 'logit', elementType: 'float32', shape: ['B', vocabulary] }]);
    expect(model.tokens.size).toBe(vocabulary);
  });

  it('tells a Zipformer2 transducer and its 20 caches', async () => {
    const model = await openTransducer(join(root, 'zipformer2'));
    expect(model).toMatchObject({ architecture: 'zipformer2', chunkFrames: 45, shiftFrames: 32, outputFrames: 8 });
    const states = model.encoder.states.map(({ name, next, elementType, shape }) => {
      expect(next).toBe(`new_${name}`);
      return `${name} ${elementType} ${shape.join(' ')}`;
    });
    expect(states).toEqual([
      'cached_key_0 float32 64 B 16',
      'cached_nonlin_attn_0 float32 1 B 64 36',
      'cached_val1_0 float32 64 B 12',
      'cached_val2_0 float32 64 B 12',
      'cached_conv1_0 float32 B 48 7',
      'cached_conv2_0 float32 B 48 7',
      ...[1, 2].flatMap((layer) => [
        `cached_key_${layer} float32 32 B 18`,
        `cached_nonlin_attn_${layer} float32 1 B 32 48`,
        `cached_val1_${layer} float32 32 B 24`,
        `cached_val2_${layer} float32 32 B 24`,
        `cached_conv1_${layer} float32 B 64 3`,
        `cached_conv2_${layer} float32 B 64 3`,
      ]),
      'embed_states float32 B 128 3 19',
      'processed_lens int64 B',
    ]);
  });

  it('tells a Zipformer2 CTC model and finds its blank by name', async () => {
    const tokens = await readFile(join(root, 'ctc', 'tokens.txt'), 'utf8');
    const moved = tokens.replace('<blk> 0', 'first 0').replace(/^\S+ 7$/m, '<eps> 7');
    const model = await openRecogniserFiles(await changed('ctc', { 'tokens.txt': moved }));
    expect(model).toMatchObject({ kind: 'ctc', architecture: 'zipformer2', outputFrames: 8, blank: 7 });
    expect(model.encoder.outputs).toEqual([{ name: 'log_probs', elementType: 'float32', shape: ['B', 8, 200] }]);
    expect((await openRecogniserFiles(join(root, 'ctc'))).blank).toBe(0);
  });

  it('derives widths that the encoder leaves open from the other files', async () => {
    const g = new TensorGraph();
    const { layers, dModel, hidden } = TINY_LSTM;
    g.input(['N', 'T', 80], 'x');
    const states = [g.input([layers, 'N', dModel], 'state0'), g.input([layers, 'N', hidden], 'state1')];
    g.output(g.emit('Identity', [states[0]], [['N', 'frames', 'width']]).outputs[0], 'encoder_out');
    states.forEach((state) => g.output(state, `new_${state.name}`));
    const { metadata } = await readModelInfo(join(root, 'lstm', 'encoder.onnx'));
    const encoder = g.encode(Object.fromEntries(metadata));
    const model = await openTransducer(await changed('lstm', { 'encoder.onnx': encoder }));
    expect(model.encoder.inputs[0].shape).toEqual(['B', 9, 80]);
    expect(model.encoder.outputs[0].shape).toEqual(['B', 1, TINY_LSTM.joiner]);
  });

  it('takes what a file does not say about a shape on trust', async () => {
    const g = new TensorGraph();
    const { layers, dModel, hidden } = TINY_LSTM;
    g.input(['N', 9, 80], 'x');
    const states = [g.input([layers, 'N', dModel], 'state0'), g.input([layers, 'N', hidden], 'state1')];
    g.output(g.emit('Identity', [states[0]], [[]]).outputs[0], 'encoder_out');
    states.forEach((state) => g.output(g.emit('Identity', [state], [[]]).outputs[0], `new_${state.name}`));
    const { metadata } = await readModelInfo(join(root, 'lstm', 'encoder.onnx'));
    const encoder = g.encode(Object.fromEntries(metadata));
    const model = await openTransducer(await changed('lstm', { 'encoder.onnx': encoder }));
    expect(model.encoder.states.map(({ shape }) => shape)).toEqual([
      [layers, 'B', dModel],
      [layers, 'B', hidden],
    ]);
  });

  it('opens the quantised nets where there are two, unless it is told otherwise', async () => {
    const int8 = { 'encoder.int8.onnx': await readFile(join(root, 'lstm', 'encoder.onnx')) };
    const folder = await changed('lstm', int8);
    expect(basename((await openTransducer(folder)).encoder.path)).toBe('encoder.int8.onnx');
    const whole = await openRecogniserFiles(folder, { precision: 'fp32' });
    expect(basename(whole.encoder.path)).toBe('encoder.onnx');
  });

  it('has a digest that changes with any of its nets', async () => {
    const parts = ['encoder.onnx', 'decoder.onnx', 'joiner.onnx'];
    const whole = Buffer.concat(await Promise.all(parts.map((name) => readFile(join(root, 'lstm', name)))));
    const usual = await digest({});
    expect(usual).toBe(createHash('sha256').update(whole).digest('hex'));
    const others = await Promise.all([
      digest({ 'encoder.onnx': lstmEncoder(9, TINY_LSTM) }),
      digest({ 'decoder.onnx': transducerDecoder(9, TINY_LSTM) }),
      digest({ 'joiner.onnx': transducerJoiner(9, TINY_LSTM) }),
    ]);
    expect(new Set([usual, ...others]).size).toBe(4);
  });
});

describe('a model with its weights in another file', () => {
  it('runs as the whole one does, and has the weights in its digest', async () => {
    const { model, data } = withExternalData(await readFile(join(root, 'lstm', 'encoder.onnx')), 'encoder.onnx.data');
    expect(data.length).toBeGreaterThan(50_000);
    const folder = await changed('lstm', { 'encoder.onnx': model, 'encoder.onnx.data': data });
    const opened = await openRecogniserFiles(folder);
    const noise = Float32Array.from({ length: 8000 }, (_, i) => Math.sin(i * i) / 4);
    const expected = encodeByHand(await openRecogniserFiles(join(root, 'lstm')), noise);
    expect(expected.length).toBeGreaterThan(5);
    expect(encodeByHand(opened, noise)).toEqual(expected);
    data[0] ^= 1;
    await writeFile(join(folder, 'encoder.onnx.data'), data);
    expect((await openRecogniserFiles(folder)).encoder.sha256).not.toBe(opened.encoder.sha256);
  });

  it('is refused without them, or when they are to be read from elsewhere', async () => {
    const original = await readFile(join(root, 'lstm', 'encoder.onnx'));
    const alone = await changed('lstm', { 'encoder.onnx': withExternalData(original, 'encoder.onnx.data').model });
    await expect(openRecogniserFiles(alone)).rejects.toMatchObject({
      code: 'MODEL_MISSING',
      message: expect.stringMatching(/keeps its weights in encoder\.onnx\.data, which is not there/),
    });
    for (const location of ['../encoder.onnx.data', '/etc/passwd']) {
      const outside = await changed('lstm', { 'encoder.onnx': withExternalData(original, location).model });
      await expect(openRecogniserFiles(outside)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    }
  });
});

/** The message with which a folder is refused. */
async function refusal(folder: string, code = 'MODEL_INVALID'): Promise<string> {
  const error: unknown = await openRecogniserFiles(folder).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error(`not refused: ${String(error)}`);
  expect(error).toMatchObject({ code, hint: expect.stringMatching(/./) });
  return error.message;
}

describe('files that are wrong', () => {
  it('tokens.txt shorter than the vocabulary', async () => {
    const tokens = await readFile(join(root, 'lstm', 'tokens.txt'), 'utf8');
    const cut = tokens.split('\n').slice(0, 60).join('\n');
    expect(await refusal(await changed('lstm', { 'tokens.txt': cut }))).toMatch(
      /has 60 tokens, but encoder\.onnx knows 100/,
    );
    expect(await refusal(await changed('ctc', { 'tokens.txt': cut }))).toMatch(
      /has 60 tokens, but model\.onnx knows 200/,
    );
    const longer = `${tokens}#0 100\n#1 101\n`;
    expect((await openRecogniserFiles(await changed('lstm', { 'tokens.txt': longer }))).tokens.size).toBe(102);
  });

  it('an encoder without metadata, or without the part that is needed', async () => {
    const bare = withMetadata(await readFile(join(root, 'lstm', 'encoder.onnx')), {});
    expect(await refusal(await changed('lstm', { 'encoder.onnx': bare }))).toMatch(
      /has no metadata 'model_type'; it has none at all/,
    );
    const part = await metadataOf('lstm', 'encoder.onnx', { d_model: undefined });
    expect(await refusal(await changed('lstm', { 'encoder.onnx': part }))).toMatch(
      /has no metadata 'd_model'; it has T, decode_chunk_len/,
    );
  });

  it.each([
    [
      'a kind of model that kioku does not run',
      { model_type: 'conformer' },
      /of type 'conformer', which kioku does not run/,
    ],
    ["Whisper's features", { feature: 'whisper' }, /trained on Whisper's features/],
    ['a count that is none', { T: 'nine' }, /metadata 'T' is 'nine', not a count/],
    [
      'a shift that is longer than the chunk',
      { decode_chunk_len: '12' },
      /T=9 frames and advances by decode_chunk_len=12/,
    ],
    ['a shift that is no whole number of output frames', { decode_chunk_len: '6' }, /a multiple of 4/],
    ['states of another size', { rnn_hidden_size: '99' }, /'state1' is float32 \[2, N, 32\], not float32 \[2, B, 99\]/],
  ])('metadata that tells of %s', async (_, changes, reason) => {
    expect(
      await refusal(await changed('lstm', { 'encoder.onnx': await metadataOf('lstm', 'encoder.onnx', changes) })),
    ).toMatch(reason);
  });

  it('lists of stacks that differ in length, or that are no list', async () => {
    const short = await metadataOf('zipformer2', 'encoder.onnx', { num_heads: '2' });
    expect(await refusal(await changed('zipformer2', { 'encoder.onnx': short }))).toMatch(
      /'num_heads' has 1 entries where .* has 2/,
    );
    const odd = await metadataOf('zipformer2', 'encoder.onnx', { num_heads: '2,' });
    expect(await refusal(await changed('zipformer2', { 'encoder.onnx': odd }))).toMatch(
      /metadata 'num_heads' is '', not a count/,
    );
    const layers = await metadataOf('zipformer2', 'encoder.onnx', { num_encoder_layers: '1,3' });
    expect(await refusal(await changed('zipformer2', { 'encoder.onnx': layers }))).toMatch(
      /the input 'cached_key_3', float32 .*, is missing/,
    );
    const fewer = await metadataOf('zipformer2', 'encoder.onnx', { num_encoder_layers: '1,1' });
    expect(await refusal(await changed('zipformer2', { 'encoder.onnx': fewer }))).toMatch(
      /it has an input 'cached_key_2' that/,
    );
  });

  it('a joiner or decoder of another model', async () => {
    const joiner = transducerJoiner(3, { ...TINY_LSTM, joiner: 40 });
    expect(await refusal(await changed('lstm', { 'joiner.onnx': joiner }))).toMatch(
      /values a frame differs: 24 in encoder\.onnx .*40 in joiner\.onnx/,
    );
    const decoder = transducerDecoder(3, { ...TINY_LSTM, vocabulary: 90 });
    expect(await refusal(await changed('lstm', { 'decoder.onnx': decoder }))).toMatch(
      /tokens differs: 90 in decoder\.onnx .*100 in joiner\.onnx/,
    );
    const swapped = await changed('lstm');
    await rename(join(swapped, 'joiner.onnx'), join(swapped, 'x'));
    await rename(join(swapped, 'decoder.onnx'), join(swapped, 'joiner.onnx'));
    await rename(join(swapped, 'x'), join(swapped, 'decoder.onnx'));
    expect(await refusal(swapped)).toMatch(/nothing says the number of tokens: neither of decoder/);
  });

  it('an encoder of a transducer that stands alone', async () => {
    const folder = await changed('lstm');
    await rm(join(folder, 'decoder.onnx'));
    await rm(join(folder, 'joiner.onnx'));
    expect(await refusal(folder, 'MODEL_MISSING')).toMatch(
      /decoder\*\.onnx, joiner\*\.onnx missing.*found: encoder\.onnx, tokens\.txt$/,
    );
  });

  it('a CTC model without a blank', async () => {
    const tokens = await readFile(join(root, 'ctc', 'tokens.txt'), 'utf8');
    expect(await refusal(await changed('ctc', { 'tokens.txt': tokens.replace('<blk>', 'blk') }))).toMatch(
      /has no blank/,
    );
  });

  it('an export for one stream only, and a net that is no recogniser', async () => {
    const g = new TensorGraph();
    const x = g.input([1, 9, 80], 'x');
    g.output(g.emit('Identity', [x], [['N', 1, TINY_LSTM.joiner]]).outputs[0], 'encoder_out');
    const { metadata } = await readModelInfo(join(root, 'lstm', 'encoder.onnx'));
    const fixed = g.encode(Object.fromEntries(metadata));
    expect(await refusal(await changed('lstm', { 'encoder.onnx': fixed }))).toMatch(
      /'x' is float32 \[1, 9, 80\], not float32 \[B, 9, 80\]/,
    );
    const other = new TensorGraph();
    other.output(other.input(['N', 9, 80], 'x'), 'y');
    const net = other.encode(Object.fromEntries(metadata));
    expect(await refusal(await changed('lstm', { 'encoder.onnx': net }))).toMatch(
      /neither 'encoder_out' nor 'log_probs', but y/,
    );
  });

  it.each([
    ['empty', new Uint8Array(0)],
    ['a web page', new TextEncoder().encode('<!DOCTYPE html><title>Not found</title>')],
    ['a pointer of Git LFS', new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:00\n')],
  ])('an encoder that is %s', async (_, bytes) => {
    expect(await refusal(await changed('lstm', { 'encoder.onnx': bytes }))).toMatch(
      /encoder\.onnx: not a usable ONNX file/,
    );
  });
});

it('names a model after its folder, however the path is written', async () => {
  const folder = join(root, 'lstm');
  expect((await openRecogniserFiles(`${folder}/`)).name).toBe(basename(folder));
});
