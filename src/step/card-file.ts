/** A model folder on disk: the card (`model.json`) beside the ONNX file it names. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cardSchema, type ModelCard } from '../core/card.js';
import { messageOf, systemCodeOf, UserError } from '../core/errors.js';
import type { StepModel } from '../core/step-model.js';
import { readModelInfo } from '../onnx/reader.js';
import { sha256Of } from './sha256.js';
import { assertCardConsistent, assertSignature } from './signature.js';

export const CARD_FILE = 'model.json';

/** The path of the ONNX file that a card names. */
export function modelPath(folder: string, card: ModelCard): string {
  return join(folder, card.model);
}

/** The ONNX file of a card as a step. @param card as `readCard` has proved it: file and card are those that kioku wrote */
export function stepModelOf(folder: string, card: ModelCard): StepModel {
  const { x, rowMask } = card.inputs;
  const { name, shape, timeAxis } = x;
  return {
    path: modelPath(folder, card),
    sha256: card.modelSha256,
    proven: true,
    inputs: [{ name, shape, elementType: 'float32', ...(timeAxis ? { timeAxis } : {}) }],
    outputs: [{ ...card.outputs.y, elementType: 'float32' }],
    states: card.states.map((state) => ({ ...state, elementType: 'float32' })),
    constants: [],
    ...(rowMask === undefined ? {} : { rowMask: { ...rowMask, elementType: 'float32' } }),
  };
}

/**
 * Reads and proves a card: it is well formed, its parts agree, the ONNX file is the one it was written for (SHA-256), and
 * names, types and shapes of that file's inputs and outputs are what the card says.
 * @param folder model folder
 * @throws UserError `MODEL_MISSING` (folder, card or ONNX file absent), `MODEL_INVALID` (card or ONNX file damaged),
 *   `CARD_MISMATCH` (both are sound but do not belong together)
 */
export async function readCard(folder: string): Promise<ModelCard> {
  const card = parseCard(await readText(join(folder, CARD_FILE)), folder);
  assertCardConsistent(card);
  const path = modelPath(folder, card);
  const sha256 = await sha256Of(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  // Before the hash is judged: a file that is no ONNX at all was damaged, not exchanged.
  const info = await readModelInfo(path);
  if (sha256 !== card.modelSha256) {
    throw new UserError(
      'CARD_MISMATCH',
      `${path} is not the model that ${CARD_FILE} describes: its SHA-256 is ${sha256}, the card expects ${card.modelSha256}`,
      { hint: 'copy both files of the same model into the folder, or train it again' },
    );
  }
  assertSignature(card, info);
  return card;
}

function parseCard(text: string, folder: string): ModelCard {
  const path = join(folder, CARD_FILE);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new UserError('MODEL_INVALID', `${path} is not JSON: ${messageOf(error)}`, {
      hint: 'the file is damaged; copy the model again, or train it again',
      cause: error,
    });
  }
  const parsed = cardSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
  throw new UserError('MODEL_INVALID', `${path} is not a model card: ${mistakes.join('; ')}`, {
    hint: 'it was written by another version or edited; train the model again with this kioku',
  });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): UserError {
  const absent = systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR';
  return new UserError(
    'MODEL_MISSING',
    absent ? `there is no ${path}` : `${path} cannot be read: ${messageOf(error)}`,
    {
      hint: absent
        ? `a model folder holds ${CARD_FILE} and an .onnx file; make one with \`kioku train\`, or correct the path`
        : 'check its permissions',
      cause: error,
    },
  );
}
