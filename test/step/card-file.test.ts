import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelCard } from '../../src/core/card.js';
import { UserError } from '../../src/core/errors.js';
import { TensorGraph } from '../../src/onnx/tensor-graph.js';
import { readCard } from '../../src/step/card-file.js';
import { GRU, kiokuModel, maskedModel, publishedModel, writeModel } from '../support/step-model.js';

const { card, onnx } = maskedModel(GRU);
const [state] = card.states;

let root: string;
let folders = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kioku-card-'));
});
afterAll(() => rm(root, { recursive: true }));

/** A folder with this card and file; `undefined` leaves the file out. */
async function folderWith(cardText: string | undefined, model: Uint8Array | undefined): Promise<string> {
  const folder = await writeModel(join(root, String(folders++)), { card, onnx });
  for (const [file, content] of [
    ['model.json', cardText],
    ['model.onnx', model],
  ] as const) {
    if (content === undefined) await rm(join(folder, file));
    else await writeFile(join(folder, file), content);
  }
  return folder;
}

async function failure(folder: string): Promise<UserError> {
  const error: unknown = await readCard(folder).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error(`no UserError: ${String(error)}`);
  expect(error.hint).toBeTruthy();
  return error;
}

describe('readCard', () => {
  it.each([
    ['of kioku, one step a run', kiokuModel(GRU, 'plain')],
    ['of kioku, several steps a run', kiokuModel(GRU, 'fused')],
    ['of kioku 0.1', { card, onnx }],
    ['in the published layout', publishedModel()],
  ])('reads a card %s', async (_, model) => {
    expect(await readCard(await writeModel(join(root, String(folders++)), model))).toEqual(model.card);
  });

  it('names the file that is missing', async () => {
    const nowhere = await failure(join(root, 'nowhere'));
    expect(nowhere).toMatchObject({
      code: 'MODEL_MISSING',
      message: `there is no ${join(root, 'nowhere/model.json')}`,
    });
    const noCard = await failure(await folderWith(undefined, onnx));
    expect(noCard.code).toBe('MODEL_MISSING');
    const noModel = await failure(await folderWith(JSON.stringify(card), undefined));
    expect(noModel.code).toBe('MODEL_MISSING');
    expect(noModel.message).toContain('model.onnx');
    const aFile = join(root, 'file');
    await writeFile(aFile, '');
    expect((await failure(aFile)).code).toBe('MODEL_MISSING');
  });

  it('says what is wrong inside a card', async () => {
    const cut = await failure(await folderWith(JSON.stringify(card).slice(0, 100), onnx));
    expect(cut.code).toBe('MODEL_INVALID');
    expect(cut.message).toContain('is not JSON');
    const other = await failure(await folderWith(JSON.stringify({ ...card, stepUs: -1, extra: 1 }), onnx));
    expect(other.code).toBe('MODEL_INVALID');
    expect(other.message).toContain('stepUs');
    expect(other.message).toContain('extra');
  });

  it('refuses an ONNX file that is cut, at any place, or no ONNX file', async () => {
    for (const length of [0, 1, 20, onnx.length >> 1, onnx.length - 1]) {
      const error = await failure(await folderWith(JSON.stringify(card), onnx.subarray(0, length)));
      expect(error.code, `${length} bytes`).toBe('MODEL_INVALID');
    }
    const html = await failure(
      await folderWith(JSON.stringify(card), Buffer.from('<!doctype html><title>404</title>')),
    );
    expect(html.code).toBe('MODEL_INVALID');
  });

  it('refuses the card of another model', async () => {
    const other = kiokuModel({ ...GRU, hidden: 8 });
    const error = await failure(await folderWith(JSON.stringify(card), other.onnx));
    expect(error.code).toBe('CARD_MISMATCH');
    expect(error.message).toContain(card.modelSha256);
    expect(error.message).toContain(other.card.modelSha256);
  });

  it.each<[string, Partial<ModelCard>]>([
    ["states.0: 'state' is [B, 8] in the card, [B, 7] in the file", { states: [{ ...state, shape: ['B', 8] }] }],
    ["states.0: 'state' is [7, B] in the card, [B, 7] in the file", { states: [{ ...state, shape: [7, 'B'] }] }],
    ["states.0 names the output 'later', the file has 'y_t', 'state_next'", { states: [{ ...state, next: 'later' }] }],
    ["the file has an input 'state' that the card does not name", { states: [] }],
    [
      "inputs.x: 'x_t' is [T, B, 2] in the card, [B, 2] in the file",
      { inputs: { ...card.inputs, x: { ...card.inputs.x, timeAxis: true } } },
    ],
    ["the file has an input 'row_mask' that the card does not name", { inputs: { x: card.inputs.x } }],
  ])('refuses what the ONNX file does not have: %s', async (message, changed) => {
    const error = await failure(await folderWith(JSON.stringify({ ...card, ...changed }), onnx));
    expect(error.code).toBe('CARD_MISMATCH');
    expect(error.message).toContain(message);
  });

  it('refuses a model whose state is not float32', async () => {
    const g = new TensorGraph();
    g.output(g.map('Tanh', g.input(['B', 2], 'x_t')), 'y_t');
    g.output(g.input(['B', 1], 'count', 'int64'), 'count_next');
    const counting = g.encode();
    const changed: ModelCard = {
      ...card,
      modelSha256: createHash('sha256').update(counting).digest('hex'),
      objective: 'mse',
      inputs: { x: card.inputs.x },
      outputs: { y: { name: 'y_t', shape: ['B', 2] } },
      states: [{ name: 'count', next: 'count_next', shape: ['B', 1] }],
    };
    const error = await failure(await folderWith(JSON.stringify(changed), counting));
    expect(error.code).toBe('CARD_MISMATCH');
    expect(error.message).toContain("states.0: 'count' is int64 in the file, kioku steps float32 models");
  });

  it('refuses a card that contradicts itself, with everything that is wrong at once', async () => {
    const changed: ModelCard = {
      ...card,
      calendar: ['day'],
      objective: 'mse',
      normalisation: { pooled: [{ center: 0, scale: 1 }], streams: { pump: [] } },
      states: [{ ...state, shape: [7] }],
      training: { ...card.training, projection: 3 },
    };
    const error = await failure(await folderWith(JSON.stringify(changed), onnx));
    expect(error.code).toBe('CARD_MISMATCH');
    for (const part of [
      'inputs.x: 2 values a row, but channels, calendar and objective make 4',
      'outputs.y: 4 values a row, but channels, calendar and objective make 2',
      'normalisation of pooled: 1 scales for 2 channels',
      'normalisation of pump: 0 scales for 2 channels',
      "states.0: shape [7] needs exactly one batch axis 'B'",
      'training.projection: 3, but only an LSTM has one, less than its 7 cells',
    ]) {
      expect(error.message).toContain(part);
    }
  });
});
