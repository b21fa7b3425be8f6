/** What is known about the data of a backtest before it begins: when something was wrong in each file. */
import { sep } from 'node:path';
import type { TimeOption } from '../source/rows.js';
import type { BacktestFile } from './data-files.js';
import { rowTimes } from './history.js';
import { labelColumnsOf, spansOfRows, type LabelColumns } from './label-columns.js';
import { fitLabels } from './label-fit.js';
import { readLabels } from './labels.js';
import type { Span } from './spans.js';
import { readTable } from './table.js';

export interface KnownFaults {
  /** Earliest first; undefined: the file is not labelled. */
  readonly faults: readonly Span[] | undefined;
  /** Where the labels are columns of the data. */
  readonly columns?: LabelColumns;
}

/**
 * @param labels path of a file of labels; absent: columns of the data files that are labels (`LABEL_COLUMNS`)
 * @param time column of the data that is their time; absent: found
 * @returns one entry a file
 * @throws UserError `LABELS`, `DATA_MISSING`, `DATA_INVALID`
 */
export async function knownFaults(
  files: readonly BacktestFile[],
  labels: string | undefined,
  time?: TimeOption,
): Promise<KnownFaults[]> {
  if (labels === undefined) return Promise.all(files.map(({ path }) => faultsInColumns(path, time)));
  const read = await readLabels(labels);
  const data = await Promise.all(
    files.map(async ({ path }) => {
      const { timesUs, zones } = rowTimes(await readTable(path), path, time);
      return { path: path.replaceAll(sep, '/'), timesUs, zones };
    }),
  );
  return fitLabels(read, data).map((faults) => ({ faults }));
}

async function faultsInColumns(path: string, time: TimeOption | undefined): Promise<KnownFaults> {
  const table = await readTable(path);
  const columns = labelColumnsOf(table, path);
  if (columns === undefined) return { faults: undefined };
  return { faults: spansOfRows(columns.anomaly, rowTimes(table, path, time).timesUs), columns };
}
