/**
 * Labels that stand in the data themselves, a 0 or 1 in each row, as in the Skoltech Anomaly Benchmark: `anomaly` while
 * something is wrong, `changepoint` where it begins or ends.
 */
import type { Micros } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import { TIME_FIELDS } from '../core/time.js';
import type { Span } from './spans.js';
import { readTable, type Table } from './table.js';
import { ZonedTimes, type ZoneStyle } from './zones.js';

/** Columns that are labels and no measurements: a detector must not see them. */
export const LABEL_COLUMNS = ['anomaly', 'changepoint'] as const;

/** Everything of one length: the rows of the file. */
export interface LabelColumns {
  readonly timesUs: Float64Array;
  readonly zones: ReadonlySet<ZoneStyle>;
  /** 1 = something is wrong. */
  readonly anomaly: Uint8Array;
  /** 1 = something begins or ends; undefined when the file has no such column. */
  readonly changepoint: Uint8Array | undefined;
}

/**
 * @param path of a CSV file with a header line
 * @returns undefined when it has no column `anomaly`
 * @throws UserError `DATA_MISSING` or `DATA_INVALID` when it cannot be read as a table, `LABELS` when a row has no time or
 *   a label is neither 0 nor 1
 */
export async function readLabelColumns(path: string): Promise<LabelColumns | undefined> {
  const table = await readTable(path);
  const [anomaly, changepoint] = LABEL_COLUMNS.map((wanted) => columnOf(table, wanted));
  if (anomaly < 0) return undefined;
  const time = table.columns.findIndex((name) => TIME_FIELDS.includes(name.toLowerCase()));
  if (time < 0) {
    throw new UserError('LABELS', `${path} has labels, but no column that is the time, such as ${TIME_FIELDS[0]}`);
  }
  const times = new ZonedTimes();
  const timesUs = Float64Array.from(table.rows, ({ cells, line }) => {
    const us = times.parse(cells[time]);
    if (us === undefined) throw new UserError('LABELS', `${path}, line ${line}: '${cells[time]}' is no time`);
    return us;
  });
  return {
    timesUs,
    zones: times.styles,
    anomaly: flags(table, anomaly, path),
    changepoint: changepoint < 0 ? undefined : flags(table, changepoint, path),
  };
}

/** The stretches of consecutive rows that are marked. @returns earliest first */
export function spansOfRows(marked: ArrayLike<number>, timesUs: ArrayLike<Micros>): Span[] {
  const spans: Span[] = [];
  for (let row = 0; row < marked.length; row++) {
    if (marked[row] === 0) continue;
    const first = row;
    while (row + 1 < marked.length && marked[row + 1] !== 0) row += 1;
    spans.push({ fromUs: timesUs[first], toUs: timesUs[row] });
  }
  return spans;
}

function columnOf(table: Table, wanted: string): number {
  return table.columns.findIndex((name) => name.toLowerCase() === wanted);
}

function flags(table: Table, column: number, path: string): Uint8Array {
  return Uint8Array.from(table.rows, ({ cells, line }) => {
    const value = cells[column] === '' ? NaN : Number(cells[column]);
    if (value === 0 || value === 1) return value;
    const what = `'${cells[column]}' in column '${table.columns[column]}' is neither 0 nor 1`;
    throw new UserError('LABELS', `${path}, line ${line}: ${what}`);
  });
}
