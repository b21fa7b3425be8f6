/**
 * How far a count of rare errors may be from what is usual, exactly: 19 times in 20 the true figure lies within. A bootstrap of
 * no errors at all would say that there never is one.
 */
import type { Interval } from '../core/bootstrap.js';
import { logAdd } from '../decide/scores.js';

/** On each side. */
const OUTSIDE = 0.025;
/** Halvings: as many as a float64 has digits. */
const HALVINGS = 60;

/**
 * Events at a constant rate (Garwood, "Fiducial limits for the Poisson distribution", Biometrika 1936).
 * @param count of events, 0, 1, 2, …
 * @returns bounds of the expected count, both from 0 on
 */
export function poissonInterval(count: number): Interval {
  // Far beyond any bound.
  const most = 2 * count + 20 + 10 * Math.sqrt(count);
  return {
    low: count === 0 ? 0 : fallsTo(1 - OUTSIDE, (mean) => poissonUpTo(count - 1, mean), most),
    high: fallsTo(OUTSIDE, (mean) => poissonUpTo(count, mean), most),
  };
}

/**
 * A share (Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
 * Biometrika 1934).
 * @param count of `of`, 0 … `of`
 * @returns bounds of the share; NaN where there is nothing to have a share of
 */
export function shareInterval(count: number, of: number): Interval {
  if (of === 0) return { low: Number.NaN, high: Number.NaN };
  return {
    low: count === 0 ? 0 : fallsTo(1 - OUTSIDE, (share) => binomialUpTo(count - 1, of, share), 1),
    high: count === of ? 1 : fallsTo(OUTSIDE, (share) => binomialUpTo(count, of, share), 1),
  };
}

/** Where a probability that falls from 1 (at 0) to 0 (at `most`) is `level`. */
function fallsTo(level: number, falling: (x: number) => number, most: number): number {
  let [low, high] = [0, most];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (falling(middle) > level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Of at most `most` events where `mean` > 0 are expected. */
function poissonUpTo(most: number, mean: number): number {
  let term = -mean;
  let sum = term;
  for (let k = 1; k <= most; k++) {
    term += Math.log(mean / k);
    sum = logAdd(sum, term);
  }
  return Math.exp(sum);
}

/** Of at most `most` < `of` successes, each with probability `share`, 0 … 1 exclusive. */
function binomialUpTo(most: number, of: number, share: number): number {
  let term = of * Math.log1p(-share);
  let sum = term;
  for (let k = 1; k <= most; k++) {
    term += Math.log((of - k + 1) / k) + Math.log(share) - Math.log1p(-share);
    sum = logAdd(sum, term);
  }
  return Math.exp(sum);
}
