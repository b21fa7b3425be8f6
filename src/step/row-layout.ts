/**
 * Where one stream's values lie in a tensor whose batch axis may be anywhere: the row of [B, 32] is one run of 32 values,
 * that of [12, B, 512] twelve runs of 512. Outside of a model kioku keeps a row contiguous (`width` values).
 */
import type { Port, RowShape } from '../core/step-model.js';

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

/** Row `from` of a tensor of `fromRows` rows becomes row `to` of a tensor of `toRows` rows. */
export function copyRow(
  layout: RowLayout,
  source: Int32Array,
  from: number,
  fromRows: number,
  target: Int32Array,
  to: number,
  toRows: number,
): void {
  const { runWords } = layout;
  copyRuns(layout, source, from * runWords, fromRows * runWords, target, to * runWords, toRows * runWords);
}

/** Contiguous row `from` becomes row `to` of a tensor of `toRows` rows. */
export function packRow(
  layout: RowLayout,
  rows: Int32Array,
  from: number,
  tensor: Int32Array,
  to: number,
  toRows: number,
): void {
  const { runWords, rowWords } = layout;
  copyRuns(layout, rows, from * rowWords, runWords, tensor, to * runWords, toRows * runWords);
}

/** Row `from` of a tensor of `fromRows` rows becomes contiguous row `to`. */
export function unpackRow(
  layout: RowLayout,
  tensor: Int32Array,
  from: number,
  fromRows: number,
  rows: Int32Array,
  to: number,
): void {
  const { runWords, rowWords } = layout;
  copyRuns(layout, tensor, from * runWords, fromRows * runWords, rows, to * rowWords, runWords);
}

/** All positions in words; a run lies `stride` behind the one before it. */
function copyRuns(
  { runs, runWords }: RowLayout,
  source: Int32Array,
  sourceAt: number,
  sourceStride: number,
  target: Int32Array,
  targetAt: number,
  targetStride: number,
): void {
  let from = sourceAt;
  let to = targetAt;
  for (let i = 0; i < runs; i++) {
    if (runWords < NATIVE_COPY_WORDS) for (let k = 0; k < runWords; k++) target[to + k] = source[from + k];
    else target.set(source.subarray(from, from + runWords), to);
    from += sourceStride;
    to += targetStride;
  }
}
