/** Numbers into a page: which rows of a long series, and as which bytes. */
import type { Packed } from './chart.js';

/** Share of the range of a series that nobody sees, however far a chart is zoomed in. */
const UNSEEN = 1e-5;

/** As float32 where no chart shows the difference, else as float64: times, counters that have counted for years. */
export function pack(values: ArrayLike<number>): Packed {
  let least = Infinity;
  let most = -Infinity;
  let error = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (Number.isNaN(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
    error = Math.max(error, Math.abs(Math.fround(value) - value));
  }
  const isFine = error < Infinity && error <= UNSEEN * (most - least);
  const numbers = isFine ? Float32Array.from(values) : Float64Array.from(values);
  return {
    type: isFine ? 'float32' : 'float64',
    base64: Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64'),
  };
}

/**
 * The rows to show of a series that is longer than a chart needs: of every stretch of equal length those with the least and
 * the greatest value of each trace, so that no spike is lost however long the series is.
 * @param traces of equal length; NaN: none
 * @param most rows to choose, ≥ 2 + 2 · traces
 * @returns ascending; all where they are not more than that; the first and the last one always
 */
export function thin(traces: readonly ArrayLike<number>[], most: number): Int32Array {
  const rows = traces[0].length;
  if (rows <= most) return Int32Array.from({ length: rows }, (_, row) => row);
  const stretches = Math.max(1, Math.floor((most - 2) / (2 * traces.length)));
  const chosen = new Set<number>([0, rows - 1]);
  for (let s = 0; s < stretches; s++) {
    const from = Math.floor((s * rows) / stretches);
    const to = Math.floor(((s + 1) * rows) / stretches);
    for (const trace of traces) {
      // A stretch without any value keeps a row without one: a hole stays a hole.
      let least = from;
      let greatest = from;
      for (let row = from + 1; row < to; row++) {
        if (trace[row] < trace[least] || Number.isNaN(trace[least])) least = row;
        if (trace[row] > trace[greatest] || Number.isNaN(trace[greatest])) greatest = row;
      }
      chosen.add(least).add(greatest);
    }
  }
  return Int32Array.from(chosen).toSorted();
}

/**
 * How long a series may be when all together have room for `most` rows and the short ones are not thinned.
 * @param lengths of the series
 * @param least it may be in any case
 */
export function fairShare(lengths: readonly number[], most: number, least: number): number {
  let rest = most;
  const ascending = lengths.toSorted((a, b) => a - b);
  for (const [i, length] of ascending.entries()) {
    const share = rest / (ascending.length - i);
    if (length > share) return Math.max(least, Math.floor(share));
    rest -= length;
  }
  return Math.max(least, ascending.at(-1) ?? 0);
}

/** The values of `rows`. */
export function pick(values: ArrayLike<number>, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => values[row]);
}
