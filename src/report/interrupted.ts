/** Breaks in a thinned series, so that no chart draws a line across time of which nothing is known. */
import type { Micros } from '../core/contracts.js';
import type { HeldOutSeries } from '../train/record.js';

/**
 * Values of neighbouring stretches are less than two stretches apart. Where they are further, there was none in between:
 * there goes a point that has a time and no values (NaN).
 */
export function interrupted(series: HeldOutSeries, stepUs: Micros): HeldOutSeries {
  const { us, every, observed, expected, low, high } = series;
  const isBreak = (i: number): boolean => i > 0 && us[i] - us[i - 1] > 2 * every * stepUs;
  const times: Micros[] = [];
  us.forEach((at, i) => {
    if (isBreak(i)) times.push(us[i - 1] + stepUs);
    times.push(at);
  });
  if (times.length === us.length) return series;
  const column = (values: readonly number[]): number[] => {
    const found: number[] = [];
    values.forEach((value, i) => {
      if (isBreak(i)) found.push(NaN);
      found.push(value);
    });
    return found;
  };
  const foretold = low === undefined || high === undefined ? {} : { low: column(low), high: column(high) };
  return { ...series, us: times, observed: column(observed), expected: column(expected), ...foretold };
}
