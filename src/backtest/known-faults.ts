/** What is known about the data of a backtest before it begins: when something was wrong in each file. */
import { sep } from 'node:path';
import type { TimeOption } from '../source/rows.js';
import type { BacktestFile } from './data-files.js';
import { UserError } from '../core/errors.js';
import { rowTimes, type RowTimes } from './history.js';
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

/** A file that is to be judged, and what is known about it. */
export interface KnownFile {
  readonly file: BacktestFile;
  readonly rows: number;
  readonly known: KnownFaults;
}

/** A file that cannot be judged, and why. */
export interface RefusedFile {
  readonly file: BacktestFile;
  readonly error: UserError;
}

/**
 * A file that cannot be read, or whose own columns of labels are malformed, is refused and keeps nobody from the others.
 * @param labels path of a file of labels; absent: columns of the data files that are labels (`LABEL_COLUMNS`)
 * @param time column of the data that is their time; absent: found
 * @throws UserError `LABELS` when a file of labels is malformed or does not fit, `DATA_MISSING` when it cannot be read
 */
export async function knownFaults(
  files: readonly BacktestFile[],
  labels: string | undefined,
  time?: TimeOption,
): Promise<{ readonly known: readonly KnownFile[]; readonly refused: readonly RefusedFile[] }> {
  const read = labels === undefined ? undefined : await readLabels(labels);
  const refused: RefusedFile[] = [];
  const readable: { readonly file: BacktestFile; readonly facts: Facts }[] = [];
  // One after the other: of a large file only its times stay in memory.
  for (const file of files) {
    try {
      readable.push({ file, facts: await factsOf(file.path, time, read === undefined) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refused.push({ file, error });
    }
  }
  if (read === undefined || readable.length === 0) {
    const known = readable.map(({ file, facts }) => ({
      file,
      rows: facts.timesUs.length,
      known: faultsInColumns(facts),
    }));
    return { known, refused };
  }
  const fitted = fitLabels(
    read,
    readable.map(({ file, facts }) => ({ path: file.path.replaceAll(sep, '/'), ...facts })),
  );
  const known = readable.map(({ file, facts }, f) => ({
    file,
    rows: facts.timesUs.length,
    known: { faults: fitted[f] },
  }));
  return { known, refused };
}

interface Facts extends Pick<RowTimes, 'timesUs' | 'zones'> {
  readonly columns: LabelColumns | undefined;
}

async function factsOf(path: string, time: TimeOption | undefined, wantsColumns: boolean): Promise<Facts> {
  const table = await readTable(path);
  const { timesUs, zones } = rowTimes(table, path, time);
  return { timesUs, zones, columns: wantsColumns ? labelColumnsOf(table, path) : undefined };
}

function faultsInColumns({ columns, timesUs }: Facts): KnownFaults {
  return columns === undefined ? { faults: undefined } : { faults: spansOfRows(columns.anomaly, timesUs), columns };
}
