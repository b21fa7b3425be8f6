import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLabelColumns, spansOfRows } from '../../src/backtest/label-columns.js';
import { changepointScores, outlierFigures, type SkabRows } from '../../src/backtest/skab-score.js';
import { needsSharedData } from '../support/needs.js';

describe('readLabelColumns', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kioku-columns-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const file = (text: string): string => {
    const path = join(folder, 'data.csv');
    writeFileSync(path, text);
    return path;
  };

  it('reads a mark for every row, the changepoints only where there are some', async () => {
    const text = 'datetime;Volume;anomaly\n2026-05-01 10:00:00;1,5;0.0\n2026-05-01 10:00:01;1,7;1.0\n';
    const labels = await readLabelColumns(file(text));
    expect(labels).toMatchObject({ changepoint: undefined });
    expect([...(labels?.anomaly ?? [])]).toEqual([0, 1]);
    expect([...(labels?.timesUs ?? [])]).toEqual([
      Date.UTC(2026, 4, 1, 10) * 1000,
      Date.UTC(2026, 4, 1, 10, 0, 1) * 1000,
    ]);
    expect([...(labels?.zones ?? [])]).toEqual(['absent']);
  });

  it('says when a file has no labels', async () => {
    expect(await readLabelColumns(file('time,value\n2026-05-01,3\n'))).toBeUndefined();
  });

  it.each([
    ['a label that is none', 'time,anomaly\n2026-05-01,0\n2026-05-02,2\n', 'LABELS', `line 3: '2' in column 'anomaly'`],
    ['an empty label', 'time,anomaly\n2026-05-01,\n', 'LABELS', `line 2: '' in column 'anomaly'`],
    [
      'a changepoint in words',
      'time,anomaly,Changepoint\n2026-05-01,0,yes\n',
      'LABELS',
      `'yes' in column 'Changepoint'`,
    ],
    ['no column of times', 'a,anomaly\n1,0\n', 'LABELS', 'no column that is the time'],
    ['a time that is none', 'time,anomaly\nsoon,0\n', 'LABELS', `line 2: 'soon' is no time`],
    ['rows of unequal length', 'time,anomaly\n2026-05-01,0,7\n', 'DATA_INVALID', 'is not CSV'],
    ['an empty file', '', 'DATA_INVALID', 'is empty'],
  ])('refuses %s', async (_, text, code, message) => {
    await expect(readLabelColumns(file(text))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
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
  const labels = await readLabelColumns(path);
  if (labels?.changepoint === undefined) throw new Error(`${path} has no labels`);
  const { timesUs, anomaly, changepoint } = labels;
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
});
