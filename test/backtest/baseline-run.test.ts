/** Baselines in the lane of `run`: the same stages around another forecast. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backtestFile, type FileResult } from '../../src/backtest/backtest-file.js';
import { baselineEngine } from '../../src/backtest/baseline-net.js';
import { type BaselineName, BASELINES } from '../../src/backtest/baseline-rules.js';
import { normal } from '../../src/core/random.js';

const ROWS = 800;
const LEARNT = 400;
const FAULT = { from: 600, to: 640 };
const CHANGED = 650;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-baseline-'));
});
afterAll(() => rm(folder, { recursive: true }));

const swing = (row: number): number =>
  Math.sin(row / 9) + 0.1 * normal(1, 0, row) + (row >= FAULT.from && row < FAULT.to ? 8 : 0);

async function judge(baseline: BaselineName, valueOf: (row: number) => number): Promise<FileResult> {
  const path = join(folder, 'data.csv');
  const lines = Array.from({ length: ROWS }, (_, row) => `${1_700_000_000 + row * 60},${valueOf(row)}`);
  writeFileSync(path, `time,x\n${lines.join('\n')}\n`);
  const setting = {
    // An objective that no baseline has, and more epochs than a test has time for: neither is the user's to think of.
    value: { train: { objective: 'mse', maxEpochs: 100_000 }, decide: { warmupSteps: 50 } },
    file: '/nowhere/test.yaml',
    learnRows: LEARNT,
    thresholds: [],
    baseline,
  };
  const signal = new AbortController().signal;
  return backtestFile({ path, name: 'data.csv' }, setting, baselineEngine(baseline), signal);
}

const judged = new Map<BaselineName, FileResult>();

describe.each(Object.keys(BASELINES) as BaselineName[])('the baseline %s', (baseline) => {
  let was: FileResult;
  beforeAll(async () => {
    was = await judge(baseline, swing);
    judged.set(baseline, was);
  });

  it('finds what is far from anything that was learnt', () => {
    expect(Array.from(was.alerts).some((row) => row >= FAULT.from && row < FAULT.to)).toBe(true);
    expect([...was.scores.subarray(0, LEARNT)].every(Number.isNaN)).toBe(true);
    expect([...was.scores.subarray(LEARNT)].every((score) => score >= 0 && score <= 1)).toBe(true);
  });

  it('says the same of earlier rows whatever comes later', async () => {
    const is = await judge(baseline, (row) => (row < CHANGED ? swing(row) : 5 - 3 * swing(row * 7)));
    expect(is.scores.subarray(0, CHANGED)).toEqual(was.scores.subarray(0, CHANGED));
    expect(is.scores.subarray(CHANGED)).not.toEqual(was.scores.subarray(CHANGED));
  });
});

it('different forecasts give different scores', () => {
  const texts = Array.from(judged.values(), ({ scores }) => scores.join(' '));
  expect(new Set(texts).size).toBe(Object.keys(BASELINES).length);
});
