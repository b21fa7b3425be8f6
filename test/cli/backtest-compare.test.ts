/** `kioku backtest` of several detectors, as a user calls it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { BASELINE_NAMES } from '../../src/backtest/baselines.js';
import { kioku } from '../support/cli.js';

const ROWS = 700;
const FAULT = { from: 500, to: 540 };

const timeOf = (row: number): string =>
  new Date(1_760_000_000_000 + row * 60_000).toISOString().replace('T', ' ').slice(0, 19);
const isFault = (row: number): boolean => row >= FAULT.from && row < FAULT.to;
const valueOf = (row: number, seed: number): string =>
  (60 + 5 * Math.sin(row / (14 + seed)) + Math.sin(row * 7.3) + (isFault(row) ? 40 : 0)).toFixed(3);

interface Figures {
  readonly config: string;
  readonly forecast: string;
  readonly nab?: { readonly configured: object; readonly halves: object };
  readonly skab?: { readonly f1: number };
  readonly alertsPerDay: number;
  readonly found: number;
  readonly detectionDelay: number;
}

interface Summary extends Figures {
  readonly compared?: readonly Figures[];
  readonly chosen?: {
    readonly tried: object;
    readonly choices: unknown;
    readonly standard?: number;
    readonly f1?: number;
  };
}

let folder: string;
const backtest = (...args: string[]) => kioku(['backtest', ...args], { cwd: folder });

async function summaryOf(...args: string[]): Promise<Summary> {
  const { code, stdout, stderr } = await backtest(...args, '--json');
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('defect') as string]);
  return JSON.parse(stdout) as Summary;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-compare-'));
  for (const part of ['plain', 'marked']) mkdirSync(join(folder, part));
  for (const seed of [1, 2]) {
    const rows = Array.from({ length: ROWS }, (_, row) => `${timeOf(row)},${valueOf(row, seed)}`);
    writeFileSync(join(folder, `plain/${seed}.csv`), `timestamp,value\n${rows.join('\n')}\n`);
    const marked = rows.map((row, r) => `${row},${isFault(r) ? 1 : 0}`);
    writeFileSync(join(folder, `marked/${seed}.csv`), `timestamp,value,anomaly\n${marked.join('\n')}\n`);
  }
  const window = [timeOf(FAULT.from), timeOf(FAULT.to)];
  writeFileSync(join(folder, 'labels.json'), JSON.stringify({ '1.csv': [window], '2.csv': [window] }));
  const source = { kind: 'mqtt', url: 'mqtt://127.0.0.1', topic: 'x' };
  const train = { maxEpochs: 2 };
  // Nothing lasts that long.
  const deaf = { warmupSteps: 50, minDurationMs: 864_000_000 };
  writeFileSync(join(folder, 'deaf.yaml'), stringify({ source, train, decide: deaf }));
  writeFileSync(join(folder, 'keen.yaml'), stringify({ source, train, decide: { warmupSteps: 50 } }));
});
afterAll(() => rm(folder, { recursive: true }));

describe('kioku backtest of several detectors', () => {
  const CONFIGS = ['--config', 'deaf.yaml', '--config', 'keen.yaml'];

  it('has each configuration and each baseline side by side, and what the choice among configurations is worth', async () => {
    const summary = await summaryOf('plain', '--labels', 'labels.json', ...CONFIGS, '--baseline', 'all');
    const { compared = [], chosen, ...first } = summary;
    expect(compared.map(({ config, forecast }) => [config, forecast])).toEqual(
      ['deaf.yaml', 'keen.yaml'].flatMap((config) => ['net', ...BASELINE_NAMES].map((forecast) => [config, forecast])),
    );
    expect(first).toMatchObject({ config: 'deaf.yaml', forecast: 'net', found: 0, nab: compared[0].nab });
    expect(compared.slice(5).map(({ found }) => found)).toEqual([2, 2, 2, 2, 2]);
    expect(chosen?.tried).toMatchObject({ configurations: 2 });
    expect(chosen?.standard).toBeGreaterThan(50);
    expect(chosen?.choices).toMatchObject({ standard: [{ config: 'keen.yaml' }, { config: 'keen.yaml' }] });
    const alone = await summaryOf('plain', '--labels', 'labels.json', '--config', 'keen.yaml');
    expect(alone.compared).toBeUndefined();
    expect(alone.chosen).toBeUndefined();
    // The same alone as beside others.
    const { nab, alertsPerDay, detectionDelay } = compared[5];
    expect(alone).toMatchObject({ alertsPerDay, detectionDelay, nab });
  }, 60_000);

  it('chooses by F1 where the labels are in the data', async () => {
    const { compared = [], chosen } = await summaryOf('marked', ...CONFIGS);
    expect(compared.map(({ skab }) => (skab?.f1 ?? NaN) > 0.5)).toEqual([false, true]);
    expect(chosen).toMatchObject({ tried: { configurations: 2 }, choices: ['keen.yaml', 'keen.yaml'] });
    expect(chosen?.f1).toBeGreaterThan(0.5);
  });

  it('prints a line for each', async () => {
    const { stdout } = await backtest('plain', '--labels', 'labels.json', ...CONFIGS, '--baseline', 'ewma');
    expect(stdout).toMatch(/^configuration +forecast +NAB halves: standard +low-FP +low-FN +best +alerts\/day/m);
    expect(stdout).toMatch(/^keen\.yaml +net +\d/m);
    expect(stdout).toMatch(/^keen\.yaml +ewma +\d/m);
    expect(stdout).toMatch(/^chosen on one half of the files, scored on the other: \d/m);
    expect(stdout).toMatch(/^ {2}of 2 configurations, \d+ with their thresholds, for the standard score /m);
    const { stdout: plain } = await backtest('plain/1.csv', '--config', 'keen.yaml', '--baseline', 'persistence');
    expect(plain).toMatch(/^forecast +alerts\/day\nnet +\d.*\npersistence +\d/m);
  });
});
