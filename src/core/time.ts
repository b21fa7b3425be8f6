/** Event time: integer microseconds since the Unix epoch, UTC. Reading it from data and writing it for people. */
import type { Micros } from './contracts.js';

/** Microseconds in one … */
export const MICROS = {
  millisecond: 1e3,
  second: 1e6,
  minute: 60e6,
  hour: 3600e6,
  day: 86_400e6,
  week: 604_800e6,
} as const;

/** How a time is written: ISO 8601, a number in a unit, or `auto` (see `parseTime`). */
export const TIME_FORMATS = ['auto', 'iso', 's', 'ms', 'us'] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

/** What a field that holds the time of a reading is usually called. */
export const TIME_FIELDS: readonly string[] = ['time', 'timestamp', 'datetime', 'date', 'ts'];

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?)?$/;
/** Day first is certain with dots alone: with slashes it may be the month. */
const DOTTED = /^(\d{1,2})\.(\d{1,2})\.(\d{4})(?: +(\d{1,2})(:\d\d.*))?$/;
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** From these magnitudes on, an `auto` number is milliseconds, microseconds, or no time at all. */
const AUTO_MS = 1e11;
const AUTO_US = 1e14;
const AUTO_END = 1e17;

/**
 * Reads a point in time.
 *
 * - ISO 8601 (`2026-01-31T12:00:00.123456+01:00`): a space may stand for the `T`, the time of day or its seconds may be
 *   absent, a time without a zone is UTC. Digits below the microsecond are cut off. The date may also be written as
 *   spreadsheets do in much of Europe: `31.1.2026 12:00`.
 * - Numbers (or strings that are one) in the unit of `format`; a fraction is kept down to the microsecond.
 * - `auto`: ISO text, or a number by its magnitude: below 1e11 seconds (to the year 5138), below 1e14 milliseconds
 *   (from 1973 to 5138), below 1e17 microseconds; anything above is refused rather than guessed.
 *
 * @returns undefined when it is none of these, is no day of the calendar, or lies beyond exact integers (the year 2255)
 */
export function parseTime(value: unknown, format: TimeFormat): Micros | undefined {
  if (typeof value === 'number') return format === 'iso' ? undefined : fromNumber(value, format);
  if (typeof value !== 'string') return undefined;
  if (format === 'auto' || format === 'iso') {
    const us = fromIso(value);
    if (us !== undefined || format === 'iso') return us;
  }
  return NUMBER.test(value) ? fromNumber(Number(value), format) : undefined;
}

/**
 * ISO 8601 in UTC; six decimals when there are microseconds, else three.
 * @param us within ±8.64e18 (what `Date` can show)
 */
export function toIso(us: Micros): string {
  const whole = Math.round(us);
  const ms = Math.floor(whole / 1000);
  const iso = ms >= 0 && ms < YEAR_10000_MS ? isoOf(ms) : new Date(ms).toISOString();
  const rest = whole - ms * 1000;
  return rest === 0 ? iso : `${iso.slice(0, -1)}${THREE_DIGITS[rest]}Z`;
}

const DAY_MS = 86_400_000;
const YEAR_10000_MS = 253_402_300_800_000;
/** From 1 March of the year 0 to 1 January 1970, and in a span of the Gregorian calendar after which it repeats. */
const DAYS_TO_1970 = 719_468;
const DAYS_OF_400_YEARS = 146_097;

/**
 * As `Date.toISOString`, which costs more than all else about a score. The year counts from March, so that the leap day
 * is its last (H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days).
 * @param ms within the years 1970 to 9999
 */
function isoOf(ms: number): string {
  const days = Math.floor(ms / DAY_MS) + DAYS_TO_1970;
  const era = Math.floor(days / DAYS_OF_400_YEARS);
  const dayOfEra = days - era * DAYS_OF_400_YEARS;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const ofDay = ms % DAY_MS;
  const minutes = Math.floor(ofDay / 60_000);
  const time = `${TWO_DIGITS[Math.floor(minutes / 60)]}:${TWO_DIGITS[minutes % 60]}:${TWO_DIGITS[Math.floor(ofDay / 1000) % 60]}`;
  return `${year}-${TWO_DIGITS[month]}-${TWO_DIGITS[day]}T${time}.${THREE_DIGITS[ms % 1000]}Z`;
}

/** `00` … `99` and `000` … `999`. */
const TWO_DIGITS = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));
const THREE_DIGITS = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0'));

function fromNumber(value: number, format: Exclude<TimeFormat, 'iso'>): Micros | undefined {
  return exact(value * microsPerUnit(Math.abs(value), format));
}

/** @returns NaN for an `auto` number that is too large to be a time */
function microsPerUnit(size: number, format: Exclude<TimeFormat, 'iso'>): number {
  if (format === 's' || (format === 'auto' && size < AUTO_MS)) return MICROS.second;
  if (format === 'ms' || (format === 'auto' && size < AUTO_US)) return MICROS.millisecond;
  return format === 'us' || size < AUTO_END ? 1 : Number.NaN;
}

function fromIso(text: string): Micros | undefined {
  const match = ISO.exec(text) ?? ISO.exec(text.replace(DOTTED, isoOfDotted));
  if (match === null) return undefined;
  const year = Number(match[1]);
  const month = Number(match[2]) - 1;
  const day = Number(match[3]);
  const hour = Number(match[4] ?? 0);
  const minute = Number(match[5] ?? 0);
  const second = Number(match[6] ?? 0);
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  // Date would quietly turn 31 February into 3 March.
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const fractionUs = Number((match[7] ?? '').slice(0, 6).padEnd(6, '0'));
  const localUs = date.getTime() * 1000 + hour * MICROS.hour + minute * MICROS.minute + second * MICROS.second;
  const offsetUs = zoneOffset(match[8] ?? 'Z');
  return offsetUs === undefined ? undefined : exact(localUs + fractionUs - offsetUs);
}

function isoOfDotted(_text: string, day: string, month: string, year: string, hour?: string, rest = ''): string {
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return hour === undefined ? date : `${date} ${hour.padStart(2, '0')}${rest}`;
}

/** `Z`, `+01`, `+0130` or `+01:30` → µs east of UTC. */
function zoneOffset(zone: string): Micros | undefined {
  if (zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * MICROS.hour + minutes * MICROS.minute);
}

function exact(us: number): Micros | undefined {
  const whole = Math.round(us);
  // `+ 0` turns −0 into 0.
  return Number.isSafeInteger(whole) ? whole + 0 : undefined;
}
