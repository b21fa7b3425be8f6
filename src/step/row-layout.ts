/**
 * Where one stream's values lie in a tensor whose batch axis may be anywhere. kioku keeps a stream's row contiguous
 * (`width` values, slot after slot), whatever the model does: [B, 32] is one run of 32, [12, B, 512] twelve runs of 512.
 */

/** Shape of a tensor in the model card: `B` is the batch axis. */
export type CardShape = readonly ('B' | number)[];

export interface RowLayout {
  readonly shape: CardShape;
  /** Values of one row: `runs` × `run`. */
  readonly width: number;
  /** Product of the axes before the batch axis; 1 = the batch axis is the first (or only ones lie before it). */
  readonly runs: number;
  /** Product of the axes after the batch axis: values that lie side by side. */
  readonly run: number;
}

export function rowLayout(shape: CardShape): RowLayout {
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

/** The card's shape with `rows` in the place of `B`. */
export function shapeOf(layout: RowLayout, rows: number): number[] {
  return layout.shape.map((size) => (size === 'B' ? rows : size));
}

/** Copies row `from` of a contiguous slab into row `row` of a tensor of `rows` rows. */
export function packRow(
  layout: RowLayout,
  slab: Float32Array,
  from: number,
  tensor: Float32Array,
  row: number,
  rows: number,
): void {
  const { run, runs, width } = layout;
  for (let i = 0; i < runs; i++) {
    const source = from * width + i * run;
    const target = (i * rows + row) * run;
    for (let k = 0; k < run; k++) tensor[target + k] = slab[source + k];
  }
}

/** The inverse of `packRow`: row `row` of a tensor into row `to` of a slab. */
export function unpackRow(
  layout: RowLayout,
  tensor: Float32Array,
  row: number,
  rows: number,
  slab: Float32Array,
  to: number,
): void {
  const { run, runs, width } = layout;
  for (let i = 0; i < runs; i++) {
    const source = (i * rows + row) * run;
    const target = to * width + i * run;
    for (let k = 0; k < run; k++) slab[target + k] = tensor[source + k];
  }
}
