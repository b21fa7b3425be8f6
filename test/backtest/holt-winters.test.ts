import { describe, expect, it } from 'vitest';
import { type LearntChannel, MEAN } from '../../src/backtest/baseline-rules.js';
import { fitHoltWinters, type HoltWinters, holtWintersRule } from '../../src/backtest/holt-winters.js';
import { normal } from '../../src/core/random.js';

const FIELDS = 5;

/** Hours of days. */
function hours(n: number, valueOf: (hour: number) => number): LearntChannel {
  return {
    values: Float64Array.from({ length: n }, (_, hour) => valueOf(hour)),
    days: Float64Array.from({ length: n }, (_, hour) => (hour % 24) / 24),
    starts: Uint8Array.from({ length: n }, (_, hour) => (hour === 0 ? 1 : 0)),
  };
}

/** Forecasts of the next value after each of `values`, which are a half day apart. */
function forecasts(fitted: HoltWinters, values: readonly number[]): number[] {
  const rule = holtWintersRule(fitted, FIELDS + fitted.season.length);
  const state = new Float64Array(rule.fields);
  return values.map((value, row) => {
    rule.take(state, 0, value, (row % 2) / 2);
    return state[MEAN];
  });
}

const swing = (hour: number): number => Math.sin((2 * Math.PI * hour) / 24);

describe('Holt–Winters', () => {
  it('by hand: a season of two rows, three values', () => {
    const fitted = { alpha: 0.5, beta: 0.2, gamma: 0.4, season: Float64Array.of(1, -1) };
    const [first, second, third] = forecasts(fitted, [5, 4, 8]);
    // ℓ = 5 − 1 = 4, b = 0: ŷ = 4 + 0 − 1.
    expect(first).toBe(3);
    // ℓ = 0.5 (4 + 1) + 0.5 · 4 = 4.5; b = 0.2 · 0.5 = 0.1; s₁ = 0.4 (4 − 4) + 0.6 (−1) = −0.6: ŷ = 4.5 + 0.1 + 1.
    expect(second).toBeCloseTo(5.6, 12);
    // ℓ = 0.5 (8 − 1) + 0.5 · 4.6 = 5.8; b = 0.2 · 1.3 + 0.8 · 0.1 = 0.34; s₀ = 0.4 · 3.4 + 0.6 = 1.96: ŷ = 6.14 − 0.6.
    expect(third).toBeCloseTo(5.54, 12);
  });

  it('without a season is Holt, and with α = 1 and no trend persistence', () => {
    const none = new Float64Array(1);
    // ℓ 1, 2, 3.75; b 0, 0.5, 1.125.
    expect(forecasts({ alpha: 0.5, beta: 0.5, gamma: 0, season: none }, [1, 3, 5])).toEqual([1, 2.5, 4.875]);
    expect(forecasts({ alpha: 1, beta: 0, gamma: 0, season: none }, [1, 3, 5])).toEqual([1, 3, 5]);
  });

  it('finds the season of a day, in its own phase, and foretells it', () => {
    const { season, gamma } = fitHoltWinters(
      hours(30 * 24, (hour) => swing(hour) + 0.1 * normal(1, 0, hour)),
      24,
    );
    expect(season).toHaveLength(24);
    season.forEach((value, hour) => expect(Math.abs(value - swing(hour))).toBeLessThan(0.12));
    expect(gamma).toBeLessThan(0.2);
  });

  it('takes no season from two days that have nothing in common, and none where there is less than two', () => {
    const noise = hours(48, (hour) => normal(1, 0, hour));
    expect(fitHoltWinters(noise, 24).season).toEqual(new Float64Array(1));
    expect(fitHoltWinters(hours(47, swing), 24).season).toEqual(new Float64Array(1));
    expect(fitHoltWinters(hours(96, swing), undefined).season).toEqual(new Float64Array(1));
  });

  it('weighs the latest values more the less they are noise', () => {
    let walk = 0;
    const walking = fitHoltWinters(
      hours(400, (hour) => (walk += normal(1, 0, hour))),
      undefined,
    );
    const standing = fitHoltWinters(
      hours(400, (hour) => normal(1, 0, hour)),
      undefined,
    );
    expect(walking.alpha).toBeGreaterThanOrEqual(0.9);
    expect(standing.alpha).toBeLessThanOrEqual(0.1);
  });

  it('begins anew behind a gap', () => {
    const jump = hours(96, (hour) => (hour < 60 ? 0 : 1000) + 0.01 * normal(1, 0, hour));
    const told = { ...jump, starts: jump.starts.map((start, hour) => (hour === 60 ? 1 : start)) };
    // Untold it is an error that only the latest value mends; told, there is nothing but noise.
    expect(fitHoltWinters(jump, undefined).alpha).toBeGreaterThanOrEqual(0.9);
    expect(fitHoltWinters(told, undefined).alpha).toBeLessThanOrEqual(0.2);
  });
});
