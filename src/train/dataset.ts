/** Series in the channels' units → normalised sequences that a net can learn, and the normalisation for the card. */
import { calendarWidth, type CalendarPeriod, type ChannelScale, type ModelCard } from '../core/card.js';
import type { Micros } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import { median } from '../core/median.js';
import { beginChannels, CHANNEL_FIELDS, fitScale, writeCalendar, writeChannels } from '../feature/scaling.js';
import type { Series } from './series.js';

/** Observed values below which the spread of a channel is a guess. */
const FEWEST_TO_FIT = 20;

/**
 * One stretch of a stream without a gap: n rows, n - 1 samples. Sample r shows the net row r and asks for row r + 1.
 * Samples below `split` are learnt; the others are held out.
 */
export interface Sequence {
  readonly rows: number;
  /** [n, I] normalised channels (missing: the last observed value, 0 before the first), then the calendar. */
  readonly x: Float32Array;
  /** [n, C], 1 = observed. */
  readonly observed: Uint8Array;
  /** 0 … n - 1 */
  readonly split: number;
}

/** A sequence of which one knows what, where and when it was. */
export interface MeasuredSequence extends Sequence {
  readonly stream: string;
  /** Start of the first row; the others follow without a gap. */
  readonly fromUs: Micros;
  /** What its channels were normalised with. */
  readonly scales: readonly ChannelScale[];
}

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
}

export interface Dataset {
  readonly sequences: readonly MeasuredSequence[];
  readonly inputs: number;
  readonly channels: number;
  readonly normalisation: ModelCard['normalisation'];
  readonly rows: number;
  readonly streams: number;
  /** Start of the first and of the last time step. */
  readonly fromUs: Micros;
  readonly toUs: Micros;
}

/**
 * Normalises with scales that are fitted on the learnt part of each stream only, so that the held-out tail stays unseen.
 * A stream with too few values to fit borrows the median over the others, and is left out of the card: at run time it
 * warms up like an unknown one.
 * @throws UserError `DATA_TOO_SHORT`
 */
export function prepareDataset(series: readonly Series[], options: DatasetOptions): Dataset {
  const { channels, validationFraction } = options;
  const learntRows = series.map((one) => Math.floor(one.us.length * (1 - validationFraction)));
  const fitted = series.map((one, s) => channels.map((_, c) => fitChannel(one, c, learntRows[s], options)));
  const pooled = channels.map((name, c) => pool(name, nonEmpty(fitted.map((scales) => scales[c]))));
  const complete = series.flatMap((one, s) => {
    const scales = nonEmpty(fitted[s]);
    return scales.length === channels.length ? [[one.stream, scales] as const] : [];
  });
  const sequences = series.flatMap((one, s) => {
    const scales = fitted[s].map((scale, c) => scale ?? pooled[c]);
    return cutAtGaps(one, scales, learntRows[s], options.calendar);
  });
  requireEnough(sequences, options);
  return {
    sequences,
    inputs: channels.length + calendarWidth(options.calendar),
    channels: channels.length,
    normalisation: { pooled, streams: Object.fromEntries(complete) },
    rows: series.reduce((sum, one) => sum + one.us.length, 0),
    streams: series.length,
    fromUs: series.reduce((first, one) => Math.min(first, one.us[0]), Infinity),
    toUs: series.reduce((last, one) => Math.max(last, one.us[one.us.length - 1]), -Infinity),
  };
}

function fitChannel(series: Series, channel: number, rows: number, options: DatasetOptions): ChannelScale | undefined {
  const width = options.channels.length;
  const observed = new Float64Array(rows);
  let n = 0;
  for (let row = 0; row < rows; row++) {
    if (series.mask[row * width + channel] === 1) observed[n++] = series.values[row * width + channel];
  }
  return n < FEWEST_TO_FIT ? undefined : fitScale(observed.subarray(0, n), options.noiseFloors[channel] ?? 0);
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

function cutAtGaps(
  series: Series,
  scales: readonly ChannelScale[],
  learntRows: number,
  calendar: readonly CalendarPeriod[],
): MeasuredSequence[] {
  const total = series.us.length;
  const sequences: MeasuredSequence[] = [];
  let from = 0;
  for (let row = 1; row <= total; row++) {
    if (row < total && series.starts[row] === 0) continue;
    // A single row has nothing to foretell.
    if (row - from > 1) {
      const split = Math.min(Math.max(learntRows - from - 1, 0), row - from - 1);
      sequences.push(normalise(series, scales, { from, to: row, split }, calendar));
    }
    from = row;
  }
  return sequences;
}

function normalise(
  series: Series,
  scales: readonly ChannelScale[],
  range: { from: number; to: number; split: number },
  calendar: readonly CalendarPeriod[],
): MeasuredSequence {
  const width = scales.length;
  const inputs = width + calendarWidth(calendar);
  const rows = range.to - range.from;
  const x = new Float32Array(rows * inputs);
  const channels = new Float64Array(width * CHANNEL_FIELDS);
  beginChannels(channels, 0, scales);
  for (let row = 0; row < rows; row++) {
    const at = range.from + row;
    writeChannels(x, row * inputs, series.values, series.mask, at * width, channels, 0, width);
    writeCalendar(x, row * inputs + width, series.us[at], calendar);
  }
  const observed = series.mask.slice(range.from * width, range.to * width);
  return { rows, x, observed, split: range.split, stream: series.stream, fromUs: series.us[range.from], scales };
}

function requireEnough(sequences: readonly Sequence[], options: DatasetOptions): void {
  const learnt = sequences.reduce((sum, one) => sum + one.split, 0);
  const samples = sequences.reduce((sum, one) => sum + one.rows - 1, 0);
  if (learnt >= options.fewestSamples && sequences.some((one) => hasHeldOut(one, options.channels.length))) return;
  const needed = Math.ceil((options.fewestSamples + 1) / (1 - options.validationFraction)) + 1;
  const seconds = (steps: number): string => `${Number(((steps * options.stepUs) / 1e6).toPrecision(3))} s`;
  throw new UserError(
    'DATA_TOO_SHORT',
    `there are ${samples} time steps to learn from (${seconds(samples)}); ` +
      `at least ${needed} without a gap (${seconds(needed)}), with readings up to the end, are needed`,
    { hint: 'record for longer, or choose a shorter align.stepMs or train.sequenceLength' },
  );
}

/** Whether any held-out sample asks for a value that was observed. */
function hasHeldOut(sequence: Sequence, channels: number): boolean {
  return sequence.observed.includes(1, (sequence.split + 1) * channels);
}
