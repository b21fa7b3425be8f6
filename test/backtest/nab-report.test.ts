import { describe, expect, it } from 'vitest';
import {
  compareThresholds,
  earnedBy,
  type LabelledResult,
  rowScores,
  TRIED_SCORES,
} from '../../src/backtest/nab-report.js';
import { nabScores, type NabScores, sumOfPoints } from '../../src/backtest/nab-score.js';
import { fileResult } from './file-result.js';

/** Rows 50 … 59. */
const FAULT = { fromUs: 50e6, toUs: 59e6 };
/** What a detection in the first row of a window of ten earns is 1, of one far behind it is −0.11. */
const rows = (...alerts: number[]): Int32Array => Int32Array.from(alerts);

/** Alerts with the opening scores 0.4 (the configured one), 0.3 and 0.2. */
function labelled(at04: Int32Array, at03: Int32Array, at02: Int32Array): LabelledResult {
  const candidates = [
    { threshold: 0.3, anomalies: at03 },
    { threshold: 0.2, anomalies: at02 },
  ];
  const scores = new Float64Array(100).fill(0.1);
  for (const row of at02) scores[row] = 0.2;
  // A silence in row 20, which no row shows.
  const alerts = Int32Array.of(20, ...at04).toSorted();
  return { result: fileResult({ alerts, anomalies: at04, candidates, scores }), faults: [FAULT] };
}

const compare = (files: readonly LabelledResult[]) => compareThresholds(files.map(earnedBy));

function scoreAt(files: readonly LabelledResult[], threshold: number): NabScores {
  return nabScores(sumOfPoints(files.flatMap((file) => earnedBy(file).earned.get(threshold) ?? [])));
}

describe('the NAB score of alerts', () => {
  /** 0.3 is best for the first, 0.2 for the second; 30 is before any window: −0.11 in the standard profile. */
  const first = labelled(rows(), rows(50), rows(30, 50));
  const second = labelled(rows(), rows(30), rows(50));

  const found = (threshold: number): LabelledResult => ({ ...second, result: { ...second.result, threshold } });

  it('tells the configured threshold from the best one of all files', () => {
    const { configured, best } = compare([first, second]);
    expect(configured).toEqual({ threshold: 0.4, standard: 0, lowFP: 0, lowFN: 0 });
    // 0.2: both windows found in their first row, one false alarm: (2 − 0.11 − (−2)) / (2 − (−2)) of a perfect score.
    expect(best.threshold).toBe(0.2);
    expect(best.standard).toBeCloseTo((100 * (2 - 0.11 + 2)) / 4, 10);
    expect(best.lowFP).toBeCloseTo((100 * (2 - 0.22 + 2)) / 4, 10);
    expect(best.lowFN).toBeCloseTo((100 * (2 - 0.11 + 4)) / 6, 10);
  });

  it('chooses the threshold on one half and scores it on the other', () => {
    const { halves } = compare([first, second]);
    expect(halves?.thresholds.standard).toEqual([0.3, 0.2]);
    // 0.3 on the second: missed, one false alarm. 0.2 on the first: found, one false alarm.
    const [onSecond, onFirst] = [(100 * (-1 - 0.11 + 1)) / 2, (100 * (1 - 0.11 + 1)) / 2];
    expect(halves?.standard).toBeCloseTo((onSecond + onFirst) / 2, 10);
  });

  it('chooses for each profile by itself, and says what all have with the threshold of the standard one', () => {
    // 0.2 finds both windows at once, at the price of 14 false alarms: 2 − 14 · 0.11 or 2 − 14 · 0.22.
    const late = labelled(rows(59), rows(59), rows(...Array.from({ length: 14 }, (_, i) => 20 + i), 50));
    const other = labelled(rows(), rows(), rows(50));
    const { best, halves } = compare([late, other, late, other]);
    for (const profile of ['standard', 'lowFP', 'lowFN'] as const) {
      const alone = [0.4, 0.3, 0.2].map((threshold) => scoreAt([late, other, late, other], threshold)[profile]);
      expect(best[profile]).toBeCloseTo(Math.max(...alone), 10);
      expect(best.thresholds[profile]).toBe([0.4, 0.3, 0.2][alone.indexOf(Math.max(...alone))]);
    }
    expect(best.thresholds).toEqual({ standard: 0.2, lowFP: 0.4, lowFN: 0.2 });
    expect(best.threshold).toBe(0.2);
    expect(best.single).toEqual(scoreAt([late, other, late, other], 0.2));
    expect(best.single.lowFP).toBeLessThan(best.lowFP);
    // Of the first half `late`, of the second `other`, which 0.2 alone finds.
    expect(halves?.thresholds.lowFP).toEqual([0.4, 0.2]);
  });

  it('compares opening scores that are found for each file only by those that were tried in all', () => {
    const { configured, best, halves } = compare([found(0.42), found(0.38)]);
    expect(configured).toMatchObject({ threshold: null, standard: 0 });
    expect(best).toMatchObject({ threshold: 0.2, standard: 100 });
    expect(halves?.thresholds.standard).toEqual([0.2, 0.2]);
  });

  it('takes the highest of equally good thresholds', () => {
    const same = labelled(rows(50), rows(50), rows(50));
    expect(compare([same, same]).best).toMatchObject({ threshold: 0.4, standard: 100 });
  });

  it('has no halves where one of them has no window', () => {
    const normal = { ...first, faults: [] };
    expect(compare([first]).halves).toBeUndefined();
    expect(compare([first, normal]).halves).toBeUndefined();
  });

  it('says how far the scores would move with other files', () => {
    const { intervals } = compare([first, second, first, second, first, second]);
    expect(intervals?.configured.standard).toEqual({ low: 0, high: 0 });
    // Each half is of files that are alike, so that drawing from it changes nothing.
    expect(intervals?.halves?.standard.high).toBeCloseTo(intervals?.halves?.standard.low ?? NaN, 10);
    const { intervals: mixed } = compare([second, second, first, second, first, first]);
    expect(mixed?.halves?.standard.high).toBeGreaterThan((mixed?.halves?.standard.low ?? NaN) + 1);
    expect(compare([first, second, first, second, first]).intervals).toBeUndefined();
  });

  it('counts every row beside it', () => {
    expect(rowScores([second])).toMatchObject({ threshold: 0.2, standard: 100 });
  });

  it('tries thresholds that a configuration may have', () => {
    expect(TRIED_SCORES[0]).toBe(0.1);
    expect(TRIED_SCORES.at(-1)).toBe(0.6);
    expect(TRIED_SCORES).toHaveLength(26);
  });
});
