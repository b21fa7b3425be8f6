/** The scorer on the files and labels of the Numenta Anomaly Benchmark itself. */
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { describe, expect, it } from 'vitest';
import { fitLabels, type DataFile } from '../../src/backtest/label-fit.js';
import { readLabels } from '../../src/backtest/labels.js';
import { nabRows } from '../../src/backtest/nab-rewards.js';
import { nabScores, pointsAbove, pointsOf, sumOfPoints } from '../../src/backtest/nab-score.js';
import { NabSweep } from '../../src/backtest/nab-sweep.js';
import { isWithin, rowsOf, type Span } from '../../src/backtest/spans.js';
import { readTable } from '../../src/backtest/table.js';
import { ZonedTimes } from '../../src/backtest/zones.js';
import { needsSharedData } from '../support/needs.js';

const middle = ({ fromUs, toUs }: Span): number => (fromUs + toUs) / 2;

const LABELS = 'sensors/nab/labels/combined_windows.json';

async function readFiles(root: string, names: Iterable<string>): Promise<DataFile[]> {
  return Promise.all(
    [...names].map(async (name) => {
      const { columns, rows } = await readTable(join(root, name));
      const times = new ZonedTimes();
      const column = columns.indexOf('timestamp');
      const timesUs = Float64Array.from(rows, ({ cells }) => times.parse(cells[column]) ?? NaN);
      return { path: name, timesUs, zones: times.styles };
    }),
  );
}

async function readCorpus(ctx: TestContext) {
  const labels = await readLabels(needsSharedData(ctx, LABELS));
  const files = await readFiles(needsSharedData(ctx, 'sensors/nab/data'), labels.named.keys());
  const windows = fitLabels(labels, files).map((fitted) => fitted ?? []);
  return files.map(({ path, timesUs, zones }, f) => {
    return { path, timesUs, zones, windows: windows[f], rows: nabRows(timesUs, windows[f]) };
  });
}

describe('the Numenta Anomaly Benchmark', () => {
  let read: ReturnType<typeof readCorpus> | undefined;
  const corpus = (ctx: TestContext) => (read ??= readCorpus(ctx));

  it('gives a perfect detector 100 and one that says nothing 0, in all profiles', async (ctx) => {
    const files = await corpus(ctx);
    expect(files).toHaveLength(31);
    const firstRows = (file: (typeof files)[number]): number[] =>
      file.windows.map((window) => rowsOf(window, file.timesUs)?.first ?? NaN);
    const perfect = sumOfPoints(files.map((file) => pointsOf(file.rows, firstRows(file))));
    expect(perfect).toEqual({ windows: 57, found: 57, reward: 57, falseRows: 0, penalty: 0 });
    expect(nabScores(perfect)).toEqual({ standard: 100, lowFP: 100, lowFN: 100 });
    const silent = sumOfPoints(files.map((file) => pointsOf(file.rows, [])));
    expect(nabScores(silent)).toEqual({ standard: 0, lowFP: 0, lowFN: 0 });
  });

  it('gives a detector that always shouts less than nothing', async (ctx) => {
    const files = await corpus(ctx);
    const always = files.map(({ rows, timesUs }) => pointsAbove({ rows, scores: new Float64Array(timesUs.length) }, 0));
    const scores = nabScores(sumOfPoints(always));
    expect(scores.standard).toBeLessThan(-9000);
    expect(scores.lowFP).toBeLessThan(2 * scores.standard);
  });

  it('sweeps a perfect detector with the same noise everywhere to its own threshold', async (ctx) => {
    const files = await corpus(ctx);
    const scored = files.map(({ rows, windows, timesUs }) => {
      const scores = Float64Array.from(timesUs, (_, row) => ((row * 7919) % 1000) / 2000);
      for (const window of windows) scores[rowsOf(window, timesUs)?.first ?? NaN] = 0.7;
      return { rows, scores };
    });
    const { threshold, points } = new NabSweep(scored).best('standard');
    expect(threshold).toBe(0.7);
    expect(nabScores(points).standard).toBeCloseTo(100, 9);
  });

  it('agrees with an independent program on scores that are as good as random', async (ctx) => {
    const files = (await corpus(ctx)).toSorted((a, b) => (a.path < b.path ? -1 : 1));
    // Windows are a little more likely: the best threshold then lies between saying nothing and shouting.
    const scored = files.map(({ rows, timesUs }, f) => {
      const bonus = (row: number): number => (rows.windowOf[row] >= 0 && row % 97 < 2 ? 0.0005 : 0);
      const scores = Float64Array.from(
        timesUs,
        (_, row) => ((row * 7919 + f * 104_729) % 10_007) / 10_007 + bonus(row),
      );
      return { rows, scores };
    });
    // The figures are those of a program of 40 lines of Python, which goes through the rows with NAB's own string times.
    const sweep = new NabSweep(scored);
    expect(nabScores(sweep.best('standard').points).standard).toBeCloseTo(17.055082261574196, 9);
    expect(nabScores(sweep.best('lowFP').points).lowFP).toBeCloseTo(2.143904923539558, 9);
    expect(nabScores(sweep.best('lowFN').points).lowFN).toBeCloseTo(33.00748174163428, 9);
    const low = nabScores(sumOfPoints(scored.map((file) => pointsAbove(file, 0.9))));
    expect(low.standard).toBeCloseTo(-1264.5840059186232, 9);
    expect(low.lowFP).toBeCloseTo(-2629.0002854694376, 9);
    expect(low.lowFN).toBeCloseTo(-809.7226706124154, 9);
  });

  it('makes of the point labels windows like the published ones', async (ctx) => {
    const files = await corpus(ctx);
    const points = await readLabels(needsSharedData(ctx, 'sensors/nab/labels/combined_labels.json'));
    const made = fitLabels(points, files).map((windows) => windows ?? []);
    const near = files.map(({ windows }, f) =>
      windows.filter((window) => made[f].some((own) => isWithin(middle(window), own) && isWithin(middle(own), window))),
    );
    // One published window of …NetworkIn.csv begins an hour after the point it is for.
    expect([made.flat().length, near.flat().length]).toEqual([57, 56]);
  });
});
