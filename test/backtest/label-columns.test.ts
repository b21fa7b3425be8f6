import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { labelColumnsOf, spansOfRows } from '../../src/backtest/label-columns.js';
import { changepointScores, outlierFigures, type SkabRows } from '../../src/backtest/skab-score.js';
import { readTable, type Table } from '../../src/backtest/table.js';
import { parseTime } from '../../src/core/time.js';
import { needsSharedData } from '../support/needs.js';

const table = (columns: readonly string[], ...rows: readonly (readonly string[])[]): Table => ({
  columns,
  rows: rows.map((cells, i) => ({ cells, line: i + 2 })),
});

describe('labelColumnsOf', () => {
  it('reads a mark for every row, the changepoints only where there are some', () => {
    const outliers = labelColumnsOf(table(['time', 'anomaly'], ['2026-05-01', '0.0'], ['2026-05-02', '1.0']), 'a.csv');
    expect(outliers).toEqual({ anomaly: Uint8Array.of(0, 1), changepoint: undefined });
    const both = labelColumnsOf(table(['Changepoint', 'Anomaly'], ['1', '0'], ['0', '1']), 'a.csv');
    expect(both).toEqual({ anomaly: Uint8Array.of(0, 1), changepoint: Uint8Array.of(1, 0) });
  });

  it('says when a file has no labels', () => {
    expect(labelColumnsOf(table(['time', 'value'], ['2026-05-01', '3']), 'a.csv')).toBeUndefined();
  });

  it.each([
    [
      'a label that is none',
      table(['anomaly'], ['0'], ['2']),
      `a.csv, line 3: '2' in column 'anomaly' is neither 0 nor 1`,
    ],
    ['an empty label', table(['anomaly'], ['']), `a.csv, line 2: '' in column 'anomaly' is neither 0 nor 1`],
    ['a changepoint in words', table(['anomaly', 'Changepoint'], ['0', 'yes']), `'yes' in column 'Changepoint'`],
  ])('refuses %s', (_, given, message) => {
    expect(() => labelColumnsOf(given, 'a.csv')).toThrow(
      expect.objectContaining({ code: 'LABELS', message: expect.stringContaining(message) as string }),
    );
  });

  it('gives a perfect detector on the Skoltech benchmark the figures of its leaderboard', async (ctx) => {
    const root = needsSharedData(ctx, 'sensors/skab');
    const paths = ['valve1', 'valve2'].flatMap((part) =>
      readdirSync(join(root, part)).map((name) => join(root, part, name)),
    );
    const files = await Promise.all(paths.map(perfectRows));
    expect(files).toHaveLength(20);
    expect(outlierFigures(files)).toEqual({ f1: 1, falseAlarmRate: 0, missedAlarmRate: 0 });
    expect(files.map(({ anomaly, timesUs }) => spansOfRows(anomaly, timesUs).length)).toEqual(files.map(() => 1));
    // Perfect for outliers, yet half of the changepoints lie within a fault: its start and its end are all that is said.
    const { standard } = changepointScores(files);
    expect(standard).toBeGreaterThan(40);
    expect(standard).toBeLessThan(60);
    // Two of 79 lie less than a minute behind another one, before their own windows begin.
    const all = changepointScores(files.map((rows) => toggling(rows)));
    expect(all.standard).toBeCloseTo(100 * (1 - 2 / 79), 9);
  });
});

/** A file of the benchmark with its own labels for detections. */
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

describe('spansOfRows', () => {
  it('joins marked rows that follow each other', () => {
    const timesUs = [0, 1, 2, 3, 4, 5, 6].map((second) => second * 1e6);
    expect(spansOfRows([1, 1, 0, 1, 0, 1, 1], timesUs)).toEqual([
      { fromUs: 0, toUs: 1e6 },
      { fromUs: 3e6, toUs: 3e6 },
      { fromUs: 5e6, toUs: 6e6 },
    ]);
    expect(spansOfRows([], [])).toEqual([]);
  });

  it('passes over rows without a time', () => {
    const timesUs = [NaN, 1e6, NaN, 3e6, NaN];
    expect(spansOfRows([1, 1, 0, 1, 1], timesUs)).toEqual([{ fromUs: 1e6, toUs: 3e6 }]);
  });
});
