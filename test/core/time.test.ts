import { assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MICROS, parseTime, toIso } from '../../src/core/time.js';

const NOON = Date.UTC(2026, 0, 31, 12) * 1000;

describe('parseTime', () => {
  it.each([
    ['2026-01-31T12:00:00Z', NOON],
    ['2026-01-31T12:00:00', NOON],
    ['2026-01-31 12:00:00', NOON],
    ['2026-01-31 12:00', NOON],
    ['2026-01-31', NOON - 12 * MICROS.hour],
    ['2026-01-31T12:00:00.5Z', NOON + 500_000],
    ['2026-01-31T12:00:00.123456Z', NOON + 123_456],
    ['2026-01-31T12:00:00.123456789Z', NOON + 123_456],
    ['2026-01-31T13:30:00+01:30', NOON],
    ['2026-01-31T11:00:00-0100', NOON],
    ['2026-01-31T14:00:00+02', NOON],
    ['31.01.2026 12:00', NOON],
    ['31.1.2026  12:00:00,25', NOON + 250_000],
    ['1.2.2026 9:05:00 +01:00', NOON + 20 * MICROS.hour + 5 * MICROS.minute],
    ['31.1.2026', NOON - 12 * MICROS.hour],
    ['1800-03-01T00:00:00Z', Date.UTC(1800, 2, 1) * 1000],
  ])('reads %s', (text, us) => {
    expect(parseTime(text, 'iso')).toBe(us);
    expect(parseTime(text, 'auto')).toBe(us);
  });

  it.each([
    '',
    'soon',
    '2026-02-30',
    '2026-13-01',
    '2026-01-31T25:00',
    '2026-01-31T12:60:00',
    '2026-01-31T12:00+24:00',
    '31/01/2026 12:00',
    '31.1.26',
    '30.2.2026',
    '1.31.2026 12:00',
    '31.1.2026T12:00',
  ])('refuses %j', (text) => {
    expect(parseTime(text, 'auto')).toBeUndefined();
  });

  it('takes numbers in the unit that was named, also as text', () => {
    expect(parseTime(1.5, 's')).toBe(1_500_000);
    expect(parseTime('1.5', 'ms')).toBe(1500);
    expect(parseTime(-7, 'us')).toBe(-7);
    expect(parseTime('2026-01-31', 's')).toBeUndefined();
    expect(parseTime(5, 'iso')).toBeUndefined();
  });

  it('tells the unit of an auto number by its magnitude', () => {
    expect(parseTime(NOON / 1e6, 'auto')).toBe(NOON);
    expect(parseTime(NOON / 1e3, 'auto')).toBe(NOON);
    expect(parseTime(NOON, 'auto')).toBe(NOON);
    expect(parseTime(String(NOON / 1e6 + 0.25), 'auto')).toBe(NOON + 250_000);
    expect(parseTime(NOON * 1000, 'auto')).toBeUndefined();
  });

  it.each([null, undefined, true, {}, [], Number.NaN, Infinity, 1e300])(
    'refuses %j of another type or size',
    (value) => {
      for (const format of ['auto', 's', 'ms', 'us'] as const) expect(parseTime(value, format)).toBeUndefined();
    },
  );

  it('is the inverse of toIso, to the microsecond', () => {
    assert(
      property(integer({ min: -6e15, max: 9e15 }), (us) => {
        expect(parseTime(toIso(us), 'iso')).toBe(us);
      }),
    );
  });
});

it('toIso writes a time as Date does, in any year, on any day', () => {
  const exactMs = integer({ min: -9_000_000_000_000, max: 9_000_000_000_000 });
  assert(
    property(exactMs, (ms) => {
      expect(toIso(ms * 1000)).toBe(new Date(ms).toISOString());
    }),
    { numRuns: 2000 },
  );
  // Every day of 400 years, after which the calendar repeats.
  const days = Array.from({ length: 146_097 }, (_, day) => day * 86_400_000);
  expect(days.filter((ms) => toIso(ms * 1000) !== new Date(ms).toISOString())).toEqual([]);
});

it('toIso writes microseconds only where there are some', () => {
  expect(toIso(NOON)).toBe('2026-01-31T12:00:00.000Z');
  expect(toIso(NOON + 1)).toBe('2026-01-31T12:00:00.000001Z');
});
