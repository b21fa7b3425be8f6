import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nabRows } from '../../src/backtest/nab-rewards.js';
import {
  nabScores,
  NO_POINTS,
  type NabPoints,
  pointsAbove,
  type ScoredRows,
  sumOfPoints,
} from '../../src/backtest/nab-score.js';
import { NabSweep } from '../../src/backtest/nab-sweep.js';

const times = (rows: number): Float64Array => Float64Array.from({ length: rows }, (_, row) => row * 1e6);

/** A file of up to 60 rows, up to three windows, and scores of few values, so that many are equal. */
const scoredFile: fc.Arbitrary<ScoredRows> = fc
  .tuple(
    fc.array(fc.constantFrom(0, 0.25, 0.5, 0.75, 1, NaN), { minLength: 1, maxLength: 60 }),
    fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { maxLength: 6 }),
  )
  .map(([scores, borders]) => {
    const ends = borders.toSorted((a, b) => a - b);
    const windows = Array.from({ length: Math.floor(ends.length / 2) }, (_, w) => ({
      fromUs: ends[2 * w] * 1e6,
      toUs: ends[2 * w + 1] * 1e6,
    }));
    return { rows: nabRows(times(scores.length), windows), scores };
  });

function expectSame(swept: NabPoints, one: NabPoints): void {
  expect(swept).toMatchObject({ windows: one.windows, found: one.found, falseRows: one.falseRows });
  expect(swept.reward).toBeCloseTo(one.reward, 9);
  expect(swept.penalty).toBeCloseTo(one.penalty, 9);
}

describe('NabSweep', () => {
  it('gives at every threshold what scoring at it alone gives', () => {
    fc.assert(
      fc.property(fc.array(scoredFile, { minLength: 1, maxLength: 3 }), (files) => {
        const seen: number[] = [];
        new NabSweep(files).walk((threshold, points) => {
          seen.push(threshold);
          expectSame(points, sumOfPoints(files.map((file) => pointsAbove(file, threshold))));
        });
        const judged = files.flatMap(({ rows, scores }) => Array.from(scores).slice(rows.probation));
        const distinct = new Set(judged.filter((score) => !Number.isNaN(score)));
        expect(seen).toEqual([Infinity, ...[...distinct].toSorted((a, b) => b - a)]);
      }),
      { numRuns: 300 },
    );
  });

  it('finds the best threshold of each profile', () => {
    fc.assert(
      fc.property(fc.array(scoredFile, { minLength: 1, maxLength: 3 }), (files) => {
        const sweep = new NabSweep(files);
        for (const profile of ['standard', 'lowFP', 'lowFN'] as const) {
          let most = NaN;
          sweep.walk((_, points) => {
            const score = nabScores(points)[profile];
            if (!(score <= most)) most = score;
          });
          // NaN, where there are no windows, is equal to itself here.
          expect(nabScores(sweep.best(profile).points)[profile]).toBe(most);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('weighs one threshold for all files: what is right for one file may cost more in another', () => {
    const a = { rows: nabRows(times(100), [{ fromUs: 50e6, toUs: 59e6 }]), scores: new Float64Array(100) };
    const b = { rows: nabRows(times(100), [{ fromUs: 90e6, toUs: 99e6 }]), scores: new Float64Array(100) };
    a.scores[50] = 0.3;
    b.scores.fill(0.3, 20, 80);
    b.scores[90] = 0.6;
    const best = new NabSweep([a, b]).best('standard');
    expect(best).toMatchObject({ threshold: 0.6, points: { windows: 2, found: 1, falseRows: 0 } });
    expect(new NabSweep([a]).best('standard').threshold).toBe(0.3);
  });

  it('of thresholds with the same score takes the highest, and Infinity where saying nothing is best', () => {
    const rows = nabRows(times(40), [{ fromUs: 20e6, toUs: 29e6 }]);
    const scores = new Float64Array(40).fill(NaN);
    scores[20] = 0.9;
    scores[25] = 0.5;
    expect(new NabSweep([{ rows, scores }]).best('lowFP').threshold).toBe(0.9);
    scores.fill(NaN);
    scores[35] = 0.9;
    expect(new NabSweep([{ rows, scores }]).best('lowFP').threshold).toBe(Infinity);
  });

  it('has nothing to choose where there are no windows', () => {
    const rows = nabRows(times(40), []);
    const best = new NabSweep([{ rows, scores: new Float64Array(40).fill(0.5) }]).best('standard');
    expect(best).toEqual({ threshold: Infinity, points: NO_POINTS });
  });
});
