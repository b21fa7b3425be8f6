import { describe, expect, it } from 'vitest';
import { areIncomparable, ZonedTimes, zoneStyleOf } from '../../src/backtest/zones.js';

describe('zoneStyleOf', () => {
  it.each([
    ['2026-05-01', 'absent'],
    ['2026-05-01 12:00', 'absent'],
    ['2026-05-01T12:00:00.123456', 'absent'],
    ['2026-05-01T12:00:00,5', 'absent'],
    ['1.5.2026 9:00', 'absent'],
    ['1.5.2026 9:00 +02:00', 'offset'],
    ['2026-05-01T12:00Z', 'utc'],
    ['2026-05-01 12:00:00 z', 'utc'],
    ['2026-05-01T12:00:00+00:00', 'utc'],
    ['2026-05-01T12:00:00-00', 'utc'],
    ['2026-05-01T12:00:00.5+02:00', 'offset'],
    ['2026-05-01T12:00:00-0330', 'offset'],
    ['2026-05-01 12:00:00 +01', 'offset'],
    ['1777000000', undefined],
    [1_777_000_000, undefined],
    ['noon', undefined],
  ])('%s: %s', (time, style) => {
    expect(zoneStyleOf(time)).toBe(style);
  });
});

describe('ZonedTimes', () => {
  it('knows when only some times say their zone; numbers fit to all', () => {
    const times = new ZonedTimes();
    expect(times.parse('2026-05-01T12:00:00')).toBe(Date.UTC(2026, 4, 1, 12) * 1000);
    times.parse(1_777_000_000);
    times.parse('2026-99-99T12:00:00Z');
    expect(times.isMixed).toBe(false);
    times.parse('2026-05-01T12:00:00+02:00');
    expect(times.isMixed).toBe(true);
  });

  it('takes summer and winter time, or Z and an offset, as one style: all of them are exact', () => {
    const times = new ZonedTimes();
    times.parse('2026-03-01T12:00:00+01:00');
    times.parse('2026-05-01T12:00:00+02:00');
    times.parse('2026-05-01T12:00:00Z');
    expect(times.isMixed).toBe(false);
  });
});

describe('areIncomparable', () => {
  it('is so between a local time without its zone and one with an offset', () => {
    const [absent, utc, offset] = (['absent', 'utc', 'offset'] as const).map((style) => new Set([style]));
    expect(areIncomparable(absent, offset)).toBe(true);
    expect(areIncomparable(offset, absent)).toBe(true);
    expect(areIncomparable(absent, utc)).toBe(false);
    expect(areIncomparable(offset, utc)).toBe(false);
    expect(areIncomparable(new Set(), offset)).toBe(false);
  });
});
