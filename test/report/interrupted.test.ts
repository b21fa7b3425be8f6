import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interrupted } from '../../src/report/interrupted.js';
import type { HeldOutSeries } from '../../src/train/record.js';

const STEP_US = 10;

function series(us: number[], every: number): HeldOutSeries {
  const values = us.map((_, i) => i);
  return {
    stream: 'pump',
    channel: 0,
    net: { rmse: 1, mae: 1 },
    every,
    us,
    observed: values,
    expected: values,
    low: values,
    high: values,
  };
}

describe('a series of which some is missing', () => {
  it('has a point without values where no stretch has any, and only there', () => {
    const whole = series([0, 30, 70, 80, 150], 4);
    expect(interrupted(whole, STEP_US)).toBe(whole);
    expect(interrupted(series([0, 30, 120, 130, 230], 4), STEP_US)).toMatchObject({
      us: [0, 30, 40, 120, 130, 140, 230],
      observed: [0, 1, NaN, 2, 3, NaN, 4],
      low: [0, 1, NaN, 2, 3, NaN, 4],
    });
  });

  it('has as many bands as it had', () => {
    const { low: _low, high: _high, ...mse } = series([0, 1000], 1);
    expect(Object.keys(interrupted(mse, STEP_US)).toSorted()).toEqual(Object.keys(mse).toSorted());
  });

  it('keeps every value and its order', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (steps, every) => {
        let at = 0;
        const us = steps.map((step) => (at += step * STEP_US));
        const { us: times, observed } = interrupted(series(us, every), STEP_US);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(observed.filter((value) => !Number.isNaN(value))).toEqual(us.map((_, i) => i));
        expect(times.length - us.length).toBe(steps.slice(1).filter((step) => step > 2 * every).length);
      }),
    );
  });
});
