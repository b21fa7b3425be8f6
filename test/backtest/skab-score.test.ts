import { describe, expect, it } from 'vitest';
import { changepointScores, outlierFigures, skabCounts, type SkabRows } from '../../src/backtest/skab-score.js';

/** Marks rows of `rows`; a row a second. */
function file(
  rows: number,
  marks: Partial<Record<'anomaly' | 'changepoint' | 'detected', readonly number[]>>,
): SkabRows {
  const marked = (which: keyof typeof marks): Uint8Array => {
    const flags = new Uint8Array(rows);
    for (const row of marks[which] ?? []) flags[row] = 1;
    return flags;
  };
  return {
    timesUs: Float64Array.from({ length: rows }, (_, row) => row * 1e6),
    anomaly: marked('anomaly'),
    changepoint: marked('changepoint'),
    detected: marked('detected'),
    learnt: 0,
  };
}

const outlierFiguresOf = (files: readonly SkabRows[]) => outlierFigures(files.map(skabCounts));
const changepointScoresOf = (files: readonly SkabRows[]) => changepointScores(files.map(skabCounts));

const rowsFrom = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe('outlierFigures', () => {
  it('by hand: 10 rows, 4 of them anomalous, 3 found, 2 false', () => {
    const figures = outlierFiguresOf([file(10, { anomaly: [4, 5, 6, 7], detected: [1, 5, 6, 7, 8] })]);
    // TP 3, FN 1, FP 2, TN 4.
    expect(figures.f1).toBeCloseTo(3 / (3 + 1.5), 12);
    expect(figures.falseAlarmRate).toBeCloseTo((100 * 2) / 6, 12);
    expect(figures.missedAlarmRate).toBe(25);
  });

  it('adds files before it divides: long files weigh more', () => {
    const figures = outlierFiguresOf([
      file(10, { anomaly: [0, 1], detected: [0, 1] }),
      file(100, { anomaly: rowsFrom(0, 7), detected: [99] }),
    ]);
    // TP 2, FN 8, FP 1, TN 99.
    expect(figures.f1).toBeCloseTo(2 / (2 + 4.5), 12);
    expect(figures.falseAlarmRate).toBe(1);
    expect(figures.missedAlarmRate).toBe(80);
  });

  it('leaves out the rows that were learnt from', () => {
    const rows = { ...file(10, { anomaly: [1, 8], detected: [0, 1, 8] }), learnt: 5 };
    expect(outlierFiguresOf([rows])).toEqual({ f1: 1, falseAlarmRate: 0, missedAlarmRate: 0 });
  });

  it('is the leaderboard for a perfect, a silent and a shouting detector', () => {
    const anomaly = rowsFrom(4, 7);
    expect(outlierFiguresOf([file(10, { anomaly, detected: anomaly })])).toEqual({
      f1: 1,
      falseAlarmRate: 0,
      missedAlarmRate: 0,
    });
    expect(outlierFiguresOf([file(10, { anomaly })])).toEqual({ f1: 0, falseAlarmRate: 0, missedAlarmRate: 100 });
    expect(outlierFiguresOf([file(10, { anomaly, detected: rowsFrom(0, 9) })])).toMatchObject({
      falseAlarmRate: 100,
      missedAlarmRate: 0,
    });
    expect(outlierFiguresOf([file(10, {})]).f1).toBeNaN();
  });
});

describe('changepointScores', () => {
  it('a change said in the row of the changepoint earns all', () => {
    const perfect = file(400, { changepoint: [100, 300], detected: rowsFrom(100, 299) });
    const scores = changepointScoresOf([perfect]);
    expect(scores.standard).toBeCloseTo(100, 9);
    expect(scores.lowFP).toBeCloseTo(100, 9);
    expect(scores.lowFN).toBeCloseTo(100, 9);
  });

  it('one that says nothing is 0, and there is no score without changepoints', () => {
    expect(changepointScoresOf([file(400, { changepoint: [100, 300] })])).toEqual({ standard: 0, lowFP: 0, lowFN: 0 });
    expect(changepointScoresOf([file(400, { detected: [5] })]).standard).toBeNaN();
  });

  it('by hand: half a minute late, the end missed, one false alarm', () => {
    // Said: 20 and 21 (a false blip, both ways), 130 (found, position 30/60), and never again.
    const late = file(400, { changepoint: [100, 300], detected: [20, ...rowsFrom(130, 399)] });
    // Step 500 of 0 … 999: x = π(500/999 − 0.5) = 0.0015724; tanh x / tanh(π/2) = 0.0017145.
    const share = 1 - 0.0017145;
    const standard = (1.11 / 2) * share - 0.11;
    expect(changepointScoresOf([late]).standard).toBeCloseTo((100 * (standard - 1 - 2 * 0.11 + 2)) / 4, 3);
    const lowFP = (1.22 / 2) * share - 0.22;
    expect(changepointScoresOf([late]).lowFP).toBeCloseTo((100 * (lowFP - 1 - 2 * 0.22 + 2)) / 4, 3);
    expect(changepointScoresOf([late]).lowFN).toBeCloseTo((100 * (standard - 2 - 2 * 0.11 + 4)) / 6, 3);
  });

  it('at the end of the minute a detection costs as much as a false one, and behind it is one', () => {
    const atEnd = changepointScoresOf([file(400, { changepoint: [100], detected: rowsFrom(160, 399) })]);
    expect(atEnd.standard).toBeCloseTo((100 * (-0.11 + 1)) / 2, 9);
    const behind = changepointScoresOf([file(400, { changepoint: [100], detected: rowsFrom(161, 399) })]);
    expect(behind.standard).toBeCloseTo((100 * (-1 - 0.11 + 1)) / 2, 9);
  });

  it('counts the first change in a minute alone', () => {
    const once = file(400, { changepoint: [100], detected: rowsFrom(110, 399) });
    const often = file(400, { changepoint: [100], detected: [110, 112, ...rowsFrom(120, 399)] });
    expect(changepointScoresOf([often])).toEqual(changepointScoresOf([once]));
  });

  it('cuts a minute where the one before it ends', () => {
    // The second window is 160 … 200, so row 170 lies at a quarter of it: a change said at 150 was the first one's.
    const cut = file(400, { changepoint: [100, 140], detected: [...rowsFrom(100, 149), ...rowsFrom(170, 399)] });
    const x = Math.PI * (250 / 999 - 0.5);
    const second = (1.11 / 2) * (1 - Math.tanh(x) / Math.tanh(Math.PI / 2)) - 0.11;
    expect(changepointScoresOf([cut]).standard).toBeCloseTo((100 * (1 + second + 2)) / 4, 9);
  });

  it('begins where learning ended: what is detected in its first row is a change', () => {
    const rows = { ...file(400, { changepoint: [100], detected: rowsFrom(0, 399) }), learnt: 100 };
    expect(changepointScoresOf([rows]).standard).toBeCloseTo(100, 9);
  });
});
