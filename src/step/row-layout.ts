/**
 * Where one stream's values lie in a tensor whose batch axis may be anywhere: the row of [B, 32] is one run of 32 values,
 * that of [12, B, 512] twelve runs of 512. Outside of a model kioku keeps a row contiguous (`width` values).
 */
import type { Port, RowShape } from '../core/step-model.js';
import type { TensorBuffer } from './session.js';

/** From this length on (in words) the call of a native copy is cheaper than a loop: measured break-even at 30. */
const NATIVE_COPY_WORDS = 32;

const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT;

export interface RowLayout {
  readonly shape: RowShape;
  /** Values of one row. */
  readonly width: number;
  /** Product of the axes before the batch axis. */
  readonly runs: number;
  /** Words (of 32 bits) that lie side by side: of the axes after the batch axis. */
  readonly runWords: number;
  /** Words of one row: `runs` × `runWords`. */
  readonly rowWords: number;
}

export function rowLayout(shape: RowShape, elementType: Port['elementType']): RowLayout {
  const axis = shape.indexOf('B');
  let runs = 1;
  let run = 1;
  shape.forEach((size, i) => {
    if (size === 'B') return;
    if (i < axis) runs *= size;
    else run *= size;
  });
  const bytes = elementType === 'float32' ? Float32Array.BYTES_PER_ELEMENT : BigInt64Array.BYTES_PER_ELEMENT;
  const runWords = (run * bytes) / WORD_BYTES;
  return { shape, width: runs * run, runs, runWords, rowWords: runs * runWords };
}

/** The shape with `rows` in the place of `B`. */
export function shapeOf(layout: RowLayout, rows: number): number[] {
  return layout.shape.map((size) => (size === 'B' ? rows : size));
}

/** `count` rows from `from` on of a tensor of `fromRows` rows become those from `to` on of a tensor of `toRows` rows. */
export function copyRows(
  { runs, runWords }: RowLayout,
  source: TensorBuffer,
  from: number,
  fromRows: number,
  target: TensorBuffer,
  to: number,
  toRows: number,
  count: number,
): void {
  for (let i = 0; i < runs; i++) {
    copyWords(source, (i * fromRows + from) * runWords, target, (i * toRows + to) * runWords, count * runWords);
  }
}

/** `count` contiguous rows from `from` on become rows from `to` on of a tensor of `toRows` rows. */
export function packRows(
  layout: RowLayout,
  rows: TensorBuffer,
  from: number,
  tensor: TensorBuffer,
  to: number,
  toRows: number,
  count: number,
): void {
  const { runs, runWords, rowWords } = layout;
  if (runs === 1) copyWords(rows, from * rowWords, tensor, to * rowWords, count * rowWords);
  else {
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < runs; i++) {
        const at = (from + row) * rowWords + i * runWords;
        copyWords(rows, at, tensor, (i * toRows + to + row) * runWords, runWords);
      }
    }
  }
}

/** `count` rows from `from` on of a tensor of `fromRows` rows become contiguous rows from `to` on. */
export function unpackRows(
  layout: RowLayout,
  tensor: TensorBuffer,
  from: number,
  fromRows: number,
  rows: TensorBuffer,
  to: number,
  count: number,
): void {
  const { runs, runWords, rowWords } = layout;
  if (runs === 1) copyWords(tensor, from * rowWords, rows, to * rowWords, count * rowWords);
  else {
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < runs; i++) {
        const at = (to + row) * rowWords + i * runWords;
        copyWords(tensor, (i * fromRows + from + row) * runWords, rows, at, runWords);
      }
    }
  }
}

function copyWords(
  { words: source }: TensorBuffer,
  from: number,
  { words: target }: TensorBuffer,
  to: number,
  count: number,
): void {
  if (count < NATIVE_COPY_WORDS) for (let k = 0; k < count; k++) target[to + k] = source[from + k];
  else target.set(source.subarray(from, from + count), to);
}
