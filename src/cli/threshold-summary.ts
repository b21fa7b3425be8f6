/** What a training found for `decide.alertsPerWeek`, for people and as JSON: without the table of streams. */
import type { FoundThreshold, Threshold } from '../core/calibration.js';
import { counted } from '../core/counted.js';

export interface ThresholdSummary extends Omit<FoundThreshold, 'streams'> {
  /** Streams with an opening score of their own. */
  readonly streams: number;
  /** Of those streams; null: there is none. */
  readonly own: {
    readonly openScore: { readonly least: number; readonly most: number };
    /** The lowest and highest bound of any stream; expected is the mean. */
    readonly ratePerWeek: Threshold['ratePerWeek'];
  } | null;
}

export function summariseThreshold({ streams, ...others }: FoundThreshold): ThresholdSummary {
  const all = Object.values(streams);
  if (all.length === 0) return { ...others, streams: 0, own: null };
  const scores = all.map(({ openScore }) => openScore);
  const rates = all.map(({ ratePerWeek }) => ratePerWeek);
  return {
    ...others,
    streams: all.length,
    own: {
      openScore: { least: scores.reduce((a, b) => Math.min(a, b)), most: scores.reduce((a, b) => Math.max(a, b)) },
      ratePerWeek: {
        low: rates.reduce((least, { low }) => Math.min(least, low), Infinity),
        expected: rates.reduce((sum, { expected }) => sum + expected, 0) / rates.length,
        high: rates.reduce((most, { high }) => Math.max(most, high), 0),
      },
    },
  };
}

/** One line, such as `opening score 0.47: about 1 alert a week (0.3 to 3) per stream, from 3 h held out`. */
export function describeThreshold({
  alertsPerWeek,
  streams,
  own,
  openScore,
  ratePerWeek,
  from,
}: ThresholdSummary): string {
  const { low, expected, high } = own?.ratePerWeek ?? ratePerWeek;
  const { least, most } = own?.openScore ?? { least: openScore, most: openScore };
  const rate = number(expected);
  const data = `${duration(from.hours)} ${from.heldOut ? 'held out' : 'of what was learnt, too little being held out'}`;
  return (
    `${openScores(number(least), number(most))}: about ${rate} alert${rate === '1' ? '' : 's'} a week (${number(low)} to ${number(high)}) per stream, ` +
    `from ${data}${streams > 1 ? ` of ${counted(streams, 'stream')}` : ''}` +
    (rate === number(alertsPerWeek) ? '' : `; ${number(alertsPerWeek)} as wished cannot be had`)
  );
}

function openScores(least: string, most: string): string {
  return least === most ? `opening score ${least}` : `opening scores ${least} to ${most}`;
}

function number(value: number): string {
  return String(Number(value.toPrecision(2)));
}

function duration(hours: number): string {
  if (hours < 2) return `${number(hours * 60)} min`;
  return hours < 72 ? `${number(hours)} h` : `${number(hours / 24)} days`;
}
