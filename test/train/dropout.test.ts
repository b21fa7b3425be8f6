import { describe, expect, it } from 'vitest';
import { fillKeepMask } from '../../src/train/dropout.js';

function mask(size: number, dropout: number, seed: number, boundary: number, step: number): Float32Array {
  const values = new Float32Array(size);
  fillKeepMask(values, dropout, seed, boundary, step);
  return values;
}

describe('fillKeepMask', () => {
  it('drops the asked share and scales the rest so that the mean stays 1', () => {
    const values = mask(40_000, 0.25, 1, 1, 1);
    const kept = values.filter((value) => value > 0);
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    // Four standard deviations of a binomial.
    expect(Math.abs(kept.length / values.length - 0.75)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / values.length));
  });

  it('depends on seed, boundary and step, and on nothing else', () => {
    const base = mask(101, 0.5, 1, 1, 1);
    expect(mask(101, 0.5, 1, 1, 1)).toEqual(base);
    for (const other of [mask(101, 0.5, 2, 1, 1), mask(101, 0.5, 1, 2, 1), mask(101, 0.5, 1, 1, 2)]) {
      expect(other).not.toEqual(base);
    }
  });
});
