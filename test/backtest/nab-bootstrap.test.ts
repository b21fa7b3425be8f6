import { describe, expect, it } from 'vitest';
import { bootstrapInterval, type Intervals } from '../../src/backtest/nab-bootstrap.js';
import { byProfile } from '../../src/backtest/nab-choice.js';
import { NAB_PROFILES, nabScores, type NabPoints, NO_POINTS, sumOfPoints } from '../../src/backtest/nab-score.js';

const FOUND: NabPoints = { windows: 1, found: 1, reward: 1, falseRows: 0, penalty: 0 };
const MISSED: NabPoints = { windows: 1, found: 0, reward: 0, falseRows: 0, penalty: 0 };

const bootstrapIntervals = (groups: readonly (readonly NabPoints[])[]): Intervals =>
  byProfile((profile) => bootstrapInterval(groups, NAB_PROFILES[profile]));

describe('bootstrapInterval', () => {
  it('has no width where all files are alike', () => {
    const { standard, lowFP, lowFN } = bootstrapIntervals([[FOUND, FOUND, FOUND]]);
    expect([standard, lowFP, lowFN]).toEqual(Array.from({ length: 3 }, () => ({ low: 100, high: 100 })));
  });

  it('is that of a proportion where a file is all or nothing', () => {
    // 25 of 100 found: the score of a resample is 100 · (its share), with a standard error of √(0.25 · 0.75 / 100) = 4.33 %.
    const files = Array.from({ length: 100 }, (_, i) => (i % 4 === 0 ? FOUND : MISSED));
    const { standard } = bootstrapIntervals([files]);
    expect(Math.abs(standard.low - (25 - 1.96 * 4.33))).toBeLessThan(1.5);
    expect(Math.abs(standard.high - (25 + 1.96 * 4.33))).toBeLessThan(1.5);
  });

  it('is wider where false alarms weigh more, and holds the score', () => {
    const files = Array.from({ length: 30 }, (_, i) => ({ ...FOUND, falseRows: i % 3, penalty: -(i % 3) }));
    const { standard, lowFP } = bootstrapIntervals([files]);
    const score = nabScores(sumOfPoints(files));
    expect(lowFP.high - lowFP.low).toBeGreaterThan(1.5 * (standard.high - standard.low));
    expect(standard.low).toBeLessThan(score.standard);
    expect(standard.high).toBeGreaterThan(score.standard);
  });

  it('draws within groups: of two halves that are alike in themselves the mean is certain', () => {
    expect(
      bootstrapIntervals([
        [FOUND, FOUND],
        [MISSED, MISSED],
      ]).standard,
    ).toEqual({ low: 50, high: 50 });
  });

  it('is the same every time', () => {
    const files = [FOUND, MISSED, FOUND];
    expect(bootstrapIntervals([files])).toEqual(bootstrapIntervals([files]));
  });

  it('leaves draws without windows out, and has none where there never are any', () => {
    const { low, high } = bootstrapIntervals([[FOUND, NO_POINTS]]).standard;
    expect([low, high]).toEqual([100, 100]);
    expect(bootstrapIntervals([[NO_POINTS]]).standard).toEqual({ low: NaN, high: NaN });
  });
});
