import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { nabRows } from '../../src/backtest/nab-rewards.js';
import {
  NAB_PROFILES,
  nabScores,
  NO_POINTS,
  pointsAbove,
  pointsOf,
  sumOfPoints,
} from '../../src/backtest/nab-score.js';
import type { Span } from '../../src/backtest/spans.js';
import { needsSharedData } from '../support/needs.js';

const times = (rows: number): Float64Array => Float64Array.from({ length: rows }, (_, row) => row * 1e6);
const window = (first: number, last: number): Span => ({ fromUs: first * 1e6, toUs: last * 1e6 });

/** σ(−1), σ(−0.5), σ(−0.1), and what rows 0.5 and 1 window lengths behind a window cost: σ(0.5) = −σ(−0.5). */
const S_1 = 0.9866142981514303;
const S_05 = 0.8482836399575129;
const S_01 = 0.24491866240370924;

/**
 * 200 rows, of which 30 are probation; window A = rows 50 … 59, window B = rows 100 … 110 (eleven rows, so that five rows
 * behind it are half its length).
 */
const ROWS = nabRows(times(200), [window(50, 59), window(100, 110)]);

const scoresFor = (detected: readonly number[]) => nabScores(pointsOf(ROWS, detected));

/** (earned − silent) / (perfect − silent) with two windows: silent = −2·fn, perfect = 2. */
const normal = (earned: number, fn: number): number => (100 * (earned + 2 * fn)) / (2 + 2 * fn);

describe('nabScores by hand', () => {
  it('has the weights of the published profiles', (ctx) => {
    const path = needsSharedData(ctx, 'sensors/nab/config/profiles.json');
    const published = JSON.parse(readFileSync(path, 'utf8')) as Record<string, { CostMatrix: object }>;
    expect(published['standard'].CostMatrix).toMatchObject(NAB_PROFILES.standard);
    expect(published['reward_low_FP_rate'].CostMatrix).toMatchObject(NAB_PROFILES.lowFP);
    expect(published['reward_low_FN_rate'].CostMatrix).toMatchObject(NAB_PROFILES.lowFN);
  });

  it('an early detection: the first row of A earns 1, B is missed', () => {
    const scores = scoresFor([50]);
    expect(scores.standard).toBeCloseTo(normal(1 - 1, 1), 9); // 50
    expect(scores.lowFP).toBeCloseTo(normal(1 - 1, 1), 9);
    expect(scores.lowFN).toBeCloseTo(normal(1 - 2, 2), 9); // 100·(−1 + 4)/6 = 50
    expect(scores.standard).toBeCloseTo(50, 9);
    expect(scores.lowFN).toBeCloseTo(50, 9);
  });

  it('a late detection: the last row of A earns σ(−0.1)/σ(−1) = 0.24824', () => {
    const scores = scoresFor([59]);
    expect(S_01 / S_1).toBeCloseTo(0.24824, 5);
    expect(scores.standard).toBeCloseTo(normal(S_01 / S_1 - 1, 1), 9);
    expect(scores.lowFP).toBeCloseTo(normal(S_01 / S_1 - 1, 1), 9);
    expect(scores.lowFN).toBeCloseTo(normal(S_01 / S_1 - 2, 2), 9);
    expect(scores.standard).toBeCloseTo(31.20603, 4);
    expect(scores.lowFN).toBeCloseTo(37.47069, 4);
  });

  it('a repeated detection earns what its earliest row earns, and costs nothing', () => {
    const scores = scoresFor([59, 55, 56, 57]);
    // Row 55: position −(59 − 55 + 1)/10 = −0.5.
    expect(scores.standard).toBeCloseTo(normal(S_05 / S_1 - 1, 1), 9);
    expect(scores.lowFP).toBeCloseTo(normal(S_05 / S_1 - 1, 1), 9);
    expect(scores.lowFN).toBeCloseTo(normal(S_05 / S_1 - 2, 2), 9);
    expect(scores).toEqual(scoresFor([55]));
  });

  it('a false detection: in full before any window, by its distance behind one', () => {
    // Row 40 lies before all windows: −1. Row 115 is 5 rows behind B, of length 11 − 1: σ(0.5) = −0.84828.
    const scores = scoresFor([40, 115, 50, 100]);
    expect(scores.standard).toBeCloseTo(normal(2 + 0.11 * (-1 - S_05), 1), 9);
    expect(scores.lowFP).toBeCloseTo(normal(2 + 0.22 * (-1 - S_05), 1), 9);
    expect(scores.lowFN).toBeCloseTo(normal(2 + 0.11 * (-1 - S_05), 2), 9);
    expect(scores.standard).toBeCloseTo(94.91722, 4);
    expect(scores.lowFP).toBeCloseTo(89.83444, 4);
    expect(scores.lowFN).toBeCloseTo(96.61148, 4);
  });

  it('every false detection costs, also side by side', () => {
    const once = scoresFor([40]).standard;
    expect(scoresFor([40, 41, 42]).standard).toBeCloseTo(3 * once, 9);
    expect(once).toBeCloseTo((100 * -0.11) / 4, 9);
  });

  it('what is detected in the probation neither earns nor costs', () => {
    expect(pointsOf(ROWS, [0, 29])).toEqual({ ...NO_POINTS, windows: 2 });
    expect(pointsOf(ROWS, [30]).falseRows).toBe(1);
  });

  it('has no scale without windows', () => {
    const rows = nabRows(times(100), []);
    expect(nabScores(pointsOf(rows, [])).standard).toBeNaN();
  });
});

describe('pointsAbove', () => {
  it('takes the rows whose score is at least the threshold; rows without a score never detect', () => {
    const scores = new Float64Array(200).fill(NaN);
    scores[50] = 0.4;
    scores[100] = 0.39;
    scores[40] = 0.41;
    const points = pointsAbove({ rows: ROWS, scores }, 0.4);
    expect(points).toMatchObject({ windows: 2, found: 1, falseRows: 1, reward: 1, penalty: -1 });
    expect(pointsAbove({ rows: ROWS, scores }, Infinity)).toEqual({ ...NO_POINTS, windows: 2 });
  });
});

describe('sumOfPoints', () => {
  it('sums files before the scale is applied: files with many windows weigh more', () => {
    const one = nabRows(times(200), [window(50, 59)]);
    const sum = sumOfPoints([pointsOf(ROWS, [50, 100]), pointsOf(one, [])]);
    // Two of three windows found at once: (2 − 1 + 3) / 6.
    expect(nabScores(sum).standard).toBeCloseTo(400 / 6, 9);
  });
});
