/** A data file as a backtest sees it: its rows, and the readings that a run would make of them. */
import type { Config } from '../config/config.js';
import type { Frame, Micros, Packet } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import type { StageContext } from '../core/kind.js';
import { takePackets } from '../intake.js';
import { timeOption, type TimeOption } from '../source/rows.js';
import { parseTime } from '../core/time.js';
import { isWhole, type Table } from './table.js';
import { ZonedTimes, type ZoneStyle } from './zones.js';

/** When the rows of a table are. */
export interface RowTimes {
  /** As they are written, one a row. */
  readonly texts: readonly string[];
  /** NaN: the row has no time. */
  readonly timesUs: Float64Array;
  readonly zones: ReadonlySet<ZoneStyle>;
}

/**
 * @param wanted column and format of the time; absent: found as the source finds it
 * @returns NaN also for rows that have not as many cells as there are columns: the source drops them
 * @throws UserError `DATA_TOO_SHORT` without rows, `DATA_INVALID` when no column is known to be the time, or only some times
 *   say their zone
 */
export function rowTimes(table: Table, path: string, wanted?: TimeOption): RowTimes {
  const { columns, rows } = table;
  if (rows.length === 0) throw new UserError('DATA_TOO_SHORT', `${path} has a header line and no rows`);
  const first = rows.find((row) => isWhole(table, row));
  const { field, format } = timeOption(wanted, columns, (name) => first?.cells[columns.indexOf(name)], path);
  const column = columns.indexOf(field);
  const texts = rows.map(({ cells }) => cells[column] ?? '');
  const times = new ZonedTimes();
  for (const text of texts) times.parse(text);
  if (times.isMixed) {
    throw new UserError('DATA_INVALID', `${path}: in column '${field}' some times name their zone and others do not`, {
      hint: 'write all of them with a zone, such as 2026-05-01T12:00:00+02:00, or none, which is UTC',
    });
  }
  const timesUs = Float64Array.from(texts, (text, row) =>
    isWhole(table, rows[row]) ? (parseTime(text, format) ?? NaN) : NaN,
  );
  return { texts, timesUs, zones: times.styles };
}

/**
 * What the configuration's decoder makes of the packets of its source, in order; what it cannot read is counted.
 * @returns also how many packets there were
 * @throws UserError as the source
 */
export async function readingsOf(
  config: Config,
  context: StageContext,
  signal: AbortSignal,
): Promise<{ readonly frames: readonly Frame[]; readonly packets: number }> {
  const decoder = config.decode.create(context);
  const frames: Frame[] = [];
  const emit = (frame: Frame): void => void frames.push(frame);
  let packets = 0;
  const onPackets = (batch: readonly Packet[]): void => {
    packets += batch.length;
    for (const packet of batch) decoder.decode(packet, emit);
  };
  await takePackets(config, { context, signal, onPackets });
  return { frames, packets };
}

/** Rows as time steps see them. */
export interface RowSteps {
  /** Start of the step that a row is in, by the time of its reading; NaN: there is none. */
  readonly stepUs: Float64Array;
  /** Of the channel; NaN: the row has none. */
  readonly values: Float64Array;
}

/**
 * @param rowOf row of the table by packet number (`seq`), 1-based
 * @param channel whose values are wanted
 */
export function rowSteps(
  frames: readonly Frame[],
  rowOf: Int32Array,
  rows: number,
  channel: string,
  stepUs: Micros,
): RowSteps {
  const steps = { stepUs: new Float64Array(rows).fill(NaN), values: new Float64Array(rows).fill(NaN) };
  for (const { seq, us, signal, data, mask } of frames) {
    const row = rowOf[seq];
    steps.stepUs[row] = Math.floor(us / stepUs) * stepUs;
    const at = signal.kind === 'channels' ? signal.names.indexOf(channel) : -1;
    if (at >= 0 && mask?.[at] !== 0) steps.values[row] = data[at];
  }
  return steps;
}

/** Row of the table by packet number: the source makes a packet of each row that has a time. [0] is not used. */
export function rowsOfPackets(timesUs: Float64Array): Int32Array {
  const rows = [-1];
  timesUs.forEach((us, row) => {
    if (!Number.isNaN(us)) rows.push(row);
  });
  return Int32Array.from(rows);
}
