/** Which rows of a file a chart shows, and where its lines break off. */
import { median } from '../core/median.js';
import { pick, thin } from './pack.js';

/** Stands for no row: the line breaks off. */
export const BREAK = -1;
/** Usual intervals between two rows without which a line goes on. */
const BRIDGED = 10;

/**
 * Rows by their time, so many as a chart may have, with the extremes of the traces, and a break in each long gap.
 * @param timesUs of every row; NaN: it has none
 * @param traces of equal length; rows without a value of the first one are left out
 * @param most rows, breaks not counted
 */
export function shownRows(timesUs: Float64Array, traces: readonly Float64Array[], most: number): Int32Array {
  const known = Int32Array.from(timesUs.keys()).filter(
    (row) => !Number.isNaN(timesUs[row]) && !Number.isNaN(traces[0][row]),
  );
  const rows = known.toSorted((a, b) => timesUs[a] - timesUs[b] || a - b);
  if (rows.length === 0) return rows;
  const ordered = traces.map((trace) => pick(trace, rows));
  const gapsAt = gapsIn(pick(timesUs, rows));
  const shown: number[] = [];
  let gap = 0;
  for (const i of thin(ordered, most)) {
    if (gap < gapsAt.length && i >= gapsAt[gap]) shown.push(BREAK);
    while (gap < gapsAt.length && i >= gapsAt[gap]) gap++;
    shown.push(rows[i]);
  }
  return Int32Array.from(shown);
}

/** The times of shown rows in ms; a break lies in the middle of its gap. */
export function timesOf(timesUs: Float64Array, shown: Int32Array): Float64Array {
  return Float64Array.from(shown, (row, i) => {
    if (row !== BREAK) return timesUs[row] / 1000;
    return (timesUs[shown[i - 1]] + timesUs[shown[i + 1]]) / 2000;
  });
}

/** The values of shown rows; NaN: a break. */
export function valuesOf(values: Float64Array, shown: Int32Array): Float64Array {
  return Float64Array.from(shown, (row) => (row === BREAK ? NaN : values[row]));
}

/** Where time jumps by much more than it usually does. @returns positions before which it does, ascending */
function gapsIn(timesUs: Float64Array): number[] {
  const intervals = timesUs.subarray(1).map((us, i) => us - timesUs[i]);
  const longest = BRIDGED * median(Array.from(intervals.filter((us) => us > 0)));
  const gaps: number[] = [];
  intervals.forEach((us, i) => {
    if (us > longest) gaps.push(i + 1);
  });
  return gaps;
}
