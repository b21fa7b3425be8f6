import { describe, expect, it } from 'vitest';
import type { AlertEvidence } from '../../src/core/calibration.js';
import { addEvidence, AlertRate, asPeer, NO_EVIDENCE } from '../../src/decide/alert-rate.js';
import { uniforms } from './signals.js';

const BASE = 0.2;
/** Exponents to one unit of score, as natural logarithms. */
const NATURAL = 10 * Math.LN10;

/** What would be seen of a Poisson process of alerts with exponential excesses. @param lambda alerts a row at the base */
function seenOf(lambda: number, kappa: number, rows: number, seed: number): AlertEvidence {
  const uniform = uniforms(seed);
  let alerts = 0;
  let excess = 0;
  for (let t = -Math.log(uniform()) / lambda; t < rows; t -= Math.log(uniform()) / lambda) {
    alerts++;
    excess -= Math.log(uniform()) / kappa / NATURAL;
  }
  return { rows, readyRows: rows, alerts, capped: 0, excess };
}

const rateOf = (own: AlertEvidence, others = NO_EVIDENCE): AlertRate => new AlertRate(BASE, own, others);

describe('rate of alerts', () => {
  it('is what a score means as long as nothing is known: tenfold rarer for 0.1, a little more often because of ignorance', () => {
    const rate = rateOf(NO_EVIDENCE);
    expect(rate.expected(BASE)).toBeCloseTo(0.01 / 4, 12);
    expect(rate.expected(BASE + 0.1) / rate.expected(BASE)).toBeGreaterThan(0.1);
    expect(rate.expected(BASE + 0.1) / rate.expected(BASE)).toBeLessThan(0.13);
  });

  it('finds the opening score of which a rate is expected, above the base and below it', () => {
    const rate = rateOf(seenOf(0.004, 0.8, 5000, 1));
    for (const wish of [0.1, 0.01, 1e-3, 1e-5, 1e-8])
      expect(rate.expected(rate.scoreFor(wish)) / wish).toBeCloseTo(1, 9);
    expect(rate.scoreFor(1e-5)).toBeGreaterThan(rate.scoreFor(1e-4));
  });

  it('follows many data, however far they are from what was expected, and leans on that when they are few', () => {
    const [lambda, kappa, open] = [0.02, 0.5, 0.5];
    const truth = lambda * Math.exp(-kappa * NATURAL * (open - BASE));
    const many = rateOf(seenOf(lambda, kappa, 200_000, 2)).expected(open);
    const few = rateOf(seenOf(lambda, kappa, 200, 2)).expected(open);
    const none = rateOf(NO_EVIDENCE).expected(open);
    expect(many / truth).toBeGreaterThan(0.8);
    expect(many / truth).toBeLessThan(1.25);
    expect(few).toBeGreaterThan(none);
    expect(few).toBeLessThan(many);
  });

  it('does not take an excess that was cut off for a short one', () => {
    const cut: AlertEvidence = { rows: 10_000, readyRows: 10_000, alerts: 50, capped: 40, excess: 50 * 0.7 };
    const whole = { ...cut, capped: 0 };
    expect(rateOf(cut).expected(1)).toBeGreaterThan(2 * rateOf(whole).expected(1));
  });

  it('is an interval that holds the true rate four times in five', () => {
    const open = 0.4;
    let inside = 0;
    const uniform = uniforms(3);
    const trials = 300;
    for (let trial = 0; trial < trials; trial++) {
      // As the priors say: Gamma(2, 2 / 0.0025) is the sum of two exponentials, Gamma(20, 20) that of twenty.
      const lambda = (-Math.log(uniform() * uniform()) / 2) * 0.0025;
      let kappa = 0;
      for (let i = 0; i < 20; i++) kappa -= Math.log(uniform()) / 20;
      const { low, high } = rateOf(seenOf(lambda, kappa, 3000, 100 + trial)).interval(open);
      const truth = lambda * Math.exp(-kappa * NATURAL * (open - BASE));
      if (truth >= low && truth <= high) inside++;
    }
    expect(inside / trials).toBeGreaterThan(0.73);
    expect(inside / trials).toBeLessThan(0.87);
  });

  it('gives the same interval every time, around what is expected', () => {
    const rate = rateOf(seenOf(0.003, 1, 3000, 4));
    const { low, high } = rate.interval(0.35);
    expect(rate.interval(0.35)).toEqual({ low, high });
    expect(low).toBeLessThan(rate.expected(0.35));
    expect(high).toBeGreaterThan(rate.expected(0.35));
  });

  it('leaves a noisy stream its own rate, and a quiet one among noisy ones as well', () => {
    const quiet = seenOf(0.0025, 1, 4000, 5);
    const noisy = seenOf(0.05, 1, 4000, 6);
    const fleet = Array.from({ length: 19 }, () => asPeer(quiet)).reduce((a, b) => addEvidence(a, b), NO_EVIDENCE);
    const alone = rateOf(noisy).expected(0.4);
    const among = rateOf(noisy, fleet).expected(0.4);
    expect(among / alone).toBeGreaterThan(0.5);
    expect(rateOf(quiet, addEvidence(fleet, asPeer(noisy))).expected(0.4)).toBeLessThan(among / 5);
    // Of a stream that was not learnt nothing is known but what the others are like.
    const unknown = rateOf(NO_EVIDENCE, addEvidence(fleet, asPeer(noisy))).expected(0.4);
    expect(unknown).toBeGreaterThan(rateOf(quiet, fleet).expected(0.4));
    expect(unknown).toBeLessThan(among);
  });
});
