/** The NAB score of the alerts a user would have got, with the configured opening score and with others. */
import type { FileResult } from './backtest-file.js';
import { bootstrapInterval, type Intervals } from './nab-bootstrap.js';
import { bestFor, byProfile, type ByProfile, crossed, type NabCandidate } from './nab-choice.js';
import { nabRows } from './nab-rewards.js';
import { NAB_PROFILES, nabScores, pointsOf, sumOfPoints, type NabPoints, type NabScores } from './nab-score.js';
import { NabSweep } from './nab-sweep.js';
import type { Span } from './spans.js';

/**
 * Opening scores that are tried where there are labels: 0.1, 0.12, … 0.6, from one row in ten to one in a million. Each
 * step is two thirds as many alerts; steps of 0.05, a third as many, passed the best one by.
 */
export const TRIED_SCORES: readonly number[] = Array.from({ length: 26 }, (_, i) => (5 + i) / 50);

/** What is drawn from fewer says nothing of other files. */
export const FEWEST_FILES = 6;

export interface ConfiguredScores extends NabScores {
  /** null: it was found for each file by itself. */
  readonly threshold: number | null;
}

/** With one threshold for all files. */
export interface ThresholdScores extends NabScores {
  readonly threshold: number;
}

/** Each profile with the threshold that is best for it, as the benchmark's own results are. */
export interface BestScores extends ThresholdScores {
  /** `threshold` is that of the standard profile. */
  readonly thresholds: ByProfile<number>;
  /** All profiles with the threshold of the standard one. */
  readonly single: NabScores;
}

export interface NabReport {
  /** Alerts with the configured opening score. */
  readonly configured: ConfiguredScores;
  /** Alerts with the opening scores that are best for these very files: what nobody could have known beforehand. */
  readonly best: BestScores;
  /**
   * The opening score chosen on one half of the files (every other one in the order of their names), scored on the other,
   * and the other way round: the mean of the two. Absent where a half has no window.
   */
  readonly halves?: NabScores & {
    /** Chosen on the even files (the first, the third, …), and on the odd ones. */
    readonly thresholds: ByProfile<readonly [number, number]>;
    /** All profiles with the thresholds of the standard one. */
    readonly single: NabScores;
  };
  /** Between which scores the first and the halves lie in 95 % of all draws of as many files from these; of few, absent. */
  readonly intervals?: { readonly configured: Intervals; readonly halves?: Intervals };
}

export interface LabelledResult {
  readonly result: FileResult;
  readonly faults: readonly Span[];
}

/** What the alerts of one file earned. */
export interface EarnedFile {
  /** With the configured opening score. */
  readonly configured: number;
  /** By opening score, the configured one among them. */
  readonly earned: ReadonlyMap<number, NabPoints>;
}

/** NAB judges rows by what is in them, so alerts about what did not come neither earn nor cost. */
export function earnedBy({ result, faults }: LabelledResult): EarnedFile {
  const { threshold, anomalies, candidates, timesUs } = result;
  const rows = nabRows(timesUs, faults);
  const all = [{ threshold, anomalies }, ...candidates];
  return { configured: threshold, earned: new Map(all.map((one) => [one.threshold, pointsOf(rows, one.anomalies)])) };
}

/** What may be chosen: every opening score that was tried in all files, the highest, which alerts least, first. */
export function candidatesOf(files: readonly EarnedFile[]): NabCandidate<number>[] {
  const thresholds = [...files[0].earned.keys()].toSorted((a, b) => b - a);
  const all = thresholds.map((threshold) => ({ what: threshold, points: pointsAt(files, threshold) }));
  return all.filter(({ points }) => points.length === files.length);
}

/** @param files at least one, all with the same thresholds */
export function compareThresholds(files: readonly EarnedFile[]): NabReport {
  const candidates = candidatesOf(files);
  const configured = files.flatMap((file) => file.earned.get(file.configured) ?? []);
  const halves = crossed(candidates);
  return {
    configured: { threshold: commonOf(files), ...nabScores(sumOfPoints(configured)) },
    best: bestOf((profile) => {
      const { what, points } = bestFor(candidates, profile);
      return { threshold: what, points: sumOfPoints(points) };
    }),
    ...(halves === undefined ? {} : { halves: { ...halves.scores, thresholds: halves.chosen, single: halves.single } }),
    ...(files.length < FEWEST_FILES
      ? {}
      : {
          intervals: {
            configured: byProfile((profile) => bootstrapInterval([configured], NAB_PROFILES[profile])),
            ...(halves === undefined ? {} : { halves: halves.intervals }),
          },
        }),
  };
}

/** As if every row whose score reaches the threshold that is best for these files were a detection: no incidents, no cool-down. */
export function rowScores(files: readonly LabelledResult[]): BestScores {
  const sweep = new NabSweep(
    files.map(({ result, faults }) => ({ rows: nabRows(result.timesUs, faults), scores: result.scores })),
  );
  return bestOf((profile) => sweep.best(profile));
}

function bestOf(best: (profile: keyof NabScores) => { threshold: number; points: NabPoints }): BestScores {
  const chosen = byProfile(best);
  const { threshold, points } = chosen.standard;
  return {
    threshold,
    ...byProfile((profile) => nabScores(chosen[profile].points)[profile]),
    thresholds: byProfile((profile) => chosen[profile].threshold),
    single: nabScores(points),
  };
}

function pointsAt(files: readonly EarnedFile[], threshold: number): NabPoints[] {
  return files.flatMap(({ earned }) => earned.get(threshold) ?? []);
}

function commonOf([{ configured }, ...others]: readonly EarnedFile[]): number | null {
  return others.every((file) => file.configured === configured) ? configured : null;
}
