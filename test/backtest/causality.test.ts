/** Nobody knows what comes later: whatever a file goes on with, each of its detectors says the same up to there. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backtestFile, type FileResult } from '../../src/backtest/backtest-file.js';
import { BASELINE_NAMES } from '../../src/backtest/baselines.js';
import { detectorsOf } from '../../src/backtest/comparison.js';
import type { BacktestSetting } from '../../src/backtest/file-config.js';
import { normal } from '../../src/core/random.js';
import { DEFAULT_RUNTIME } from '../../src/core/runtime.js';
import { nodeEngine } from '../../src/step/node-engine.js';

const ROWS = 900;
/** 15 % of them: what a backtest learns from when nothing else is said. */
const LEARNT = 135;
const FAULT = { from: 500, to: 530 };

/** Neither the time step nor the channels are written: both are found in the data. */
function setting(title: string, more: object, baselines: BacktestSetting['baselines'] = []): BacktestSetting {
  const train = { maxEpochs: 2, sequenceLength: 8, hidden: 8 };
  const value = { train, decide: { warmupSteps: 50 }, ...more };
  const common = { runtime: DEFAULT_RUNTIME, file: '/nowhere/test.yaml', traced: true } as const;
  return { ...common, title, value, baselines, thresholds: baselines.length === 0 ? [] : [0.6] };
}

const SETTINGS = [
  setting('plain', {}, BASELINE_NAMES),
  setting('wish', { decide: { warmupSteps: 50, alertsPerWeek: 20 } }),
  setting('online', { online: { everySteps: 16, segments: 4, segmentSteps: 8, learningRate: 0.05 } }),
];
const DETECTORS = detectorsOf(SETTINGS).map(({ config, forecast }) => `${config}, ${forecast}`);

interface Row {
  readonly second: number;
  readonly cells: readonly (number | string)[];
}

function swing(row: number): Row {
  const fault = row >= FAULT.from && row < FAULT.to ? 8 : 0;
  const level = Math.sin(row / 9) + 0.1 * normal(1, 0, row) + fault;
  return { second: row * 60, cells: [level, 20 + 2 * Math.cos(row / 14) + 0.2 * normal(2, 0, row), ''] };
}

/** What may come from some row on: other values an hour apart, holes, and a channel that nobody has heard of. */
function change(row: number): Row {
  const level = row % 5 === 0 ? '' : 5 - 3 * Number(swing(row * 7).cells[0]);
  return { second: row * 3600, cells: [level, row % 7 === 0 ? 'off' : 1e6 * normal(3, 0, row), row] };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-causality-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** @returns of each detector */
async function judge(rowOf: (row: number) => Row): Promise<FileResult[]> {
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const { second, cells } = rowOf(row);
    return [1_700_000_000 + second, ...cells].join(',');
  });
  const path = join(folder, 'plant.csv');
  writeFileSync(path, `time,level,flow,later\n${lines.join('\n')}\n`);
  return backtestFile({ path, name: 'plant.csv' }, SETTINGS, () => nodeEngine, new AbortController().signal);
}

/** All that is said of the rows before `end`. */
function saidBefore(end: number, { scores, open, alerts, threshold, candidates, trace }: FileResult): object {
  const before = (rows: Int32Array): number[] => Array.from(rows).filter((row) => row < end);
  return {
    threshold,
    scores: scores.subarray(0, end),
    open: open.subarray(0, end),
    alerts: before(alerts),
    candidates: candidates.map(({ threshold: tried, anomalies }) => [tried, before(anomalies)]),
    expected: trace?.channels.map(({ name, expected, low, high }) =>
      [name, expected, low, high].map((part) => (typeof part === 'string' ? part : part.subarray(0, end))),
    ),
  };
}

let was: FileResult[];
beforeAll(async () => {
  was = await judge(swing);
}, 60_000);

it('each detector judges the file behind what it learns from, and finds its fault', () => {
  for (const { learntRows, scores, alerts } of was) {
    expect(learntRows).toBe(LEARNT);
    expect([...scores.subarray(0, LEARNT)].every(Number.isNaN)).toBe(true);
    expect([...scores.subarray(LEARNT)].some(Number.isNaN)).toBe(false);
    expect(Array.from(alerts).some((row) => row >= FAULT.from && row < FAULT.to)).toBe(true);
  }
});

describe.each([
  ['just behind what is learnt', LEARNT + 10],
  ['in the middle, within a fault', FAULT.from + 10],
])('whatever comes %s', (_, changed) => {
  let is: FileResult[];
  beforeAll(async () => {
    is = await judge((row) => (row < changed ? swing(row) : change(row)));
  }, 60_000);

  it.each(DETECTORS.map((name, detector) => [name, detector] as const))(
    'changes nothing that %s says before it, and what it says behind it',
    (__, detector) => {
      expect(saidBefore(changed, is[detector])).toEqual(saidBefore(changed, was[detector]));
      expect(is[detector].scores.subarray(changed)).not.toEqual(was[detector].scores.subarray(changed));
    },
  );
});
