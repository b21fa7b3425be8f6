import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findRecogniserFiles } from '../../../src/step/recogniser/files.js';

async function folderWith(...names: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-files-'));
  onTestFinished(async () => rm(folder, { recursive: true }));
  for (const name of names) await writeFile(join(folder, name), '');
  return folder;
}

/** The names as a sherpa-onnx archive has them. */
const ARCHIVE = ['encoder', 'decoder', 'joiner'].flatMap((part) => [
  `${part}-epoch-99-avg-1.int8.onnx`,
  `${part}-epoch-99-avg-1.onnx`,
]);

describe('findRecogniserFiles', () => {
  it.each([
    ['auto', ['encoder-epoch-99-avg-1.int8.onnx', 'decoder-epoch-99-avg-1.onnx', 'joiner-epoch-99-avg-1.int8.onnx']],
    ['int8', ['encoder-epoch-99-avg-1.int8.onnx', 'decoder-epoch-99-avg-1.onnx', 'joiner-epoch-99-avg-1.int8.onnx']],
    ['fp32', ['encoder-epoch-99-avg-1.onnx', 'decoder-epoch-99-avg-1.onnx', 'joiner-epoch-99-avg-1.onnx']],
  ] as const)('of two exports takes what %s means', async (precision, names) => {
    const folder = await folderWith(...ARCHIVE, 'tokens.txt', 'bpe.model', 'README.md');
    await mkdir(join(folder, 'test_wavs'));
    const { encoder, decoder = '', joiner = '' } = await findRecogniserFiles(folder, precision);
    expect([encoder, decoder, joiner].map((path) => basename(path))).toEqual(names);
  });

  it.each([
    'model.onnx',
    'ctc-epoch-20-avg-1-chunk-16-left-128.onnx',
    'ctc-streaming-encoder-epoch-99.onnx',
    'net.onnx',
  ])('finds the CTC model %s', async (name) => {
    const folder = await folderWith(name, 'tokens.txt');
    const files = await findRecogniserFiles(folder, 'auto');
    expect(files).toEqual({ folder, encoder: join(folder, name), tokens: join(folder, 'tokens.txt') });
  });

  it('is not led astray by another net beside a model that says what it is', async () => {
    const folder = await folderWith('model.int8.onnx', 'silero_vad.onnx', 'tokens.txt');
    expect(basename((await findRecogniserFiles(folder, 'auto')).encoder)).toBe('model.int8.onnx');
  });

  it.each([
    [
      'a folder without a joiner',
      ['encoder.onnx', 'decoder.onnx', 'tokens.txt'],
      /complete recogniser: joiner\*\.onnx missing/,
    ],
    ['a folder without an encoder', ['decoder.onnx', 'joiner.onnx'], /: encoder\*\.onnx, tokens\.txt missing/],
    ['a folder without tokens', ['model.onnx'], /: tokens\.txt missing.*found: model\.onnx$/],
    ['an empty folder', [], /: model\*\.onnx, tokens\.txt missing.*found: nothing$/],
    [
      'two models',
      ['encoder-a.onnx', 'encoder-b.onnx', 'tokens.txt'],
      /several nets.*encoder-a\.onnx, encoder-b\.onnx/,
    ],
    ['a checkpoint', ['pretrained.pt', 'tokens.txt'], /pretrained\.pt is a PyTorch checkpoint/],
  ])('says what is wrong with %s', async (_, names, reason) => {
    const folder = await folderWith(...names);
    const found = findRecogniserFiles(folder, 'auto');
    await expect(found).rejects.toMatchObject({ code: 'MODEL_MISSING', message: expect.stringMatching(reason) });
  });

  it('asks for int8 files by name, and only for those that matter', async () => {
    const folder = await folderWith('encoder.onnx', 'decoder.onnx', 'joiner.onnx', 'tokens.txt');
    await expect(findRecogniserFiles(folder, 'int8')).rejects.toMatchObject({
      message: expect.stringMatching(/: encoder\*\.int8\.onnx, joiner\*\.int8\.onnx missing/),
    });
  });

  it('says how a checkpoint is exported, also when the path is the checkpoint itself', async () => {
    const folder = await folderWith('epoch-99.pt');
    const rejected = { code: 'MODEL_MISSING', hint: expect.stringMatching(/export-onnx\.py/) };
    await expect(findRecogniserFiles(folder, 'auto')).rejects.toMatchObject(rejected);
    await expect(findRecogniserFiles(join(folder, 'epoch-99.pt'), 'auto')).rejects.toMatchObject(rejected);
  });

  it('says so when the path is no folder', async () => {
    const folder = await folderWith('encoder.onnx');
    const absent = findRecogniserFiles(join(folder, 'absent'), 'auto');
    await expect(absent).rejects.toMatchObject({
      code: 'MODEL_MISSING',
      message: expect.stringMatching(/does not exist/),
    });
    const file = findRecogniserFiles(join(folder, 'encoder.onnx'), 'auto');
    await expect(file).rejects.toMatchObject({ code: 'MODEL_MISSING', message: expect.stringMatching(/is a file/) });
  });
});
