import { describe, expect, it } from 'vitest';
import { Foretold } from '../../src/train/foretold.js';
import type { Head } from './heads.js';

/** Of one channel: mean and log-variance, and the quantiles of pinball. */
function foretold(head: Head, y: number[], quantiles?: number[]): Foretold {
  const one = new Foretold({ ...head, channels: 1 });
  one.read(Float32Array.from(y), quantiles && Float32Array.from(quantiles), 0, 0);
  return one;
}

const GAUSSIAN: Head = { objective: 'gaussian' };
const STUDENT: Head = { objective: 'gaussian', likelihood: 'student-t' };
const PINBALL: Head = { objective: 'gaussian', likelihood: 'pinball' };

describe('what is foretold', () => {
  // Tables of the normal distribution and of Student's t with 3 degrees of freedom.
  it.each([
    [
      GAUSSIAN,
      1,
      [
        [0, 0.5],
        [1, 0.8413447],
        [-1.644854, 0.05],
        [2.575829, 0.995],
        [-6, 0],
        [6, 1],
      ],
    ],
    [
      STUDENT,
      Math.sqrt(3),
      [
        [0, 0.5],
        [0.764892, 0.75],
        [-1.637744, 0.1],
        [3.182446, 0.975],
        [5.840909, 0.995],
      ],
    ],
  ] as const)('puts a value where the tables do (%j, a standard deviation of %d)', (head, deviation, table) => {
    // Twice as wide as the table's and around 7.
    const one = foretold(head, [7, 2 * Math.log(2 * deviation)]);
    expect(one.deviation).toBeCloseTo(2 * deviation, 5);
    for (const [x, below] of table) expect(one.below(7 + 2 * x)).toBeCloseTo(below, 5);
    expect([one.below(one.low), one.below(one.high)]).toEqual([expect.closeTo(0.025, 5), expect.closeTo(0.975, 5)]);
  });

  it('has the quantiles that a net of quantiles gives, each side with a spread of its own', () => {
    const one = foretold(PINBALL, [1.37, 0.8], [-1, 1, 9]);
    for (const [z, below] of [
      [-1, 0.05],
      [1, 0.5],
      [9, 0.95],
    ]) {
      expect(one.below(z)).toBeCloseTo(below, 5);
    }
    expect([one.below(one.low), one.below(one.high)]).toEqual([expect.closeTo(0.025, 5), expect.closeTo(0.975, 5)]);
    expect((one.high - 1) / (1 - one.low)).toBeCloseTo(4, 5);
    expect(one.mean).toBeCloseTo(1.37, 5);
  });

  it('is still a distribution when one side has no width', () => {
    const one = foretold(PINBALL, [1, 0], [1, 1, 2]);
    expect([0.9, 1, 2].map((z) => one.below(z))).toEqual([0, 0.5, expect.closeTo(0.95, 5)]);
  });

  it('reads the row and the channel that it is asked for', () => {
    const y = Float32Array.from([1, 2, 0, 0, 3, 4, 0, Math.log(4)]);
    const one = new Foretold({ ...GAUSSIAN, channels: 2 });
    one.read(y, undefined, 1, 1);
    expect([one.mean, one.deviation]).toEqual([4, expect.closeTo(2, 5)]);
    const mse = new Foretold({ objective: 'mse', channels: 2 });
    mse.read(y, undefined, 3, 0);
    expect([mse.mean, mse.deviation, mse.low]).toEqual([0, NaN, NaN]);
  });
});
