/** Labelled stretches of time, and the rows of a file that lie in them. */
import type { Micros } from '../core/contracts.js';

/** From the first to the last moment of a fault, both included; a point when they are the same. */
export interface Span {
  readonly fromUs: Micros;
  readonly toUs: Micros;
}

/** Rows of a file, both included. */
export interface RowRange {
  readonly first: number;
  readonly last: number;
}

/** Share of a file's rows that the windows of its point labels take together (Lavin & Ahmad 2015, II.B). */
const WINDOWS_SHARE = 0.1;

export function isWithin(us: Micros, span: Span): boolean {
  return us >= span.fromUs && us <= span.toUs;
}

/** The same stretches, earliest first. */
export function inOrder(spans: readonly Span[]): Span[] {
  return spans.toSorted((a, b) => a.fromUs - b.fromUs || a.toUs - b.toUs);
}

/**
 * The rows that a span covers: from the first row in it to the first row at its very end, or to the last one before that.
 * Of rows that share the time of its end, NAB counts the first as inside and the others as after it, so they are here too.
 * @param timesUs of every row of the file, in its order
 * @returns undefined when no row lies in the span
 */
export function rowsOf(span: Span, timesUs: ArrayLike<Micros>): RowRange | undefined {
  let first = -1;
  let last = -1;
  for (let row = 0; row < timesUs.length; row++) {
    if (!isWithin(timesUs[row], span)) continue;
    if (first < 0) first = row;
    last = row;
    if (timesUs[row] === span.toUs) break;
  }
  return first < 0 ? undefined : { first, last };
}

/**
 * Makes windows of labels that are points, as NAB makes its own: all windows of a file together take a tenth of its rows,
 * each lies with its point in the middle, and those that touch become one. Labels that are stretches stay as they are.
 * @param timesUs of every row of the file, ascending
 * @returns earliest first
 */
export function windowsOfPoints(labels: readonly Span[], timesUs: ArrayLike<Micros>): Span[] {
  if (timesUs.length === 0 || labels.every((label) => label.fromUs < label.toUs)) return inOrder(labels);
  const half = Math.floor((WINDOWS_SHARE * timesUs.length) / labels.length / 2);
  const windows = labels.map((label) => (label.fromUs < label.toUs ? label : around(label, half, timesUs)));
  const merged: Span[] = [];
  for (const window of inOrder(windows)) {
    const before = merged.at(-1);
    if (before === undefined || window.fromUs > before.toUs) merged.push(window);
    else merged[merged.length - 1] = { fromUs: before.fromUs, toUs: Math.max(before.toUs, window.toUs) };
  }
  return merged;
}

/** The rows up to `half` before and after a point; the point itself when the file has no row there. */
function around(point: Span, half: number, timesUs: ArrayLike<Micros>): Span {
  const rows = rowsOf(point, timesUs);
  if (rows === undefined) return point;
  return {
    fromUs: timesUs[Math.max(0, rows.first - half)],
    toUs: timesUs[Math.min(timesUs.length - 1, rows.first + half)],
  };
}
