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
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** From these magnitudes on, an `auto` number is milliseconds, microseconds, or no time at all. */
const AUTO_MS = 1e11;
const AUTO_US = 1e14;
const AUTO_END = 1e17;

/**
 * Reads a point in time.
 *
 * - ISO 8601 (`2026-01-31T12:00:00.123456+01:00`): a space may stand for the `T`, the time of day or its seconds may be
 *   absent, a time without a zone is UTC. Digits below the microsecond are cut off.
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
  const rest = whole - ms * 1000;
  const iso = new Date(ms).toISOString();
  return rest === 0 ? iso : `${iso.slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

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
  const match = ISO.exec(text);
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
