/** A data file as a detector gets it: its readings in time order, those to learn from apart. */
import type { Config } from '../config/config.js';
import type { Frame } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import { contextOf } from '../stage-context.js';
import type { BacktestFile } from './data-files.js';
import { configOfFile, withAlignment, type BacktestSetting } from './file-config.js';
import { readingsOf, rowsOfPackets, rowTimes, type RowTimes } from './history.js';
import { probationOf } from './nab-rewards.js';
import { readTable, type Table } from './table.js';

/** Share of the rows. */
const MOST_LATE = 0.1;

export interface FileData {
  readonly name: string;
  readonly rows: number;
  readonly times: RowTimes;
  /** Row by packet number. */
  readonly rowOf: Int32Array;
  /** Readings of all rows. */
  readonly frames: readonly Frame[];
  /** How many of the readings are in the rows to learn from, and how many rows these are. */
  readonly learntFrames: number;
  readonly learntRows: number;
  /** Time step and channels as written, or as found in the rows to learn from. */
  readonly config: Config;
  /** What was dropped on the way here, by reason. */
  readonly counters: Readonly<Record<string, number>>;
}

/** @throws UserError `DATA_…` when the file cannot be read or is too short to learn from; AbortError when `signal` is */
export async function readData(
  { path, name }: BacktestFile,
  setting: BacktestSetting,
  signal: AbortSignal,
): Promise<FileData> {
  const table = await readTable(path);
  const rows = table.rows.length;
  const learntRows = Math.min(rows, setting.learnRows ?? probationOf(rows));
  const learns = setting.model === undefined || setting.baselines.length > 0;
  if (learns && (learntRows === 0 || learntRows === rows)) {
    const what =
      learntRows === 0 ? 'too few to learn from a part of them' : 'none is left to judge after those to learn from';
    throw new UserError('DATA_TOO_SHORT', `${path} has ${rows} rows: ${what}`);
  }
  const config = await configOfFile(setting, path, table, learntRows);
  const context = contextOf(config);
  const times = rowTimes(table, path, timeOf(config));
  const rowOf = rowsOfPackets(times.timesUs);
  requireOrder(times.timesUs, table, path);
  const { frames, packets } = await readingsOf(config, context, signal);
  if (packets !== rowOf.length - 1) {
    throw new UserError('DATA_INVALID', `${path} has rows that cannot be told apart: ${packets} of ${rows} were read`);
  }
  const split = frames.findIndex(({ seq }) => rowOf[seq] >= learntRows);
  const learntFrames = split < 0 ? frames.length : split;
  const learnt = frames.slice(0, learntFrames);
  return {
    name,
    rows,
    times,
    rowOf,
    frames,
    learntFrames,
    learntRows,
    config: withAlignment(config, setting, learnt, table.columns, `the first ${learntRows} rows of ${path}`),
    counters: context.counters.toJSON(),
  };
}

/** A few rows that come late are dropped and counted, as in a run; of a file that is not in order most would be. */
function requireOrder(timesUs: Float64Array, table: Table, path: string): void {
  let latestUs = -Infinity;
  let late = 0;
  let first = -1;
  timesUs.forEach((us, row) => {
    if (us < latestUs) {
      late++;
      if (first < 0) first = row;
    }
    if (us > latestUs) latestUs = us;
  });
  if (late <= MOST_LATE * timesUs.length) return;
  const what = `${late} of ${timesUs.length} rows are earlier than one before them, the first in line ${table.rows[first].line}`;
  throw new UserError('DATA_INVALID', `${path} is not in the order of its times: ${what}`, {
    hint: 'sort it by its time; what is judged is what a device would have sent, row after row',
  });
}

function timeOf({ source }: Config): Parameters<typeof rowTimes>[2] {
  return (source.options as { readonly time?: Parameters<typeof rowTimes>[2] }).time;
}
