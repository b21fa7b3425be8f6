/** A judged file, as a test wants it. */
import type { FileResult } from '../../src/backtest/backtest-file.js';

/** 100 rows, a second apart; only what matters to the test is given. */
export function fileResult(parts: Partial<FileResult>): FileResult {
  const rows = 100;
  return {
    name: 'file.csv',
    texts: Array.from({ length: rows }, (_, row) => String(row)),
    timesUs: Float64Array.from({ length: rows }, (_, row) => row * 1e6),
    zones: new Set(),
    values: new Float64Array(rows),
    scores: new Float64Array(rows),
    alerts: new Int32Array(),
    anomalies: new Int32Array(),
    open: new Uint8Array(rows),
    learntRows: 15,
    constant: [],
    threshold: 0.4,
    candidates: [],
    counters: {},
    ...parts,
  };
}
