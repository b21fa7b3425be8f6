import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { normal, philox, uniform } from '../../src/core/random.js';

/** Known answers for philox4x32 with 10 rounds, as published with the Random123 library of the paper's authors. */
const KNOWN_ANSWERS = [
  {
    counter: [0, 0, 0, 0],
    key: [0, 0],
    block: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    block: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    block: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
] as const;

const DRAWS = 20_000;

describe('philox', () => {
  it.each(KNOWN_ANSWERS)('gives the published block for counter $counter', ({ counter, key, block }) => {
    const words = Uint32Array.from(counter);
    philox(words, key[0], key[1]);
    expect([...words]).toEqual([...block]);
  });
});

describe('uniform', () => {
  it('stays in [0, 1) and is a pure function of its three arguments', () => {
    const integer = fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 });
    fc.assert(
      fc.property(integer, integer, fc.integer({ min: 0, max: 2 ** 53 - 1 }), (seed, stream, counter) => {
        const value = uniform(seed, stream, counter);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(1);
        expect(uniform(seed, stream, counter)).toBe(value);
      }),
    );
  });

  it('differs when any argument differs, above 32 bits too', () => {
    const base = uniform(1, 2, 3);
    const others = [
      uniform(2, 2, 3),
      uniform(1, 3, 3),
      uniform(1, 2, 4),
      uniform(1 + 2 ** 32, 2, 3),
      uniform(1, 2 + 2 ** 32, 3),
      uniform(1, 2, 3 + 2 ** 32),
      uniform(-1, 2, 3),
    ];
    expect(new Set([base, ...others]).size).toBe(others.length + 1);
  });

  it('fills the interval evenly and neighbours do not correlate', () => {
    const counts = new Float64Array(20);
    let product = 0;
    for (let k = 0; k < DRAWS; k++) {
      const value = uniform(7, 1, k);
      counts[Math.floor(value * counts.length)]++;
      product += (value - 0.5) * (uniform(7, 1, k + 1) - 0.5);
    }
    const expected = DRAWS / counts.length;
    const chiSquare = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 99.9 % quantile of the chi-square distribution with 19 degrees of freedom.
    expect(chiSquare).toBeLessThan(43.8);
    expect(Math.abs((product / DRAWS) * 12)).toBeLessThan(4 / Math.sqrt(DRAWS));
  });
});

describe('normal', () => {
  it('has mean 0, variance 1 and the tails of a Gaussian', () => {
    let sum = 0;
    let squares = 0;
    let beyondTwo = 0;
    for (let k = 0; k < DRAWS; k++) {
      const value = normal(3, 1, k);
      sum += value;
      squares += value * value;
      if (Math.abs(value) > 2) beyondTwo++;
    }
    // Four standard errors each.
    expect(Math.abs(sum / DRAWS)).toBeLessThan(4 / Math.sqrt(DRAWS));
    expect(Math.abs(squares / DRAWS - 1)).toBeLessThan(4 * Math.sqrt(2 / DRAWS));
    expect(Math.abs(beyondTwo / DRAWS - 0.0455)).toBeLessThan(4 * Math.sqrt(0.0455 / DRAWS));
  });
});
