/** Reads the reference features of other programs: float32 arrays of NumPy, Kaldi's text archives, and their 16-bit WAVs. */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import type { FrameExtractor } from '../../src/core/contracts.js';

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/** A C-ordered float32 `.npy` of two dimensions. */
export function readNpy(path: string): Matrix {
  const bytes = readFileSync(path);
  const headerBytes = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + headerBytes);
  const shape = /'shape': \((\d+), (\d+)\)/.exec(header);
  if (!header.includes("'<f4'") || !header.includes("'fortran_order': False") || shape === null) {
    throw new Error(`${path} is not a float32 matrix`);
  }
  const data = new Float32Array(new Uint8Array(bytes.subarray(10 + headerBytes)).buffer);
  return { rows: Number(shape[1]), columns: Number(shape[2]), data };
}

/** The first matrix of a text archive: `key  [` rows `]`. */
export function readKaldiText(path: string): Matrix {
  const text = readFileSync(path, 'latin1');
  const rows = text
    .slice(text.indexOf('[') + 1, text.indexOf(']'))
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return { rows: rows.length, columns: rows[0].length, data: Float32Array.from(rows.flat()) };
}

/** Mono 16-bit PCM, samples within [-1, 1] (divided by 32768). */
export function readWav16(path: string): { readonly rateHz: number; readonly samples: Float64Array } {
  const bytes = readFileSync(path);
  const at = bytes.indexOf('data', 12, 'latin1');
  if (bytes.readUInt16LE(22) !== 1 || bytes.readUInt16LE(34) !== 16) throw new Error(`${path} is not mono 16 bit`);
  const size = bytes.readUInt32LE(at + 4) / 2;
  const samples = Float64Array.from({ length: size }, (_, i) => bytes.readInt16LE(at + 8 + 2 * i) / 32_768);
  return { rateHz: bytes.readUInt32LE(24), samples };
}

/** All vectors of `samples`, pushed in pieces of the given sizes (the last one repeats) and taken as they become ready. */
export function vectorsOf(extractor: FrameExtractor, samples: Float64Array, pieces: readonly number[]): Float32Array {
  const vectors: Float32Array[] = [];
  const drain = (): void => {
    while (extractor.ready > 0) {
      const vector = new Float32Array(extractor.width);
      extractor.take(vector, 0);
      vectors.push(vector);
    }
  };
  for (let from = 0, i = 0; from < samples.length; i++) {
    const n = Math.min(pieces[Math.min(i, pieces.length - 1)], samples.length - from);
    extractor.push(samples, from, n);
    from += n;
    drain();
  }
  extractor.flush();
  drain();
  const all = new Float32Array(vectors.length * extractor.width);
  vectors.forEach((vector, i) => all.set(vector, i * extractor.width));
  return all;
}

/** Sizes of pieces, 1 … 5000 samples. */
export const pieceSizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 40 });

export function difference(a: Float32Array, b: Float32Array): { readonly max: number; readonly mean: number } {
  let max = 0;
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const delta = Math.abs(a[i] - b[i]);
    // Written so that NaN is the largest difference.
    if (!(delta <= max)) max = delta;
    sum += delta;
  }
  return { max, mean: sum / a.length };
}
