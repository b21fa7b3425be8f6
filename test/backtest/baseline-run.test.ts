/** Baselines in the lane of `run`: the same stages around another forecast. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backtestFile, type FileResult } from '../../src/backtest/backtest-file.js';
import { BASELINE_NAMES, type BaselineName } from '../../src/backtest/baselines.js';
import { DEFAULT_RUNTIME } from '../../src/core/runtime.js';
import { normal } from '../../src/core/random.js';
import { nodeEngine } from '../../src/step/node-engine.js';

const ROWS = 800;
const LEARNT = 400;
const FAULT = { from: 600, to: 640 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-baseline-'));
});
afterAll(() => rm(folder, { recursive: true }));

const swing = (row: number): number =>
  Math.sin(row / 9) + 0.1 * normal(1, 0, row) + (row >= FAULT.from && row < FAULT.to ? 8 : 0);

/** @returns of each baseline */
async function judge(): Promise<Map<BaselineName, FileResult>> {
  const path = join(folder, 'data.csv');
  const lines = Array.from({ length: ROWS }, (_, row) => `${1_700_000_000 + row * 3600},${swing(row)}`);
  writeFileSync(path, `time,x\n${lines.join('\n')}\n`);
  const setting = {
    title: 'test',
    // An objective that no baseline has.
    value: { train: { objective: 'mse', maxEpochs: 1 }, decide: { warmupSteps: 50 } },
    file: '/nowhere/test.yaml',
    runtime: DEFAULT_RUNTIME,
    learnRows: LEARNT,
    thresholds: [],
    baselines: BASELINE_NAMES,
  };
  const signal = new AbortController().signal;
  const [, ...judged] = await backtestFile({ path, name: 'data.csv' }, [setting], () => nodeEngine, signal);
  return new Map(BASELINE_NAMES.map((name, i) => [name, judged[i]]));
}

let results: Map<BaselineName, FileResult>;
beforeAll(async () => {
  results = await judge();
}, 60_000);

const resultOf = (name: BaselineName): FileResult => {
  const result = results.get(name);
  if (result === undefined) throw new Error(`there is no result of ${name}`);
  return result;
};

describe.each(BASELINE_NAMES)('the baseline %s', (baseline) => {
  it('finds what is far from anything that was learnt', () => {
    const was = resultOf(baseline);
    expect(Array.from(was.alerts).some((row) => row >= FAULT.from && row < FAULT.to)).toBe(true);
    expect([...was.scores.subarray(0, LEARNT)].every(Number.isNaN)).toBe(true);
    expect([...was.scores.subarray(LEARNT)].every((score) => score >= 0 && score <= 1)).toBe(true);
  });
});

it('different forecasts give different scores', () => {
  const texts = Array.from(results.values(), ({ scores }) => scores.join(' '));
  expect(new Set(texts).size).toBe(BASELINE_NAMES.length);
});
