/**
 * How often a stream will raise an alert, from what it would have raised while it was rehearsed. Peaks over threshold
 * (Pickands 1975; Coles, An Introduction to Statistical Modeling of Extreme Values, 2001, ch. 4): alerts come as a
 * Poisson process, and how far their exponents lie beyond a base is exponential:
 *
 *     rate(e) = λ · 10^(−κ (e − e0)),   e = 10 · openScore
 *
 * A score is a rarity already, so κ = 1 is expected; and on stationary streams, whatever their noise, λ was measured as about a
 * quarter of the probability of a row, 10^−e0 / 4, since what is rare comes in clusters. Both are priors, gamma
 * distributions, so that data only add to them (Gelman et al., Bayesian Data Analysis, 2013, ch. 2.6): few are drawn
 * towards what is expected by as much as `PRIOR_ALERTS` and `PRIOR_EXCESSES` weigh. The rate to be expected,
 *
 *     E rate(e) = (a / b) · (1 + y / s)^−k,   y = ln 10 · (e − e0),   λ ~ Gamma(a, b),   κ ~ Gamma(k, s),
 *
 * is that of a generalised Pareto tail of shape 1/k: the less is known, the heavier it is.
 */
import type { AlertEvidence } from '../core/calibration.js';
import { normal } from '../core/random.js';
import { MOST_EXPONENT } from './peaks.js';

export const NO_EVIDENCE: AlertEvidence = { rows: 0, readyRows: 0, alerts: 0, capped: 0, excess: 0 };

/** @returns a + times · b */
export function addEvidence(a: AlertEvidence, b: AlertEvidence, times = 1): AlertEvidence {
  return {
    rows: a.rows + times * b.rows,
    readyRows: a.readyRows + times * b.readyRows,
    alerts: a.alerts + times * b.alerts,
    capped: a.capped + times * b.capped,
    excess: a.excess + times * b.excess,
  };
}

/**
 * Rows to one alert that reach its score, as measured: with a cool-down of 30 rows as with one of 100, since only rows count
 * at which an alert could be raised. Without a least duration it would be 2.5.
 */
const CLUSTER_ROWS = 4;
/** What is expected of λ and of κ weighs as much as so many alerts. */
const PRIOR_ALERTS = 2;
const PRIOR_EXCESSES = 20;

const DRAWS = 1000;
const SEED = 1;
/** This share of all draws lies below an interval, and as much above it. */
const OUTSIDE = 0.1;

/** Shape and rate (the reciprocal of the scale) of a gamma distribution. */
interface Gamma {
  readonly shape: number;
  readonly rate: number;
}

/** The rate of alerts of one stream; all rates are alerts a row at which one could be raised. */
export class AlertRate {
  readonly #lambda: Gamma;
  readonly #kappa: Gamma;

  /**
   * @param baseScore of all evidence
   * @param own what was seen of the stream itself
   * @param others what the other streams of the model say (`asPeer`). It moves what is expected, but gives it no more weight:
   * else a fleet would outvote the one pump that is noisy.
   */
  constructor(
    readonly baseScore: number,
    own: AlertEvidence,
    others: AlertEvidence,
  ) {
    const row = 10 ** (-MOST_EXPONENT * baseScore) / CLUSTER_ROWS;
    const lambda = (PRIOR_ALERTS + others.alerts) / (PRIOR_ALERTS / row + others.readyRows);
    const kappa = (PRIOR_EXCESSES + uncapped(others)) / (PRIOR_EXCESSES + natural(others.excess));
    this.#lambda = { shape: PRIOR_ALERTS + own.alerts, rate: PRIOR_ALERTS / lambda + own.readyRows };
    this.#kappa = { shape: PRIOR_EXCESSES + uncapped(own), rate: PRIOR_EXCESSES / kappa + natural(own.excess) };
  }

  /** The rate that is to be expected with an opening score. */
  expected(openScore: number): number {
    const y = natural(openScore - this.baseScore);
    return (this.#lambda.shape / this.#lambda.rate) * (1 + y / this.#kappa.rate) ** -this.#kappa.shape;
  }

  /** The opening score of which a rate is to be expected, be it possible or not. @param rate > 0 */
  scoreFor(rate: number): number {
    const ratio = this.#lambda.shape / this.#lambda.rate / rate;
    const y = this.#kappa.rate * (ratio ** (1 / this.#kappa.shape) - 1);
    return this.baseScore + y / natural(1);
  }

  /** Where the rate lies with a probability of 80 %: from draws that are the same every time. */
  interval(openScore: number): { readonly low: number; readonly high: number } {
    const y = natural(openScore - this.baseScore);
    const rates = Float64Array.from({ length: DRAWS }, (_, draw) => {
      const lambda = gammaOf(this.#lambda, normal(SEED, 0, draw));
      const kappa = gammaOf(this.#kappa, normal(SEED, 1, draw));
      return lambda * Math.exp(-kappa * y);
    }).toSorted();
    return { low: rates[OUTSIDE * DRAWS], high: rates[(1 - OUTSIDE) * DRAWS] };
  }
}

/**
 * What a stream says of others: in the same proportions, no more than what is expected of all beforehand weighs. Else one
 * broken pump would deafen the rest.
 */
export function asPeer(own: AlertEvidence): AlertEvidence {
  return addEvidence(NO_EVIDENCE, own, Math.min(1, PRIOR_EXCESSES / natural(own.excess)));
}

/** Alerts of which the excess is known to the end (the others are censored: their excess counts, they do not). */
function uncapped({ alerts, capped }: AlertEvidence): number {
  return alerts - capped;
}

/** A difference of scores as one of natural logarithms of probabilities. */
function natural(score: number): number {
  return Math.LN10 * MOST_EXPONENT * score;
}

/** A gamma variate from a standard normal one (Wilson & Hilferty, PNAS 17, 1931), good from a shape of 2 on. */
function gammaOf({ shape, rate }: Gamma, z: number): number {
  return (shape / rate) * Math.max(0, 1 - 1 / (9 * shape) + z / (3 * Math.sqrt(shape))) ** 3;
}
