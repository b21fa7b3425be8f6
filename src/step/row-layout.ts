/**
 * Where one stream's values lie in a tensor whose batch axis may be anywhere. kioku keeps a stream's row contiguous
 * (`width` values, slot after slot), whatever the model does: [B, 32] is one run of 32, [12, B, 512] twelve runs of 512.
 */

import type { RowShape } from '../core/step-model.js';

/** float32 or int64 values: copied alike. */
interface Cells {
  [index: number]: number | bigint;
}

export interface RowLayout {
  readonly shape: RowShape;
  /** Values of one row: `runs` × `run`. */
  readonly width: number;
  /** Product of the axes before the batch axis; 1 = the batch axis is the first (or only ones lie before it). */
  readonly runs: number;
  /** Product of the axes after the batch axis: values that lie side by side. */
  readonly run: number;
}

export function rowLayout(shape: RowShape): RowLayout {
  const axis = shape.indexOf('B');
  let runs = 1;
  let run = 1;
  shape.forEach((size, i) => {
    if (size === 'B') return;
    if (i < axis) runs *= size;
    else run *= size;
  });
  return { shape, width: runs * run, runs, run };
}

/** The shape with `rows` in the place of `B`. */
export function shapeOf(layout: RowLayout, rows: number): number[] {
  return layout.shape.map((size) => (size === 'B' ? rows : size));
}

/** Copies row `from` of a contiguous slab into row `row` of a tensor of `rows` rows. */
export function packRow(layout: RowLayout, slab: Cells, from: number, tensor: Cells, row: number, rows: number): void {
  const { run, runs, width } = layout;
  for (let i = 0; i < runs; i++) {
    const source = from * width + i * run;
    const target = (i * rows + row) * run;
    for (let k = 0; k < run; k++) tensor[target + k] = slab[source + k];
  }
}

/** The inverse of `packRow`: row `row` of a tensor into row `to` of a slab. */
export function unpackRow(layout: RowLayout, tensor: Cells, row: number, rows: number, slab: Cells, to: number): void {
  const { run, runs, width } = layout;
  for (let i = 0; i < runs; i++) {
    const source = (i * rows + row) * run;
    const target = to * width + i * run;
    for (let k = 0; k < run; k++) slab[target + k] = tensor[source + k];
  }
}
