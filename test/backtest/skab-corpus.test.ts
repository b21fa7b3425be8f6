/** The figures on the files of the Skoltech Anomaly Benchmark itself. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { describe, expect, it } from 'vitest';
import { labelColumnsOf, spansOfRows } from '../../src/backtest/label-columns.js';
import { changepointScores, outlierFigures, skabCounts, type SkabRows } from '../../src/backtest/skab-score.js';
import { readTable } from '../../src/backtest/table.js';
import { parseTime } from '../../src/core/time.js';
import { needsSharedData } from '../support/needs.js';

/** All files, by name, with their own labels for detections. */
async function readCorpus(ctx: TestContext): Promise<SkabRows[]> {
  const root = needsSharedData(ctx, 'sensors/skab');
  const paths = ['valve1', 'valve2'].flatMap((part) =>
    readdirSync(join(root, part)).map((name) => join(root, part, name)),
  );
  return Promise.all(paths.toSorted().map(perfectRows));
}

async function perfectRows(path: string): Promise<SkabRows> {
  const skab = await readTable(path);
  const labels = labelColumnsOf(skab, path);
  if (labels?.changepoint === undefined) throw new Error(`${path} has no labels`);
  const { anomaly, changepoint } = labels;
  const time = skab.columns.indexOf('datetime');
  const timesUs = Float64Array.from(skab.rows, ({ cells }) => parseTime(cells[time], 'iso') ?? NaN);
  return { timesUs, anomaly, changepoint, detected: anomaly, learnt: 400 };
}

/** Says something at every changepoint. */
function toggling({ timesUs, anomaly, changepoint, learnt }: SkabRows): SkabRows {
  let verdict = 0;
  const detected = Uint8Array.from(changepoint, (changes) => (verdict = changes === 1 ? 1 - verdict : verdict));
  return { timesUs, anomaly, changepoint, detected, learnt };
}

describe('the Skoltech Anomaly Benchmark', () => {
  it('gives a perfect detector the figures of the leaderboard', async (ctx) => {
    const files = await readCorpus(ctx);
    expect(files).toHaveLength(20);
    expect(outlierFigures(files.map(skabCounts))).toEqual({ f1: 1, falseAlarmRate: 0, missedAlarmRate: 0 });
    expect(files.map(({ anomaly, timesUs }) => spansOfRows(anomaly, timesUs).length)).toEqual(files.map(() => 1));
    // Perfect for outliers, yet half of the changepoints lie within a fault: its start and its end are all that is said.
    const { standard } = changepointScores(files.map(skabCounts));
    expect(standard).toBeGreaterThan(40);
    expect(standard).toBeLessThan(60);
    // Two of 79 lie less than a minute behind another one, before their own windows begin.
    const all = changepointScores(files.map((rows) => skabCounts(toggling(rows))));
    expect(all.standard).toBeCloseTo(100 * (1 - 2 / 79), 9);
  });

  it('agrees with an independent program on detections that are as good as random', async (ctx) => {
    const files = (await readCorpus(ctx)).map(({ timesUs, anomaly, changepoint, learnt }, f) => {
      const isDetected = (wrong: number, row: number): boolean =>
        ((row * 7919 + f * 104_729) % 10_007) / 10_007 < (wrong === 1 ? 0.75 : 0.02) && Math.floor(row / 7) % 3 !== 0;
      const detected = Uint8Array.from(anomaly, (wrong, row) => Number(isDetected(wrong, row)));
      return { timesUs, anomaly, changepoint, detected, learnt };
    });
    // The figures are those of a program of 50 lines of Python with the loops and the table of the leaderboard's own.
    const outliers = outlierFigures(files.map(skabCounts));
    expect(outliers.f1).toBeCloseTo(0.6619337390128465, 12);
    expect(outliers.falseAlarmRate).toBeCloseTo(1.354198013842913, 12);
    expect(outliers.missedAlarmRate).toBeCloseTo(49.96166624073601, 12);
    const changes = changepointScores(files.map(skabCounts));
    expect(changes.standard).toBeCloseTo(-21.568900225814186, 9);
    expect(changes.lowFP).toBeCloseTo(-135.22420576763574, 9);
    expect(changes.lowFN).toBeCloseTo(16.844361874773664, 9);
  });
});
