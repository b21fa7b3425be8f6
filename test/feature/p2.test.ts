import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/random.js';
import { learnP2, P2_FIELDS, quantileP2, seenBy } from '../../src/feature/p2.js';

/** @returns the estimate and the share of values below it, which should be p */
function learn(p: number, values: readonly number[]): { estimate: number; share: number } {
  const state = new Float64Array(2 * P2_FIELDS);
  for (const value of values) learnP2(state, 7, p, value);
  expect(seenBy(state, 7)).toBe(values.length);
  const estimate = quantileP2(state, 7, p);
  return { estimate, share: values.filter((value) => value < estimate).length / values.length };
}

const SHAPES: Readonly<Record<string, (i: number) => number>> = {
  uniform: (i) => uniform(1, i, 0),
  exponential: (i) => -Math.log(1 - uniform(1, i, 0)),
  'heavy tails': (i) => Math.tan(Math.PI * (uniform(1, i, 0) - 0.5)),
  'large and narrow': (i) => 1e9 + 1e-3 * uniform(1, i, 0),
  'two humps': (i) => (i % 3 === 0 ? 10 : 0) + uniform(1, i, 0),
};

describe('P²', () => {
  it.each(Object.keys(SHAPES))('finds quartiles of 300 values, up to 6 percent of the ranks: %s', (shape) => {
    const values = Array.from({ length: 300 }, (_, i) => SHAPES[shape](i));
    for (const p of [0.25, 0.5, 0.75]) expect(Math.abs(learn(p, values).share - p)).toBeLessThan(0.06);
  });

  it('is exact up to five values', () => {
    expect(learn(0.5, [9, 1, 5]).estimate).toBe(5);
    expect(learn(0.25, [9, 1, 5, 3, 7]).estimate).toBe(3);
    expect(learn(0.75, [4, 2]).estimate).toBe(3.5);
    expect(learn(0.5, []).estimate).toBeNaN();
  });

  it('agrees with the worked example of Jain & Chlamtac, table I', () => {
    const values = [
      0.02, 0.15, 0.74, 3.39, 0.83, 22.37, 10.15, 15.43, 38.62, 15.92, 34.6, 10.28, 1.47, 0.4, 0.05, 11.39, 0.27, 0.42,
      0.09, 11.37,
    ];
    expect(learn(0.5, values).estimate).toBeCloseTo(4.44, 2);
  });
});
