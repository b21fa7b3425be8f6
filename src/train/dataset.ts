/** Series in the channels' units → normalised sequences that a net can learn, and the normalisation for the card. */
import { calendarWidth, type CalendarPeriod, type ChannelScale, type ModelCard } from '../core/card.js';
import type { Micros } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import { median } from '../core/median.js';
import { beginChannels, CHANNEL_FIELDS, writeCalendar, writeChannels } from '../feature/scaling.js';
import { FEWEST_TO_FIT, fitChannels } from './fit.js';
import { requireEnough } from './require-enough.js';
import type { Series } from './series.js';
import type { MeasuredSequence } from './sequence.js';
import { sequenceRowBytes, SequenceRows } from './sequence-rows.js';
import { SpillFile, type SpillOptions } from './spill-file.js';

export interface DatasetOptions {
  readonly channels: readonly string[];
  readonly stepUs: Micros;
  readonly calendar: readonly CalendarPeriod[];
  /** One a channel, in its unit: differences smaller than this are always normal. */
  readonly noiseFloors: readonly number[];
  /** Share of every stream, at its end, that is held out. */
  readonly validationFraction: number;
  /** Samples that must remain to learn from, over all streams. */
  readonly fewestSamples: number;
  /** Absent: all sequences stay in memory. */
  readonly spill?: SpillOptions;
}

export interface Dataset {
  readonly sequences: readonly MeasuredSequence[];
  readonly inputs: number;
  readonly channels: number;
  readonly stepUs: Micros;
  readonly normalisation: ModelCard['normalisation'];
  /** Names of the channels that had the same value all the time, in every stream. */
  readonly constant: readonly string[];
  readonly rows: number;
  readonly streams: number;
  /** Start of the first and of the last time step. */
  readonly fromUs: Micros;
  readonly toUs: Micros;
  /** Where the sequences are when they are too many for memory; whoever has learnt them closes it. */
  readonly file?: SpillFile;
}

/** How many of the rows of a stream are learnt; those behind them are held out. */
export function learntRowsOf(rows: number, validationFraction: number): number {
  return Math.floor(rows * (1 - validationFraction));
}

/** Rows `from` … `to - 1` of a series: all that there are between two gaps. */
interface Range {
  readonly series: number;
  readonly from: number;
  readonly to: number;
  readonly split: number;
}

/**
 * Normalises with scales that are fitted on the learnt part of each stream only, so that the held-out tail stays unseen.
 * A stream with too few values to fit borrows the median over the others, and is left out of the card: at run time it
 * warms up like an unknown one.
 * @throws UserError `DATA_TOO_SHORT`, `DISK`
 */
export function prepareDataset(series: readonly Series[], options: DatasetOptions): Dataset {
  const { channels, validationFraction } = options;
  const learntRows = series.map((one) => learntRowsOf(one.rows, validationFraction));
  const fits = series.map((one, s) => fitChannels(one, learntRows[s], options.noiseFloors));
  const fitted = fits.map((channelFits) => channelFits.map((fit) => fit?.scale));
  const pooled = channels.map((name, c) => pool(name, nonEmpty(fitted.map((scales) => scales[c]))));
  const complete = series.flatMap((one, s) => {
    const scales = nonEmpty(fitted[s]);
    return scales.length === channels.length ? [[one.stream, scales] as const] : [];
  });
  const ranges = series.flatMap((_, s) => cutAtGaps(series, s, learntRows[s]));
  const scales = fitted.map((own) => own.map((scale, c) => scale ?? pooled[c]));
  const normalised = normalise(series, ranges, scales, options);
  return {
    ...normalised,
    inputs: channels.length + calendarWidth(options.calendar),
    channels: channels.length,
    stepUs: options.stepUs,
    normalisation: { pooled, streams: Object.fromEntries(complete) },
    constant: channels.filter((_, c) => fits.every((channelFits) => channelFits[c]?.constant !== false)),
    rows: series.reduce((sum, one) => sum + one.rows, 0),
    streams: series.length,
    fromUs: series.reduce((first, one) => Math.min(first, usOf(one, 0)), Infinity),
    toUs: series.reduce((last, one) => Math.max(last, usOf(one, one.rows - 1)), -Infinity),
  };
}

