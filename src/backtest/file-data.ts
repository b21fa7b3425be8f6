/** A data file as a detector gets it: its readings in time order, those to learn from apart. */
import type { Config } from '../config/config.js';
import type { Frame } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import { contextOf } from '../stage-context.js';
import type { BacktestFile } from './data-files.js';
import { configOfFile, withAlignment, type BacktestSetting } from './file-config.js';
import { framesOf, packetsOf, rowsOfPackets, rowTimes, type RowTimes } from './history.js';
import { probationOf } from './nab-rewards.js';
import { readTable } from './table.js';

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
  const packets = await packetsOf(config, context, signal);
  if (packets.length !== rowOf.length - 1) {
    throw new UserError(
      'DATA_INVALID',
      `${path} has rows that cannot be told apart: ${packets.length} of ${rows} were read`,
    );
  }
  const frames = framesOf(packets, config, context);
  const split = frames.findIndex(({ seq }) => rowOf[seq] >= learntRows);
  const learntFrames = split < 0 ? frames.length : split;
  return {
    name,
    rows,
    times,
    rowOf,
    frames,
    learntFrames,
    learntRows,
    config: withAlignment(config, setting, frames.slice(0, learntFrames), path),
    counters: context.counters.toJSON(),
  };
}

function timeOf({ source }: Config): Parameters<typeof rowTimes>[2] {
  return (source.options as { readonly time?: Parameters<typeof rowTimes>[2] }).time;
}
