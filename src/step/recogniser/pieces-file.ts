/**
 * How a model's texts were cut into tokens, from the file of SentencePiece that lies beside many published models:
 * `bpe.model` (field numbers from sentencepiece_model.proto), or `bpe.vocab`, a piece and its score a line, as
 * sherpa-onnx takes it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, systemCodeOf, UserError } from '../../core/errors.js';
import type { Pieces } from '../../core/tokens.js';
import { inMemory, type ByteSource } from '../../onnx/file-window.js';
import { fields, integer, text, type Field } from '../../onnx/wire.js';

/** `ModelProto.SentencePiece.Type` of pieces that text is cut into. */
const NORMAL = 1;
const USER_DEFINED = 4;
/** `TrainerSpec.ModelType`. */
const BPE = 2;

const VOCAB_LINE = /^(\S.*?)[\t ]+(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*$/i;

/**
 * @param folder of the recogniser
 * @returns undefined when it has neither file
 * @throws UserError `MODEL_INVALID` for a file that is neither
 */
export async function readPieces(folder: string): Promise<Pieces | undefined> {
  return (await inFile(join(folder, 'bpe.model'), parseModel)) ?? inFile(join(folder, 'bpe.vocab'), parseVocab);
}

async function inFile(path: string, parse: (bytes: Buffer) => Pieces | Promise<Pieces>): Promise<Pieces | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined;
    throw invalidPieces(path, `cannot be read: ${messageOf(cause)}`, cause);
  }
  try {
    const pieces = await parse(bytes);
    if (pieces.scores.size > 0) return pieces;
  } catch (cause) {
    throw invalidPieces(path, 'is damaged', cause);
  }
  throw invalidPieces(path, 'has no pieces');
}

function invalidPieces(path: string, what: string, cause?: unknown): UserError {
  return new UserError('MODEL_INVALID', `${path} ${what}`, {
    hint: 'copy it again, or take it away: hotwords are then spelt by tokens.txt alone',
    ...(cause === undefined ? {} : { cause }),
  });
}

async function parseModel(bytes: Buffer): Promise<Pieces> {
  const file = inMemory(bytes);
  const scores = new Map<string, number>();
  let merges = false;
  for await (const field of fields(file, { start: 0, end: file.size })) {
    if (field.number === 1) {
      const { piece, score, type } = await pieceIn(file, field);
      if (type === NORMAL || type === USER_DEFINED) scores.set(piece, score);
    } else if (field.number === 2) {
      for await (const inner of fields(file, field)) if (inner.number === 3) merges = integer(inner) === BPE;
    }
  }
  return { scores, merges };
}

async function pieceIn(file: ByteSource, span: Field): Promise<{ piece: string; score: number; type: number }> {
  let [piece, score, type] = ['', 0, NORMAL];
  for await (const field of fields(file, span)) {
    if (field.number === 1) piece = await text(file, field);
    else if (field.number === 2) score = Buffer.from(await file.bytes(field.start, 4)).readFloatLE();
    else if (field.number === 3) type = integer(field);
  }
  return { piece, score, type };
}

/** Pieces that were merged have whole numbers for scores, their order; others have logarithms of probabilities. */
function parseVocab(bytes: Buffer): Pieces {
  const scores = new Map<string, number>();
  for (const line of bytes.toString('utf8').split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const match = VOCAB_LINE.exec(line);
    if (match === null) throw new Error('a line is not a piece and its score');
    scores.set(match[1], Number(match[2]));
  }
  return { scores, merges: [...scores.values()].every((score) => Number.isInteger(score)) };
}
