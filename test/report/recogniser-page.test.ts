import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Chart } from '../../src/report/chart.js';
import { recogniserPage, type RecogniserPage } from '../../src/report/recogniser-page.js';
import { Browser } from '../support/chromium.js';
import { needsProgram } from '../support/needs.js';

const EVIL = `</script><script>document.title='broken in'</script>`;

const validations = Array.from({ length: 4 }, (_, epoch) => ({
  epoch,
  step: 100 * (epoch + 1),
  trainLoss: 2 / (epoch + 1),
  validationLoss: [0.9, 0.4, 0.25, 0.3][epoch],
  learningRate: 0.004,
  gradientNorm: 3,
  clippedShare: 0.5,
}));

const PAGE: RecogniserPage = {
  title: 'Training of digits',
  about: 'A test.',
  words: ['learnt 3 words', 'it went well'],
  card: {
    format: 'kioku-recogniser',
    version: 1,
    name: 'digits',
    licence: 'CC0-1.0',
    words: ['five', 'nine', 'one'],
    sampleRateHz: 8000,
    stepMs: 40,
    algorithmicDelayMs: 57.5,
    training: {
      cell: 'lstm',
      hidden: 96,
      projection: undefined,
      layers: 2,
      dropout: 0.1,
      parameters: 12_345,
      seed: 1,
      optimiserSteps: 400,
      epochs: 4,
      chosen: 'best on held-out recordings',
      bestEpoch: 2,
      stopped: 'epochs',
      seconds: 300,
      stringsTooShort: 6,
      command: 'kioku train digits.yaml',
      createdAt: '2026-01-31T12:00:00.000Z',
      kioku: '0',
    },
    data: [],
    heldOut: {
      what: 'strings',
      ctcLoss: 1,
      tokenErrorRate: 0.25,
      tokens: 20,
      strings: 8,
      stringsRight: 0.5,
      bySpeaker: {},
    },
  },
  record: {
    validations,
    best: validations[2],
    confusions: [
      { said: null, read: 'one', count: 2 },
      { said: 'five', read: 'five', count: 3 },
      { said: 'five', read: 'nine', count: 4 },
      { said: 'five', read: 'one', count: 1 },
      { said: 'five', read: null, count: 2 },
      { said: 'one', read: 'one', count: 9 },
      { said: 'one', read: EVIL, count: 1 },
    ],
  },
  manifests: [
    {
      path: 'learnt.tsv',
      recordings: 12,
      seconds: 150,
      badLines: [{ line: 7, reason: 'has no tab' }],
      problems: [
        { name: EVIL, finding: 'silent', text: 'is silent', leftOut: true },
        { name: 'b.wav', finding: 'silent', text: 'is silent', leftOut: true },
        { name: 'c.wav', finding: 'clipped', text: 'is clipped', leftOut: false },
      ],
    },
    { path: 'tried.tsv', recordings: 8, seconds: 90, badLines: [], problems: [] },
  ],
  frameEpochs: 2,
};

function words(page: string): string {
  return page
    .slice(page.indexOf('<h1>'), page.indexOf('<script'))
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

function chartsOf(page: string): Chart[] {
  return JSON.parse(/id="charts">(.*?)<\/script>/s.exec(page)?.[1] ?? '') as Chart[];
}

describe('the page of the training of a recogniser', () => {
  let page: string;
  beforeAll(async () => {
    page = await recogniserPage(PAGE);
  });

  it('says what came of it', () => {
    const text = words(page);
    expect(text).toContain('Learnt 3 words; it went well.');
    expect(text).toContain('words wrong 25 % held-out strings with noise; 50 % of them right');
    expect(text).toContain('learnt from 12 recordings 2.5 min, 3 words');
    expect(text).toContain('best epoch 3 of 4, in 5 min');
    expect(text).toContain('In the first 2 epochs the net learns where the words are');
  });

  it('says which words are taken for which, the worst first', () => {
    const text = words(page);
    expect(text).toContain('five 10 70 % 2 nine 4, one 1 one 10 10 % 0');
    expect(text).toContain('Words that nobody said: one 2.');
  });

  it('says what became of the recordings', () => {
    const text = words(page);
    expect(text).toContain('learnt.tsv 12 2.5 min 1 2 silent 1 clipped');
    expect(text).toContain('tried.tsv 8 90 s 0 0 0');
    expect(text).toContain('learnt.tsv: 4 findings line 7 has no tab');
    expect(text).toContain('b.wav is silent c.wav is clipped');
  });

  it('shows the loss, the words wrong, the learning rate and the gradients by epoch', () => {
    const charts = chartsOf(page);
    expect(charts.map(({ traces }) => traces.map(({ label }) => label).join(', '))).toEqual([
      'strings learnt from',
      'held-out words wrong',
      'learning rate',
      'norm of the gradient',
      'share of steps clipped',
    ]);
    expect(charts[1].marks).toEqual([{ at: 3, tone: 'fault' }]);
  });

  it('does without held-out recordings', async () => {
    const { confusions: _none, ...record } = PAGE.record;
    const training = { ...PAGE.card.training, chosen: 'last weights', bestEpoch: undefined } as const;
    const card = { ...PAGE.card, training, heldOut: undefined };
    const [learnt] = PAGE.manifests;
    const bare = await recogniserPage({ ...PAGE, record, card, manifests: [learnt], frameEpochs: 0 });
    expect(words(bare)).toContain('words wrong – nothing was held out');
    expect(words(bare)).toContain('weights kept the last of 4');
    expect(words(bare)).not.toMatch(/taken for|In the first/);
    expect(chartsOf(bare).map(({ traces }) => traces[0].label)).not.toContain('held-out words wrong');
  });

  it('is drawn in a browser without a complaint, every chart', async (ctx) => {
    needsProgram(ctx, 'chromium');
    const folder = await mkdtemp(join(tmpdir(), 'kioku-page-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'report.html');
    await writeFile(path, page);
    const browser = await Browser.open(path, { width: 1200, height: 4000 });
    onTestFinished(() => browser.close());
    await browser.until(`document.querySelectorAll('canvas').length === 5`);
    expect(await browser.evaluate('document.title')).toBe('Training of digits');
    expect(browser.complaints).toEqual([]);
  });
});
