import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calendarWidth } from '../../src/core/card.js';
import { uniform } from '../../src/core/random.js';
import { fitScale, fromZ, toZ, writeCalendar } from '../../src/feature/scaling.js';

const normal = (i: number): number =>
  Math.sqrt(-2 * Math.log(1 - uniform(3, i, 0))) * Math.cos(2 * Math.PI * uniform(3, i, 1));

/** A channel at 5 that is at 40 for this share of the time. */
const bursts = (share: number): number =>
  fitScale(
    Float64Array.from({ length: 1000 }, (_, i) => (i % Math.round(1 / share) === 0 ? 40 : 5)),
    0,
  ).scale;

describe('fitScale', () => {
  const gaussian = Float64Array.from({ length: 4000 }, (_, i) => 100 + 5 * normal(i));

  it('finds mean and deviation of normally distributed values within 5 %', () => {
    const { center, scale } = fitScale(gaussian, 0);
    expect(Math.abs(center - 100)).toBeLessThan(0.25);
    expect(Math.abs(scale - 5)).toBeLessThan(0.25);
  });

  it('is not impressed by a fifth of outliers', () => {
    const { center, scale } = fitScale(
      gaussian.map((v, i) => (i % 5 === 0 ? 1e6 : v)),
      0,
    );
    expect(Math.abs(center - 100)).toBeLessThan(2.5);
    expect(scale).toBeLessThan(8);
  });

  it('sees the bursts of a channel that mostly stands still', () => {
    expect(bursts(0.1)).toBeCloseTo(35 / 3.2897, 3);
    expect(bursts(0.02)).toBeCloseTo(35 / 4.6527, 3);
    expect(bursts(0.001)).toBeCloseTo(35 * Math.sqrt(0.001 * 0.999), 3);
  });

  it('has a floor: the noise floor, a thousandth of a constant, or 1', () => {
    expect(fitScale(gaussian, 9).scale).toBe(9);
    expect(fitScale(new Float64Array(50).fill(21.5), 0)).toEqual({ center: 21.5, scale: expect.closeTo(0.0215, 12) });
    expect(fitScale(new Float64Array(50).fill(21.5), 0.5).scale).toBe(0.5);
    expect(fitScale(new Float64Array(50), 0)).toEqual({ center: 0, scale: 1 });
    expect(fitScale(new Float64Array(0), 0)).toEqual({ center: 0, scale: 1 });
    // Rounding errors are no signal.
    expect(fitScale(Float64Array.of(0.3, 0.1 + 0.2, 0.3, 0.1 + 0.2), 0).scale).toBeCloseTo(3e-4, 6);
  });

  it('does not depend on order, and leaves the values as they were', () => {
    const some = Float64Array.of(3, 1, 2, 9, 4);
    expect(fitScale(some, 0)).toEqual(fitScale(some.toSorted(), 0));
    expect([...some]).toEqual([3, 1, 2, 9, 4]);
  });
});

describe('toZ', () => {
  const center = 20;
  const scale = 4;

  it('is linear to three spreads, then logarithmic, to both sides alike', () => {
    expect([20, 24, 8, 32].map((v) => toZ(v, center, scale))).toEqual([0, 1, -3, 3]);
    expect(toZ(20 + 4 * (3 + Math.expm1(2)), center, scale)).toBeCloseTo(5, 12);
    expect(toZ(20 - 4 * (3 + Math.expm1(2)), center, scale)).toBeCloseTo(-5, 12);
  });

  it('is undone by fromZ', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e12, max: 1e12 }), (value) => {
        expect(Math.abs(fromZ(toZ(value, center, scale), center, scale) - value)).toBeLessThanOrEqual(
          1e-11 * (1 + Math.abs(value)),
        );
      }),
    );
  });

  it('is finite for every finite value', () => {
    for (const value of [Number.MAX_VALUE, -Number.MAX_VALUE]) {
      expect(Number.isFinite(toZ(value, -value, 1e-300))).toBe(true);
      // What an incident shows comes back from the net's float32.
      for (const spread of [1e-9, 1, 1e9]) {
        expect(Number.isFinite(fromZ(Math.fround(toZ(value, 0, spread)), 0, spread))).toBe(true);
      }
    }
  });
});

it('the calendar is sine and cosine of the time in each period, also before 1970', () => {
  const out = new Float64Array(8).fill(9);
  writeCalendar(out, 1, -6 * 3600e6, ['day', 'halfDay', 'week']);
  const sixth = (2 * Math.PI) / 28;
  const expected = [9, -1, 0, 0, -1, Math.sin(-sixth), Math.cos(-sixth), 9];
  expected.forEach((value, i) => expect(out[i]).toBeCloseTo(value, 12));
  expect(calendarWidth(['day', 'halfDay', 'week'])).toBe(6);
});
