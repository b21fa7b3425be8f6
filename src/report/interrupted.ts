/** Breaks in a thinned series, so that no chart draws a line across time of which nothing is known. */
import type { Micros } from '../core/contracts.js';
import type { HeldOutSeries } from '../train/record.js';

/**
 * Values of neighbouring stretches are less than two stretches apart. Where they are further, there was none in between:
 * there goes a point that has a time and no values (NaN).
 */
export function interrupted(series: HeldOutSeries, stepUs: Micros): HeldOutSeries {
  const { us, every } = series;
  const most = Math.max(2 * every * stepUs, 1);
  const broken = us.flatMap((at, i) => (i > 0 && at - us[i - 1] > most ? [i] : []));
  if (broken.length === 0) return series;
  const column = (values: readonly number[], between: (i: number) => number): number[] => {
    const parts = [0, ...broken].map((from, k) => values.slice(from, broken[k]));
    return parts.flatMap((part, k) => (k === 0 ? part : [between(broken[k - 1]), ...part]));
  };
  const nothing = (): number => NaN;
  const { low, high } = series;
  return {
    ...series,
    us: column(us, (i) => us[i - 1] + stepUs),
    observed: column(series.observed, nothing),
    expected: column(series.expected, nothing),
    ...(low === undefined || high === undefined ? {} : { low: column(low, nothing), high: column(high, nothing) }),
  };
}
