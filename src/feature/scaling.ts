/** From a channel's own unit to the net's (z, about −3 … 3 in normal times) and back; the calendar beside it. */
import { MICROS } from '../core/time.js';
import type { CalendarPeriod, ChannelScale } from '../core/card.js';

/** Standard deviation of a normal distribution / its median absolute deviation (Hampel 1974). */
const SIGMA_PER_MAD = 1.4826;
/** Tail probability and how many standard deviations of a normal distribution lie between both tails. */
const TAILS = [
  { p: 0.05, sigmas: 3.2897 },
  { p: 0.01, sigmas: 4.6527 },
] as const;
/** A value this many spreads away is still passed on linearly. */
const LINEAR_Z = 3;
/** Spread of a constant channel, as a part of its value: one part in a thousand is about what a sensor resolves. */
const CONSTANT_SPREAD = 1e-3;
/** Below this part of the value a spread is rounding, not signal. */
export const ROUNDING_SPREAD = 1e-9;

/** The p-quantile (0 … 1) of sorted values, interpolated linearly (type 7 of Hyndman & Fan 1996). */
function quantileOf(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

function standardDeviation(values: Float64Array): number {
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const delta = values[i] - mean;
    mean += delta / (i + 1);
    squares += delta * (values[i] - mean);
  }
  return Math.sqrt(squares / values.length);
}

/**
 * The spread of values of which most are normal. 1.4826 · median absolute deviation ignores up to half of the values.
 * When more than half of them are equal (a pump that mostly stands still) it is 0 and would make every start of the
 * pump an outlier: then the distance between the 5 % and 95 % quantiles counts, then that between 1 % and 99 %, then the
 * standard deviation, each scaled so that it is the standard deviation of normally distributed values.
 */
function robustSpread(sorted: Float64Array, center: number): number {
  const deviations = sorted.map((value) => Math.abs(value - center)).toSorted();
  const mad = SIGMA_PER_MAD * quantileOf(deviations, 0.5);
  if (mad > 0) return mad;
  for (const { p, sigmas } of TAILS) {
    const width = quantileOf(sorted, 1 - p) - quantileOf(sorted, p);
    if (width > 0) return width / sigmas;
  }
  return standardDeviation(sorted);
}

/**
 * Centre and spread of one channel: median and a robust spread (see `robustSpread`).
 * @param values observed, finite values in the channel's unit, in any order; may be empty (then centre 0)
 * @param noiseFloor differences smaller than this are always normal: the least spread, in the channel's unit, ≥ 0
 * @returns a scale > 0; of a constant channel a thousandth of its value, or 1 when that is 0
 */
export function fitScale(values: Float64Array, noiseFloor: number): ChannelScale {
  if (values.length === 0) return { center: 0, scale: noiseFloor > 0 ? noiseFloor : 1 };
  const sorted = values.toSorted();
  const center = quantileOf(sorted, 0.5);
  const size = Math.abs(center);
  const spread = Math.max(robustSpread(sorted, center), noiseFloor);
  if (spread > ROUNDING_SPREAD * size) return { center, scale: spread };
  return { center, scale: size > 0 ? CONSTANT_SPREAD * size : 1 };
}

/** What is remembered of a stream's channels, [C] times: the scale, and the last observed value since a gap (NaN = none). */
export const CHANNEL = { center: 0, scale: 1, held: 2 } as const;
export const CHANNEL_FIELDS = 3;

/** Writes the memory of C channels that have these scales and have not been observed yet. */
export function beginChannels(memory: Float64Array, at: number, scales: readonly ChannelScale[]): void {
  for (let c = 0, channel = at; c < scales.length; c++, channel += CHANNEL_FIELDS) {
    memory[channel + CHANNEL.center] = scales[c].center;
    memory[channel + CHANNEL.scale] = scales[c].scale;
    memory[channel + CHANNEL.held] = Number.NaN;
  }
}

/** After a gap the values before it say nothing any more. */
export function forgetHeld(memory: Float64Array, at: number, channels: number): void {
  for (let c = 0; c < channels; c++) memory[at + CHANNEL_FIELDS * c + CHANNEL.held] = Number.NaN;
}

/**
 * Normalises: linear to ±3 spreads, beyond that a symmetric logarithm, so that an outlier stays visible without
 * drowning the net: z = sign(u) · (3 + ln(1 + |u| − 3)) with u = (value − centre) / scale. Continuous and smooth.
 * @param value in the channel's unit, finite
 * @param scale > 0
 */
export function toZ(value: number, center: number, scale: number): number {
  const u = (value - center) / scale;
  const beyond = Math.abs(u) - LINEAR_Z;
  // An infinite z would poison the net's memory for good.
  return beyond <= 0 ? u : Math.sign(u) * (LINEAR_Z + Math.log1p(Math.min(beyond, Number.MAX_VALUE)));
}

/** The inverse of `toZ`. @returns a value in the channel's unit */
export function fromZ(z: number, center: number, scale: number): number {
  const beyond = Math.abs(z) - LINEAR_Z;
  const u = beyond <= 0 ? z : Math.sign(z) * (LINEAR_Z + Math.expm1(beyond));
  // Rounding to float32 on the way may have carried the largest numbers beyond what there is.
  return Math.min(Math.max(center + u * scale, -Number.MAX_VALUE), Number.MAX_VALUE);
}

/**
 * Writes the C normalised channels of one row. A missing value is the last observed one of the same stream, or the
 * centre (z = 0) before the first.
 * @param values [n, C] in the channels' units; the row starts at `at`
 * @param mask [n, C], 1 = observed; absent: all observed
 * @param memory of the stream's channels from `memoryAt` on, see `CHANNEL`; the held values are updated
 * @param out the row goes to `out[offset … offset + C)`
 */
export function writeChannels(
  out: Float32Array | Float64Array,
  offset: number,
  values: Float64Array,
  mask: Uint8Array | undefined,
  at: number,
  memory: Float64Array,
  memoryAt: number,
  channels: number,
): void {
  for (let c = 0, channel = memoryAt; c < channels; c++, channel += CHANNEL_FIELDS) {
    if (mask === undefined || mask[at + c] === 1) memory[channel + CHANNEL.held] = values[at + c];
    const held = memory[channel + CHANNEL.held];
    const known = !Number.isNaN(held);
    out[offset + c] = known ? toZ(held, memory[channel + CHANNEL.center], memory[channel + CHANNEL.scale]) : 0;
  }
}

const PERIOD_US: Readonly<Record<CalendarPeriod, number>> = {
  halfDay: MICROS.day / 2,
  day: MICROS.day,
  week: MICROS.week,
};

/**
 * Writes sine and cosine of the event time (UTC) for every period, in order, to `out[offset … )`.
 * @param us event time, µs since the Unix epoch; may be negative
 */
export function writeCalendar(
  out: Float32Array | Float64Array,
  offset: number,
  us: number,
  periods: readonly CalendarPeriod[],
): void {
  for (let i = 0; i < periods.length; i++) {
    const period = PERIOD_US[periods[i]];
    // The remainder first: an epoch in µs divided by a period leaves too few digits for the sine.
    const angle = ((us % period) / period) * 2 * Math.PI;
    out[offset + 2 * i] = Math.sin(angle);
    out[offset + 2 * i + 1] = Math.cos(angle);
  }
}
