/**
 * How far a NAB score would move with other files: the bootstrap over files. With thirty files it moves by several points,
 * so a difference of two is no difference.
 */
import { type Interval, percentileInterval, RESAMPLES } from '../core/bootstrap.js';
import { uniform } from '../core/random.js';
import { nabScore, type NabPoints, type NabProfile, type NabProfileName, sumOfPoints } from './nab-score.js';

export type Intervals = Readonly<Record<NabProfileName, Interval>>;

/** Any: the same files give the same interval. */
const SEED = 1;

/**
 * @param groups each of files, with what each earned. The figure is the mean of the groups' scores: one group for the score
 *   of a corpus, two for the mean of its halves. Files are drawn again within their group.
 * @returns NaN where no draw has a window
 */
export function bootstrapInterval(groups: readonly (readonly NabPoints[])[], profile: NabProfile): Interval {
  const scores = Array.from({ length: RESAMPLES }, (_, draw) => {
    const sums = groups.map((files, g) => drawn(files, draw, g));
    return sums.reduce((sum, points) => sum + nabScore(points, profile), 0) / sums.length;
  });
  // Drawn from few files, all may be without a window: there is no score.
  return percentileInterval(scores);
}

/** As many files as there are, each drawn from all of them. */
function drawn(files: readonly NabPoints[], draw: number, group: number): NabPoints {
  return sumOfPoints(files.map((_, i) => files[Math.floor(uniform(SEED, draw, group * 0x10000 + i) * files.length)]));
}
