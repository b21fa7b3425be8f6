/** `decide.alertsPerWeek` where nothing is wrong: the fault-free files of the Numenta Anomaly Benchmark, two weeks each. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backtestFile } from '../../src/backtest/backtest-file.js';
import type { BacktestSetting } from '../../src/backtest/file-config.js';
import { DEFAULT_RUNTIME } from '../../src/core/runtime.js';
import { nodeEngine } from '../../src/step/node-engine.js';
import { needsSharedData } from '../support/needs.js';

const FILES = ['art_daily_no_noise.csv', 'art_daily_small_noise.csv', 'art_noisy.csv'];
const WEEK_US = 7 * 86_400e6;

function wishing(alertsPerWeek: number): BacktestSetting {
  return {
    title: `${alertsPerWeek} a week`,
    runtime: DEFAULT_RUNTIME,
    baselines: [],
    value: { decide: { alertsPerWeek } },
    file: '/nowhere/test.yaml',
    thresholds: [],
  };
}

describe('alertsPerWeek on files without faults', () => {
  it('of 1, learnt on two days: up to 3 a week in every file; of 7 some more', async (ctx) => {
    const folder = needsSharedData(ctx, 'sensors/nab/data/artificialNoAnomaly');
    const rates = await Promise.all(
      FILES.map(async (name) => {
        const file = { path: join(folder, name), name };
        const results = await backtestFile(file, [wishing(1), wishing(7)], () => nodeEngine, ctx.signal);
        return results.map(({ anomalies, timesUs, learntRows }) => {
          return anomalies.length / ((timesUs[timesUs.length - 1] - timesUs[learntRows]) / WEEK_US);
        });
      }),
    );
    for (const [one] of rates) expect(one).toBeLessThanOrEqual(3);
    const [ones, sevens] = [0, 1].map((wish) => rates.reduce((sum, rate) => sum + rate[wish], 0) / rates.length);
    expect(sevens).toBeGreaterThan(ones);
    expect(sevens).toBeGreaterThan(7 / 3);
    expect(sevens).toBeLessThan(7 * 3);
  }, 60_000);
});
