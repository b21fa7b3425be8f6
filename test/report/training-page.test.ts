import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Chart } from '../../src/report/chart.js';
import { trainingPage, type TrainingPage } from '../../src/report/training-page.js';
import type { ChannelRecord, HeldOutSeries, Validation } from '../../src/train/record.js';
import { cardOf } from '../decide/watch.js';
import { Browser } from '../support/chromium.js';
import { needsProgram } from '../support/needs.js';

const START_US = 1_760_000_000_000_000;
const EVIL = `</script><script>document.title='broken in'</script>`;

function validation(epoch: number): Validation {
  return {
    epoch,
    step: 10 * (epoch + 1),
    trainLoss: 1 / (epoch + 1),
    validationLoss: 1 / (epoch + 1) + (epoch > 6 ? 0.3 : 0),
    learningRate: 0.005,
    gradientNorm: epoch === 3 ? 0 : 2,
    clippedShare: 0.5,
  };
}

function channel(name: string, rmse: number): ChannelRecord {
  return {
    name,
    values: 400,
    net: { rmse, mae: rmse / 2 },
    persistence: { rmse: 2, mae: 1 },
    calibration: {
      coverage: [0.5, 0.8, 0.9, 0.95, 0.99].map((nominal) => ({ nominal, observed: nominal - 0.05 })),
      pit: Array.from({ length: 20 }, () => 20),
      standardised: Array.from({ length: 40 }, (_, bin) => (bin >= 10 && bin < 30 ? 20 : 0)),
    },
  };
}

function series(stream: string, c: number): HeldOutSeries {
  const observed = Array.from({ length: 200 }, (_, i) => Math.sin(i / 9));
  const expected = observed.map((value, i) => value + (i % 2 ? 0.1 : -0.1));
  return {
    stream,
    channel: c,
    net: { rmse: 0.1, mae: 0.1 },
    every: 1,
    us: observed.map((_, i) => START_US + i * 60e6),
    observed,
    expected,
    low: expected.map((value) => value - 0.3),
    high: expected.map((value) => value + 0.3),
  };
}

const validations = Array.from({ length: 12 }, (_, epoch) => validation(epoch));
const PAGE: TrainingPage = {
  title: 'Training of pumps',
  about: 'A test.',
  words: ['learnt 2000 time steps', 'it went well'],
  card: cardOf(2, 'gaussian'),
  record: {
    objective: 'gaussian',
    stopped: 'patience',
    validations,
    best: validations[6],
    channels: [channel('flow', 1), channel(EVIL, 3)],
    heldOut: [series('pump-1', 0), series(EVIL, 0), series('pump-1', 1)],
    data: { rows: 2000, streams: 2, stepUs: 60e6, fromUs: START_US, toUs: START_US + 2000 * 60e6 },
  },
  gradients: {
    flows: { initial: [[1, 0.1, 0.01, 0]], learnt: [[1, 0.5, 0.25, 0.125]] },
    words: ['learnt, layer 1: carries'],
  },
};

function words(page: string): string {
  return page
    .slice(page.indexOf('<h1>'), page.indexOf('<script'))
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

const ofSeries = (name: string): string[] => [`at most, at least, expected, ${name}`, 'at most, at least, error'];

function chartsOf(page: string): Chart[] {
  return JSON.parse(/id="charts">(.*?)<\/script>/s.exec(page)?.[1] ?? '') as Chart[];
}

describe('the page of a training', () => {
  let page: string;
  beforeAll(async () => {
    page = await trainingPage(PAGE);
  });

  it('says what came of it, and where the net is of least use first', () => {
    const text = words(page);
    expect(text).toContain('Learnt 2000 time steps; it went well.');
    expect(text).toContain('2 streams 2000 time steps of 60 s');
    expect(text).toContain('best epoch 7 of 12');
    expect(text).toContain('flow 400 1 0.5 2 0.5 90 %');
    expect(text.indexOf('150 % of the error of repeating the last value')).toBeGreaterThan(0);
    expect(text.indexOf('150 % of the error')).toBeLessThan(
      text.indexOf('50 % of the error of repeating', 1 + text.indexOf('150 % of the error')),
    );
    expect(text).toContain('ended by patience');
  });

  it('shows curves, forecasts, errors, calibration and gradients', () => {
    const charts = chartsOf(page);
    const labels = charts.map(({ traces }) => traces.map(({ label }) => label).join(', '));
    const ofCalibration = ['values, normal', 'values', 'if true, observed'];
    expect(labels).toEqual([
      'learnt part, held-out tail',
      'learning rate',
      'norm of the gradient',
      'share of steps clipped',
      ...ofSeries(EVIL),
      ...ofCalibration,
      ...ofSeries('flow'),
      ...ofSeries('flow'),
      ...ofCalibration,
      'before training, after training',
    ]);
    expect(charts[0].marks).toEqual([{ at: 7, tone: 'fault' }]);
  });

  it('says what a projection makes of the cells', async () => {
    const card = cardOf(2, 'gaussian');
    const training = { ...card.training, cell: 'lstm' as const, layers: 2, hidden: 160, projection: 64 };
    const text = words(await trainingPage({ ...PAGE, card: { ...card, training } }));
    expect(text).toContain('lstm, 2 layers of 160→64');
    expect(text).toContain('2 × 160→64');
  });

  it('does without what was not recorded', async () => {
    const { gradients: _, ...rest } = PAGE;
    const { calibration: _none, ...bare } = channel('flow', 1);
    const { low: _low, high: _high, ...plain } = series('pump-1', 0);
    const record = { ...PAGE.record, objective: 'mse' as const, channels: [bare], heldOut: [plain] };
    const text = await trainingPage({ ...rest, card: cardOf(1, 'mse'), record });
    expect(chartsOf(text).map(({ traces }) => traces.length)).toEqual([2, 1, 1, 1, 2, 1]);
    expect(words(text)).not.toContain('gradient reaches');
    const none = await trainingPage({
      ...rest,
      record: { ...record, channels: [{ ...bare, values: 0 }], heldOut: [] },
    });
    expect(words(none)).toContain('No value of it was foretold.');
  });

  it('is drawn in a browser without a complaint, every chart', async (ctx) => {
    needsProgram(ctx, 'chromium');
    const folder = await mkdtemp(join(tmpdir(), 'kioku-page-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'report.html');
    await writeFile(path, page);
    const browser = await Browser.open(path, { width: 1200, height: 6000 });
    onTestFinished(() => browser.close());
    // All but those of the stream that was not chosen.
    await browser.until(`document.querySelectorAll('canvas').length === 15`);
    expect(await browser.evaluate('document.title')).toBe('Training of pumps');
    expect(
      await browser.evaluate(
        `[...document.querySelectorAll('canvas')].filter(({ width, height }) => width * height === 0).length`,
      ),
    ).toBe(0);
    expect(browser.complaints).toEqual([]);
  });
});
