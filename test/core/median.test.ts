import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { median } from '../../src/core/median.js';

it('the median has as many values above it as below, and leaves the values as they were', () => {
  expect(median([3, 1, 20])).toBe(3);
  expect(median([4, 1, 2, 100])).toBe(3);
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
      const given = [...values];
      const middle = median(given);
      const above = values.filter((value) => value > middle).length;
      const below = values.filter((value) => value < middle).length;
      expect(Math.max(above, below)).toBeLessThanOrEqual(values.length / 2);
      expect(given).toEqual(values);
    }),
  );
});
