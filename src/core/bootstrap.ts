/** How far a figure would move with other data of the same kind: the percentile bootstrap (Efron 1979). */

/** Holds 95 % of the resampled figures; NaN where there are none. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Draws that an interval is made of. */
export const RESAMPLES = 1000;

const OUTSIDE = 0.025;

/** @param figures one of each draw; NaN (nothing to divide by in that draw) is left out */
export function percentileInterval(figures: readonly number[]): Interval {
  const sorted = figures.filter((figure) => !Number.isNaN(figure)).toSorted((a, b) => a - b);
  return { low: quantileOf(sorted, OUTSIDE), high: quantileOf(sorted, 1 - OUTSIDE) };
}

/** @returns the value below which the fraction lies; NaN of none */
function quantileOf(sorted: readonly number[], fraction: number): number {
  return sorted.length === 0 ? NaN : sorted[Math.round(fraction * (sorted.length - 1))];
}
