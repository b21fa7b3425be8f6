/**
 * Labels that stand in the data themselves, a 0 or 1 in each row, as in the Skoltech Anomaly Benchmark: `anomaly` while
 * something is wrong, `changepoint` where it begins or ends.
 */
import type { Micros } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import type { Span } from './spans.js';
import { isWhole, type Table } from './table.js';

/** Columns that are labels and no measurements: a detector must not see them. */
export const LABEL_COLUMNS = ['anomaly', 'changepoint'] as const;

/** One entry per row of the table. */
export interface LabelColumns {
  /** 1 = something is wrong. */
  readonly anomaly: Uint8Array;
  /** 1 = something begins or ends; undefined when there is no such column. */
  readonly changepoint: Uint8Array | undefined;
}

/**
 * @param path of the table, for messages
 * @returns undefined when it has no column `anomaly`
 * @throws UserError `LABELS` when a label is neither 0 nor 1
 */
export function labelColumnsOf(table: Table, path: string): LabelColumns | undefined {
  const [anomaly, changepoint] = LABEL_COLUMNS.map((wanted) => columnOf(table, wanted));
  if (anomaly < 0) return undefined;
  return {
    anomaly: flags(table, anomaly, path),
    changepoint: changepoint < 0 ? undefined : flags(table, changepoint, path),
  };
}

/**
 * The stretches of consecutive rows that are marked.
 * @param timesUs of the rows; NaN: the row has no time, as if it were not there
 * @returns earliest first
 */
export function spansOfRows(marked: ArrayLike<number>, timesUs: ArrayLike<Micros>): Span[] {
  const spans: Span[] = [];
  let goesOn = false;
  for (let row = 0; row < marked.length; row++) {
    const us = timesUs[row];
    if (Number.isNaN(us)) continue;
    const isMarked = marked[row] !== 0;
    if (isMarked && goesOn) spans[spans.length - 1] = { fromUs: spans[spans.length - 1].fromUs, toUs: us };
    else if (isMarked) spans.push({ fromUs: us, toUs: us });
    goesOn = isMarked;
  }
  return spans;
}

function columnOf(table: Table, wanted: string): number {
  return table.columns.findIndex((name) => name.toLowerCase() === wanted);
}

function flags(table: Table, column: number, path: string): Uint8Array {
  return Uint8Array.from(table.rows, (row) => {
    // What nobody can read is judged as little as it is labelled.
    if (!isWhole(table, row)) return 0;
    const { cells, line } = row;
    const value = cells[column] === '' ? NaN : Number(cells[column]);
    if (value === 0 || value === 1) return value;
    const what = `'${cells[column]}' in column '${table.columns[column]}' is neither 0 nor 1`;
    throw new UserError('LABELS', `${path}, line ${line}: ${what}`);
  });
}
