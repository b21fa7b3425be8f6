import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { poissonInterval, shareInterval } from '../../src/evaluate/exact-intervals.js';

const near = (value: number, digits: number): number => expect.closeTo(value, digits) as number;

it.each([
  // Quantiles of χ² halved, as tables of the exact Poisson interval have them.
  [0, 0, 3.689],
  [1, 0.0253, 5.572],
  [3, 0.6187, 8.767],
  [10, 4.795, 18.39],
  [100, 81.36, 121.6],
])('of %i events, between %f and %f are usual', (count, low, high) => {
  const digits = count < 10 ? 3 : 2;
  expect(poissonInterval(count)).toEqual({ low: near(low, digits), high: near(high, count === 100 ? 1 : 2) });
});

it.each([
  // Clopper–Pearson, as tables have it.
  [0, 10, 0, 0.3085],
  [1, 10, 0.0025, 0.445],
  [5, 10, 0.1871, 0.8129],
  [10, 10, 0.6915, 1],
  [7, 200, 0.0142, 0.0708],
])('%i of %i is a share between %f and %f', (count, of, low, high) => {
  expect(shareInterval(count, of)).toEqual({ low: near(low, 3), high: near(high, 3) });
});

it('nothing has no share', () => {
  expect(shareInterval(0, 0)).toEqual({ low: NaN, high: NaN });
});

it('intervals hold what was counted, also of thousands, and are symmetric in what is right and wrong', () => {
  const counted = fc
    .tuple(fc.integer({ min: 0, max: 4000 }), fc.integer({ min: 0, max: 4000 }))
    .map(([wrong, right]) => ({ wrong, of: wrong + right }));
  fc.assert(
    fc.property(counted, ({ wrong, of }) => {
      const usual = poissonInterval(wrong);
      expect(usual.low).toBeLessThanOrEqual(wrong);
      expect(usual.high).toBeGreaterThan(wrong);
      fc.pre(of > 0);
      const [share, other] = [shareInterval(wrong, of), shareInterval(of - wrong, of)];
      expect(share.low).toBeLessThanOrEqual(wrong / of);
      expect(share.high).toBeGreaterThanOrEqual(wrong / of);
      expect(share.low).toBeCloseTo(1 - other.high, 9);
    }),
    { numRuns: 20 },
  );
});
