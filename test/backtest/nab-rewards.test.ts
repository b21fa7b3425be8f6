import { describe, expect, it } from 'vitest';
import { nabRows, probationOf, scaledSigmoid } from '../../src/backtest/nab-rewards.js';
import type { Span } from '../../src/backtest/spans.js';

/** A row a second, and a window given by its first and last row. */
const times = (rows: number): Float64Array => Float64Array.from({ length: rows }, (_, row) => row * 1e6);
const window = (first: number, last: number): Span => ({ fromUs: first * 1e6, toUs: last * 1e6 });

describe('scaledSigmoid', () => {
  it('has the published values at the borders of a window', () => {
    expect(scaledSigmoid(-1)).toBeCloseTo(0.98661, 5);
    expect(scaledSigmoid(-0.5)).toBeCloseTo(0.84828, 5);
    expect(scaledSigmoid(0)).toBe(0);
    expect(scaledSigmoid(1)).toBeCloseTo(-0.98661, 5);
  });

  it('is −1 beyond three window lengths behind the window', () => {
    expect(scaledSigmoid(3)).toBeCloseTo(-0.9999993882, 10);
    expect(scaledSigmoid(3.001)).toBe(-1);
    expect(scaledSigmoid(1e9)).toBe(-1);
  });
});

describe('probationOf', () => {
  it('is 15 % of the rows, rounded down, at most 750', () => {
    expect([0, 6, 7, 4032, 5000, 5001, 15_902].map(probationOf)).toEqual([0, 0, 1, 604, 750, 750, 750]);
  });
});

describe('nabRows', () => {
  it('rewards a window from 1 in its first row down to just above 0 in its last', () => {
    const { reward, windowOf } = nabRows(times(100), [window(40, 49)]);
    expect(reward[40]).toBe(1);
    // Row 45 of ten: position −(49 − 45 + 1)/10 = −0.5.
    expect(reward[45]).toBeCloseTo(0.8482836 / 0.9866143, 6);
    // The last row: position −0.1; 2/(1 + e^−0.5) − 1 = 0.2449187.
    expect(reward[49]).toBeCloseTo(0.2449187 / 0.9866143, 6);
    expect([39, 40, 49, 50].map((row) => windowOf[row])).toEqual([-1, 0, 0, -1]);
  });

  it('punishes rows before the first window in full, behind a window by their distance from its end', () => {
    const { reward } = nabRows(times(100), [window(40, 49)]);
    expect(reward[39]).toBe(-1);
    // Nine rows make one length of a window of ten rows: position 9/9 = 1.
    expect(reward[58]).toBeCloseTo(-0.9866143, 6);
    expect(reward[50]).toBeCloseTo(2 / (1 + Math.exp(5 / 9)) - 1, 12);
    expect(reward[49 + 27]).toBeGreaterThan(-1);
    expect(reward[49 + 28]).toBe(-1);
  });

  it('measures the distance from the window that ended last', () => {
    const { reward } = nabRows(times(100), [window(60, 64), window(30, 39)]);
    expect(reward[65]).toBeCloseTo(2 / (1 + Math.exp(5 / 4)) - 1, 12);
    expect(reward[41]).toBeCloseTo(2 / (1 + Math.exp(10 / 9)) - 1, 12);
  });

  it('leaves a window out that ends in the probation, and numbers the others', () => {
    const { windows, windowOf, probation } = nabRows(times(100), [window(2, 6), window(12, 20), window(40, 44)]);
    expect(probation).toBe(15);
    expect(windows).toBe(2);
    expect([6, 12, 15, 40].map((row) => windowOf[row])).toEqual([-1, 0, 0, 1]);
  });

  it('has no distance to measure behind a window of a single row: every row there is far', () => {
    const { reward } = nabRows(times(100), [window(40, 40)]);
    expect(reward[40]).toBe(1);
    expect(reward[41]).toBe(-1);
  });

  it('ends a window at the first row of its last moment, as NAB does where times repeat', () => {
    const timesUs = times(20);
    timesUs[11] = timesUs[10];
    const { windowOf } = nabRows(timesUs, [window(8, 10)]);
    expect([10, 11].map((row) => windowOf[row])).toEqual([0, -1]);
  });

  it('takes the rows in between when a window begins and ends between rows', () => {
    const { windowOf } = nabRows(times(20), [{ fromUs: 7.5e6, toUs: 10.5e6 }]);
    expect([7, 8, 10, 11].map((row) => windowOf[row])).toEqual([-1, 0, 0, -1]);
  });
});