function usOf(series: Series, row: number): Micros {
  for (const { us } of series.pieces(row, row + 1)) return us[0];
  return NaN;
}

function nonEmpty(scales: readonly (ChannelScale | undefined)[]): ChannelScale[] {
  return scales.filter((scale) => scale !== undefined);
}

function pool(channel: string, scales: readonly ChannelScale[]): ChannelScale {
  if (scales.length === 0) {
    throw new UserError('DATA_TOO_SHORT', `channel '${channel}' has fewer than ${FEWEST_TO_FIT} values to learn from`, {
      hint: 'record for longer, lengthen align.stepMs, or leave the channel out',
    });
  }
  return { center: median(scales.map((one) => one.center)), scale: median(scales.map((one) => one.scale)) };
}

function cutAtGaps(all: readonly Series[], series: number, learntRows: number): Range[] {
  const { rows } = all[series];
  const ranges: Range[] = [];
  let from = 0;
  let row = 0;
  const cut = (to: number): void => {
    const split = Math.min(Math.max(learntRows - from - 1, 0), to - from - 1);
    // A single row has nothing to foretell.
    if (to - from > 1) ranges.push({ series, from, to, split });
    from = to;
  };
  for (const { starts } of all[series].pieces()) {
    for (let i = 0; i < starts.length; i++, row++) if (starts[i] === 1 && row > 0) cut(row);
  }
  cut(rows);
  return ranges;
}

function normalise(
  series: readonly Series[],
  ranges: readonly Range[],
  scales: readonly (readonly ChannelScale[])[],
  options: DatasetOptions,
): Pick<Dataset, 'sequences' | 'file'> {
  const { channels, calendar, spill } = options;
  const inputs = channels.length + calendarWidth(calendar);
  const total = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  const tooMany = spill !== undefined && total * sequenceRowBytes(inputs, channels.length) > spill.memoryBytes;
  const file = tooMany ? new SpillFile(spill.folder) : undefined;
  try {
    const rows = new SequenceRows(total, inputs, channels.length, file);
    const sequences: MeasuredSequence[] = [];
    let first = 0;
    let heldOut = false;
    for (const range of ranges) {
      const { from, to, split } = range;
      const one = series[range.series];
      const own = scales[range.series];
      if (writeRange(one, range, own, calendar, rows)) heldOut = true;
      const named = { stream: one.stream, fromUs: usOf(one, from), scales: own };
      sequences.push({ ...rows.sequence(first, to - from, split), ...named });
      first += to - from;
    }
    rows.flush();
    requireEnough(
      sequences,
      series.reduce((sum, one) => sum + one.rows, 0),
      heldOut,
      options,
    );
    return { sequences, ...(file === undefined ? {} : { file }) };
  } catch (error) {
    file?.close();
    throw error;
  }
}

/** @returns whether any held-out sample asks for a value that was observed */
function writeRange(
  series: Series,
  { from, to, split }: Range,
  scales: readonly ChannelScale[],
  calendar: readonly CalendarPeriod[],
  into: SequenceRows,
): boolean {
  const width = scales.length;
  const inputs = width + calendarWidth(calendar);
  const memory = new Float64Array(width * CHANNEL_FIELDS);
  beginChannels(memory, 0, scales);
  let at = from;
  let heldOut = false;
  for (const { n, us, values, mask } of series.pieces(from, to)) {
    for (let row = 0; row < n; row++, at++) {
      const next = into.next();
      writeChannels(into.x, next * inputs, values, mask, row * width, memory, 0, width);
      writeCalendar(into.x, next * inputs + width, us[row], calendar);
      for (let c = 0; c < width; c++) {
        const observed = mask[row * width + c];
        into.observed[next * width + c] = observed;
        if (observed === 1 && at - from > split) heldOut = true;
      }
    }
  }
  return heldOut;
}
