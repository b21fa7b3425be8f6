/**
 * Choosing by the NAB score, for each profile by itself, as the benchmark's own optimiser chooses its thresholds: on all
 * files, or on one half of them to be scored on the other.
 */
import type { Interval } from '../core/bootstrap.js';
import { type Intervals, bootstrapInterval } from './nab-bootstrap.js';
import {
  NAB_PROFILES,
  nabScore,
  type NabPoints,
  type NabProfileName,
  type NabScores,
  sumOfPoints,
} from './nab-score.js';

/** What may be chosen, and what it earned. */
export interface NabCandidate<T> {
  readonly what: T;
  /** One a file, the same files in the same order for all candidates. */
  readonly points: readonly NabPoints[];
}

/** Something for each profile. */
export type ByProfile<V> = Readonly<Record<NabProfileName, V>>;

/** The choices of the two halves: that of the even files (the first, the third, …) is scored on the odd ones. */
export interface Crossed<T> {
  /** The mean of both halves; each profile with its own choice. */
  readonly scores: NabScores;
  readonly chosen: ByProfile<readonly [T, T]>;
  /** All profiles with what was chosen for the standard one. */
  readonly single: NabScores;
  readonly intervals: Intervals;
}

/** @returns `of` every profile */
export function byProfile<V>(of: (profile: NabProfileName) => V): ByProfile<V> {
  return { standard: of('standard'), lowFP: of('lowFP'), lowFN: of('lowFN') };
}

/** The candidate with the best score in a profile; of equals the first. @param candidates at least one */
export function bestFor<T>(candidates: readonly NabCandidate<T>[], profile: NabProfileName): NabCandidate<T> {
  let [best] = candidates;
  let most = scoreOf(best.points, profile);
  for (const candidate of candidates) {
    const score = scoreOf(candidate.points, profile);
    if (!(score > most)) continue;
    most = score;
    best = candidate;
  }
  return best;
}

/** @returns undefined where a half has no window: there is nothing to choose by */
export function crossed<T>(candidates: readonly NabCandidate<T>[]): Crossed<T> | undefined {
  const even = candidates.map((candidate) => halfOf(candidate, 0));
  const odd = candidates.map((candidate) => halfOf(candidate, 1));
  if (!hasWindows(even[0]) || !hasWindows(odd[0])) return undefined;
  const halves = byProfile((profile) => {
    const chosen = [bestFor(even, profile).what, bestFor(odd, profile).what] as const;
    const scored = [pointsOf(odd, chosen[0]), pointsOf(even, chosen[1])] as const;
    return { chosen, scored };
  });
  const { scored: standard } = halves.standard;
  return {
    scores: byProfile((profile) => meanOf(halves[profile].scored, profile)),
    chosen: byProfile((profile) => halves[profile].chosen),
    single: byProfile((profile) => meanOf(standard, profile)),
    intervals: byProfile((profile): Interval => bootstrapInterval(halves[profile].scored, NAB_PROFILES[profile])),
  };
}

/** Every other file, from the first (0) or the second (1). */
function halfOf<T>({ what, points }: NabCandidate<T>, parity: 0 | 1): NabCandidate<T> {
  return { what, points: points.filter((_, file) => file % 2 === parity) };
}

function hasWindows({ points }: NabCandidate<unknown>): boolean {
  return points.some(({ windows }) => windows > 0);
}

function pointsOf<T>(candidates: readonly NabCandidate<T>[], what: T): readonly NabPoints[] {
  return candidates.find((candidate) => candidate.what === what)?.points ?? [];
}

function meanOf(halves: readonly (readonly NabPoints[])[], profile: NabProfileName): number {
  return halves.reduce((sum, points) => sum + scoreOf(points, profile), 0) / halves.length;
}

function scoreOf(points: readonly NabPoints[], profile: NabProfileName): number {
  return nabScore(sumOfPoints(points), NAB_PROFILES[profile]);
}
