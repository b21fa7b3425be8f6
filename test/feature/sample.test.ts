import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/random.js';
import { learnValue, SAMPLE_FIELDS, sampleQuantile, seenBy } from '../../src/feature/sample.js';

function sampleOf(values: readonly number[]): (p: number) => number {
  const state = new Float64Array(7 + SAMPLE_FIELDS);
  for (const value of values) learnValue(state, 7, value);
  expect(seenBy(state, 7)).toBe(values.length);
  const kept = state.subarray(8, 8 + Math.min(values.length, SAMPLE_FIELDS - 1));
  expect(kept).toEqual(kept.toSorted());
  expect(values).toEqual(expect.arrayContaining([...kept]));
  return (p) => sampleQuantile(state, 7, p);
}

const SHAPES: Readonly<Record<string, (i: number) => number>> = {
  uniform: (i) => uniform(1, i, 0),
  exponential: (i) => -Math.log(1 - uniform(1, i, 0)),
  'heavy tails': (i) => Math.tan(Math.PI * (uniform(1, i, 0) - 0.5)),
  'large and narrow': (i) => 1e9 + 1e-3 * uniform(1, i, 0),
  'two humps': (i) => (i % 3 === 0 ? 10 : 0) + uniform(1, i, 0),
  'a slow ramp': (i) => i,
};

describe('sample', () => {
  it.each(Object.keys(SHAPES))('finds quartiles, up to 10 percent of the ranks: %s', (shape) => {
    for (const n of [300, 5000]) {
      const values = Array.from({ length: n }, (_, i) => SHAPES[shape](i));
      const quantile = sampleOf(values);
      for (const p of [0.25, 0.5, 0.75]) {
        const share = values.filter((value) => value < quantile(p)).length / n;
        expect(Math.abs(share - p)).toBeLessThan(0.1);
      }
    }
  });

  it('is exact until it is full', () => {
    expect(sampleOf([9, 1, 5])(0.5)).toBe(5);
    expect(sampleOf([9, 1, 5, 3, 7])(0.25)).toBe(3);
    expect(sampleOf([4, 2])(0.75)).toBe(3.5);
    expect(sampleOf([])(0.5)).toBeNaN();
    expect(sampleOf(Array.from({ length: 128 }, (_, i) => (i * 37) % 128))(0.5)).toBe(63.5);
  });

  it.each([1e6, -999, Number.MAX_VALUE, -Number.MAX_VALUE])('does not notice a tenth of outliers of %d', (outlier) => {
    const values = Array.from({ length: 300 }, (_, i) => (i % 10 === 1 ? outlier : uniform(2, i, 0)));
    const quantile = sampleOf(values);
    expect(quantile(0.5)).toBeGreaterThan(0.3);
    expect(quantile(0.5)).toBeLessThan(0.7);
    expect(quantile(0.75) - quantile(0.25)).toBeGreaterThan(0.3);
    expect(quantile(0.75) - quantile(0.25)).toBeLessThan(0.7);
  });
});
