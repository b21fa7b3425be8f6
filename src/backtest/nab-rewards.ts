/**
 * What a detection in a row is worth to the Numenta Anomaly Benchmark, before it is weighted by a profile.
 *
 * Lavin & Ahmad, "Evaluating Real-time Anomaly Detection Algorithms – the Numenta Anomaly Benchmark", ICMLA 2015, as the
 * benchmark's own sweeper has it since version 1.1 (positions are rows, not times):
 *
 *     in a window of w rows whose last row is r, row i:  σ(−(r − i + 1) / w) / σ(−1)      1 … 0 (earlier is better)
 *     after it, before the next one:                     σ((i − r) / (w − 1))             0 … −1
 *     before the first window:                           −1
 *     σ(y) = 2 / (1 + e^{5y}) − 1, and −1 beyond y = 3
 */
import type { Micros } from '../core/contracts.js';
import { inOrder, rowsOf, type Span } from './spans.js';

const PROBATION_SHARE = 0.15;
const PROBATION_ROWS = 750;
const FAR_BEHIND = 3;

/** Rows of one file as the benchmark sees them. */
export interface NabRows {
  /** Rows before this one are neither rewarded nor punished. */
  readonly probation: number;
  /** Number of the window that a row lies in; −1 = none. */
  readonly windowOf: Int32Array;
  /** Per row: in a window above 0 up to 1, elsewhere below 0 down to −1. */
  readonly reward: Float64Array;
  /** Windows with a row after the probation, the ones that can be found or missed. */
  readonly windows: number;
}

/** Rows at the beginning of a file of `rows` rows that may be learnt from and do not count: 15 %, at most 750. */
export function probationOf(rows: number): number {
  return Math.min(Math.floor(PROBATION_SHARE * rows), PROBATION_ROWS);
}

/**
 * Scaled sigmoid of the position relative to a window's right edge.
 * @param position −1 = its left edge, 0 = its right edge, 1 = one window's length behind it
 * @returns 0.98661 … −1
 */
export function scaledSigmoid(position: number): number {
  return position > FAR_BEHIND ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

/**
 * @param timesUs of every row of the file, in its order
 * @param windows that do not overlap; one in which no row lies counts for nothing
 */
export function nabRows(timesUs: ArrayLike<Micros>, windows: readonly Span[]): NabRows {
  const rows = timesUs.length;
  const probation = probationOf(rows);
  const windowOf = new Int32Array(rows).fill(-1);
  const reward = new Float64Array(rows).fill(-1);
  const earliest = scaledSigmoid(-1);
  let reachable = 0;
  for (const window of inOrder(windows)) {
    const range = rowsOf(window, timesUs);
    if (range === undefined) continue;
    const { first, last } = range;
    const width = last - first + 1;
    for (let row = first; row <= last; row++) reward[row] = scaledSigmoid(-(last - row + 1) / width) / earliest;
    // A window of one row has no length to measure by: everything behind it is far behind.
    for (let row = last + 1; row < rows; row++)
      reward[row] = width === 1 ? -1 : scaledSigmoid((row - last) / (width - 1));
    if (last < probation) continue;
    windowOf.fill(reachable, first, last + 1);
    reachable += 1;
  }
  return { probation, windowOf, reward, windows: reachable };
}
