import { describe, expect, it } from 'vitest';
import { BREAK, shownRows, timesOf, valuesOf } from '../../src/report/rows.js';

const MINUTE_US = 60e6;

describe('the rows of a chart', () => {
  it('are in order of time, without those that have no time or no value', () => {
    const times = Float64Array.of(3, 1, NaN, 2, 4).map((minute) => minute * MINUTE_US);
    const values = Float64Array.of(30, 10, 99, 20, NaN);
    const shown = shownRows(times, [values], 100);
    expect([...shown]).toEqual([1, 3, 0]);
    expect([...timesOf(times, shown)]).toEqual([60_000, 120_000, 180_000]);
    expect([...valuesOf(values, shown)]).toEqual([10, 20, 30]);
  });

  it('break off where time jumps, once for a gap, also of a series that is thinned', () => {
    const minutes = Array.from({ length: 2000 }, (_, i) => i + (i >= 700 ? 100 : 0) + (i >= 1500 ? 11 : 0));
    const times = Float64Array.from(minutes, (minute) => minute * MINUTE_US);
    const values = times.map((_, i) => Math.sin(i));
    for (const most of [5000, 300]) {
      const shown = shownRows(times, [values], most);
      const breaks = [...shown.keys()].filter((i) => shown[i] === BREAK);
      expect(breaks).toHaveLength(2);
      const [at] = breaks;
      expect(shown[at - 1]).toBeLessThan(700);
      expect(shown[at + 1]).toBeGreaterThanOrEqual(700);
      expect(timesOf(times, shown)[at]).toBeGreaterThan(700 * 60_000);
      expect(timesOf(times, shown)[at]).toBeLessThan(800 * 60_000);
      expect(valuesOf(values, shown)[at]).toBeNaN();
    }
    // Eleven minutes are a gap, ten are not.
    const few = Float64Array.of(0, 1, 2, 3, 13, 14, 25).map((minute) => minute * MINUTE_US);
    expect([...shownRows(few, [new Float64Array(7)], 99)]).toEqual([0, 1, 2, 3, 4, 5, BREAK, 6]);
  });

  it('may be none', () => {
    expect(shownRows(new Float64Array(), [new Float64Array()], 9)).toHaveLength(0);
    expect(shownRows(Float64Array.of(1), [Float64Array.of(NaN)], 9)).toHaveLength(0);
    expect([...shownRows(Float64Array.of(5, 5), [Float64Array.of(1, 2)], 9)]).toEqual([0, 1]);
  });
});
