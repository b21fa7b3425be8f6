/**
 * How far a NAB score would move with other files: the percentile bootstrap over files (Efron 1979). With thirty files it
 * moves by several points, so a difference of two is no difference.
 */
import { uniform } from '../core/random.js';
import { nabScore, type NabPoints, type NabProfile, type NabProfileName, sumOfPoints } from './nab-score.js';

/** Holds 95 % of the resampled scores; NaN where there are no windows. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export type Intervals = Readonly<Record<NabProfileName, Interval>>;

const RESAMPLES = 1000;
const OUTSIDE = 0.025;
/** Any: the same files give the same interval. */
const SEED = 1;

/**
 * @param groups each of files, with what each earned. The figure is the mean of the groups' scores: one group for the score
 *   of a corpus, two for the mean of its halves. Files are drawn again within their group.
 */
export function bootstrapInterval(groups: readonly (readonly NabPoints[])[], profile: NabProfile): Interval {
  const scores = Array.from({ length: RESAMPLES }, (_, draw) => {
    const sums = groups.map((files, g) => drawn(files, draw, g));
    return sums.reduce((sum, points) => sum + nabScore(points, profile), 0) / sums.length;
  });
  // Drawn from few files, all may be without a window: there is no score.
  const sorted = scores.filter((score) => !Number.isNaN(score)).toSorted((a, b) => a - b);
  return { low: quantileOf(sorted, OUTSIDE), high: quantileOf(sorted, 1 - OUTSIDE) };
}

/** As many files as there are, each drawn from all of them. */
function drawn(files: readonly NabPoints[], draw: number, group: number): NabPoints {
  return sumOfPoints(files.map((_, i) => files[Math.floor(uniform(SEED, draw, group * 0x10000 + i) * files.length)]));
}

/** @returns the value below which the fraction lies; NaN of none */
function quantileOf(sorted: readonly number[], fraction: number): number {
  return sorted.length === 0 ? NaN : sorted[Math.round(fraction * (sorted.length - 1))];
}
