/**
 * The NAB score of a detector over a corpus: per window the reward of the earliest detection in it or the price of missing
 * it, per detection outside a price, summed over all files, and put on a scale on which finding nothing is 0 and finding
 * every window in its first row with no false alarm is 100.
 */
import type { NabRows } from './nab-rewards.js';

/** What is weighted how. */
export interface NabProfile {
  readonly tpWeight: number;
  readonly fpWeight: number;
  readonly fnWeight: number;
}

/** The benchmark's three application profiles (`config/profiles.json` of NAB). */
export const NAB_PROFILES = {
  standard: { tpWeight: 1, fpWeight: 0.11, fnWeight: 1 },
  lowFP: { tpWeight: 1, fpWeight: 0.22, fnWeight: 1 },
  lowFN: { tpWeight: 1, fpWeight: 0.11, fnWeight: 2 },
} as const satisfies Readonly<Record<string, NabProfile>>;

export type NabProfileName = keyof typeof NAB_PROFILES;

/** Normalised scores, ≤ 100; below 0: worse than a detector that never says anything. NaN where there are no windows. */
export type NabScores = Readonly<Record<NabProfileName, number>>;

/** What the detections of some files earned; of several files, the sum. */
export interface NabPoints {
  /** Windows that could be found. */
  readonly windows: number;
  readonly found: number;
  /** Sum over the windows found of the reward of the earliest detection, 0 … `found`. */
  readonly reward: number;
  /** Detections outside windows. */
  readonly falseRows: number;
  /** Sum of their prices before weighting, −`falseRows` … 0. */
  readonly penalty: number;
}

export const NO_POINTS: NabPoints = { windows: 0, found: 0, reward: 0, falseRows: 0, penalty: 0 };

/** A file with the score of each of its rows; NaN = the row was not judged. Rows of one time step share its score. */
export interface ScoredRows {
  readonly rows: NabRows;
  readonly scores: ArrayLike<number>;
}

/** @param threshold a row detects when its score is at least this; `Infinity`: none does */
export function pointsAbove({ rows, scores }: ScoredRows, threshold: number): NabPoints {
  const detected: number[] = [];
  for (let row = rows.probation; row < scores.length; row++) if (scores[row] >= threshold) detected.push(row);
  return pointsOf(rows, detected);
}

/** @param detected rows in which the detector said something, in any order; those in the probation do not count */
export function pointsOf(rows: NabRows, detected: Iterable<number>): NabPoints {
  const best = new Float64Array(rows.windows);
  let falseRows = 0;
  let penalty = 0;
  for (const row of detected) {
    if (row < rows.probation) continue;
    const window = rows.windowOf[row];
    if (window >= 0) {
      best[window] = Math.max(best[window], rows.reward[row]);
    } else {
      falseRows += 1;
      penalty += rows.reward[row];
    }
  }
  // The last row of a window still earns more than 0: 0 is a window without a detection.
  const found = best.filter((reward) => reward > 0);
  return {
    windows: rows.windows,
    found: found.length,
    reward: found.reduce((sum, reward) => sum + reward, 0),
    falseRows,
    penalty,
  };
}

export function sumOfPoints(parts: readonly NabPoints[]): NabPoints {
  return parts.reduce(
    (sum, part) => ({
      windows: sum.windows + part.windows,
      found: sum.found + part.found,
      reward: sum.reward + part.reward,
      falseRows: sum.falseRows + part.falseRows,
      penalty: sum.penalty + part.penalty,
    }),
    NO_POINTS,
  );
}

/** The normalised score of each profile. @param points sum over the files of a corpus */
export function nabScores(points: NabPoints): NabScores {
  const { standard, lowFP, lowFN } = NAB_PROFILES;
  return {
    standard: nabScore(points, standard),
    lowFP: nabScore(points, lowFP),
    lowFN: nabScore(points, lowFN),
  };
}

/** @returns 100 · (score − score of saying nothing) / (perfect score − score of saying nothing) */
export function nabScore(points: NabPoints, profile: NabProfile): number {
  if (points.windows === 0) return NaN;
  const { tpWeight, fpWeight, fnWeight } = profile;
  const missed = points.windows - points.found;
  const score = tpWeight * points.reward - fnWeight * missed + fpWeight * points.penalty;
  const silent = -fnWeight * points.windows;
  return (100 * (score - silent)) / (tpWeight * points.windows - silent);
}
