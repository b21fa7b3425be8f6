import { describe, expect, it } from 'vitest';
import { baselineEngine } from '../../src/backtest/baseline-net.js';
import type { LearntChannel } from '../../src/backtest/baseline-rules.js';
import { BASELINE_NAMES, type BaselineName, rulesFor } from '../../src/backtest/baselines.js';
import type { Net } from '../../src/core/contracts.js';
import { uniform } from '../../src/core/random.js';
import type { StepModel } from '../../src/core/step-model.js';

/** Two channels and, of an input row, two calendar values behind them. */
const MODEL: StepModel = {
  path: '/nowhere/model.onnx',
  sha256: '0'.repeat(64),
  inputs: [{ name: 'x', elementType: 'float32', shape: ['B', 4], timeAxis: true }],
  outputs: [{ name: 'y', elementType: 'float32', shape: ['B', 4] }],
  states: [],
  constants: [],
};

/** Hours of which each is what the one before was, and a tenth more; two days. */
const LEARNT: LearntChannel = {
  values: Float64Array.from({ length: 48 }, (_, hour) => 0.1 * hour),
  days: Float64Array.from({ length: 48 }, (_, hour) => (hour % 24) / 24),
  starts: Uint8Array.from({ length: 48 }, (_, hour) => (hour === 0 ? 1 : 0)),
};

async function open(name: BaselineName): Promise<Net> {
  const rules = rulesFor(name, [LEARNT, LEARNT], 3_600e6);
  const net = await baselineEngine(name, () => Promise.resolve(rules)).open(MODEL, 3);
  for (let slot = 0; slot < net.capacity; slot++) net.open(slot, `stream-${slot}`);
  return net;
}

/** Gives one stream a row. @returns the forecast: two means, then two variances */
function step(net: Net, slot: number, a: number, b: number): number[] {
  net.input['x'].set([a, b, 9, -9]);
  net.step(Int32Array.of(slot), 1);
  return Array.from(net.output['y'].subarray(0, 4), (value, i) => (i < 2 ? value : Math.exp(value)));
}

/** The same values for both channels, the second one ten times as large. @returns forecasts after the last */
function last(net: Net, values: readonly number[]): number[] {
  let forecast: number[] = [];
  for (const value of values) forecast = step(net, 0, value, 10 * value);
  return forecast;
}

describe('baselines', () => {
  it('persistence foretells the last value, and how far it was wrong so far', async () => {
    const [a, b, varianceA, varianceB] = last(await open('persistence'), [1, 3, 3, 7]);
    expect([a, b]).toEqual([7, 70]);
    // Errors 2, 0, 4.
    expect(varianceA).toBeCloseTo((4 + 0 + 16) / 3, 4);
    expect(varianceB).toBeCloseTo((100 * (4 + 0 + 16)) / 3, 2);
  });

  it('ewma foretells the moving average, which begins with the first value', async () => {
    const [a, b, variance] = last(await open('ewma'), [1, 3, 2]);
    const after3 = 1 + 0.3 * 2;
    expect(a).toBeCloseTo(after3 + 0.3 * (2 - after3), 6);
    expect(b).toBeCloseTo(10 * a, 4);
    expect(variance).toBeCloseTo((2 ** 2 + (2 - after3) ** 2) / 2, 5);
  });

  it('the windowed Gaussian foretells mean and variance of the latest 6400 values', async () => {
    const few = last(await open('windowed-gaussian'), [1, 3, 5]);
    expect(few[0]).toBe(3);
    expect(few[2]).toBeCloseTo(8 / 3, 5);
    const values = Array.from({ length: 10_000 }, (_, i) => 4 * uniform(1, 2, i) - 2 + (i < 3000 ? 500 : 0));
    const window = values.slice(-6400);
    const mean = window.reduce((sum, value) => sum + value, 0) / window.length;
    const variance = window.reduce((sum, value) => sum + (value - mean) ** 2, 0) / window.length;
    const many = last(await open('windowed-gaussian'), values);
    expect(many[0]).toBeCloseTo(mean, 4);
    expect(many[2] / variance).toBeCloseTo(1, 4);
  });

  it.each(BASELINE_NAMES)(
    '%s: a constant is foretold exactly, and with no more certainty than a decider takes',
    async (name) => {
      const values = Array.from({ length: 6000 }, () => 0.5);
      const [a, , variance] = last(await open(name), values);
      expect(a).toBeCloseTo(0.5, 5);
      expect(variance).toBeCloseTo(1e-4, 6);
    },
  );

  it.each(BASELINE_NAMES)('%s: absurd values leave it finite', async (name) => {
    const forecast = last(await open(name), [1e30, -1e30, 0, 1]);
    expect(forecast.every(Number.isFinite)).toBe(true);
  });

  it.each(BASELINE_NAMES)('%s: streams do not mix, in whatever order they come', async (name) => {
    const together = await open(name);
    const alone = await open(name);
    for (let row = 0; row < 20; row++) {
      together.input['x'].set([row, 0, 0, 0, 5 * row, 1, 0, 0]);
      together.step(row % 2 === 0 ? Int32Array.of(2, 0) : Int32Array.of(2, 1), 2);
      const forecast = Array.from(together.output['y'].subarray(0, 2));
      expect(forecast).toEqual(step(alone, 2, row, 0).slice(0, 2));
    }
  });

  it.each(BASELINE_NAMES)('%s: goes on from what was saved, and from nothing after a reset', async (name) => {
    const net = await open(name);
    last(net, [1, 4, 2]);
    const saved = net.save(0);
    const expected = step(net, 0, 3, 3);
    net.load(1, saved);
    expect(step(net, 1, 3, 3)).toEqual(expected);
    net.reset(1);
    expect(step(net, 1, 3, 3)).toEqual(step(await open(name), 0, 3, 3));
    net.leave(1);
    net.open(1, 'another');
    expect(step(net, 1, 3, 3)).toEqual(step(await open(name), 0, 3, 3));
  });

  it('refuses what another one has saved', async () => {
    const [short, long] = [await open('ewma'), await open('windowed-gaussian')];
    expect(() => short.load(0, long.save(0))).toThrow(expect.objectContaining({ code: 'SNAPSHOT_INVALID' }));
  });
});
