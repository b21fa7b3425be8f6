/** The NAB score of the alerts a user would have got, with the configured opening score and with others. */
import type { FileResult } from './backtest-file.js';
import { bootstrapIntervals, type Intervals } from './nab-bootstrap.js';
import { nabRows, type NabRows } from './nab-rewards.js';
import { nabScores, pointsOf, sumOfPoints, type NabPoints, type NabScores } from './nab-score.js';
import { NabSweep } from './nab-sweep.js';
import type { Span } from './spans.js';

/** Opening scores that are tried where there are labels: 0.15, 0.2, … 0.9. */
export const TRIED_SCORES: readonly number[] = Array.from({ length: 16 }, (_, i) => (3 + i) / 20);

/** What is drawn from fewer says nothing of other files. */
const FEWEST_FILES = 6;

/** With one threshold for all files. */
export interface ThresholdScores extends NabScores {
  readonly threshold: number;
}

export interface NabReport {
  /** Alerts with the configured opening score. */
  readonly configured: ThresholdScores;
  /**
   * Alerts with the opening score, of those tried, that has the best standard score on these very files: what nobody
   * could have known beforehand.
   */
  readonly best: ThresholdScores;
  /**
   * The opening score chosen on one half of the files (every other one in the order of their names), scored on the other,
   * and the other way round: the mean of the two. Absent where a half has no window.
   */
  readonly halves?: NabScores & { readonly thresholds: readonly [number, number] };
  /** Every row whose score reaches the best threshold for that counts as a detection: no incidents, no cool-down. */
  readonly rows: ThresholdScores;
  /** Between which scores the first and the halves lie in 95 % of all draws of as many files from these; of few, absent. */
  readonly intervals?: { readonly configured: Intervals; readonly halves?: Intervals };
}

export interface LabelledResult {
  readonly result: FileResult;
  readonly faults: readonly Span[];
}

/** What one file earned, by threshold. */
type Earned = ReadonlyMap<number, NabPoints>;

/** @param files at least one, all with the same thresholds */
export function compareThresholds(files: readonly LabelledResult[]): NabReport {
  const rows = files.map(({ result, faults }) => nabRows(result.timesUs, faults));
  const earned = files.map(({ result }, f) => earnedBy(result, rows[f]));
  const sweep = new NabSweep(files.map(({ result }, f) => ({ rows: rows[f], scores: result.scores })));
  const byRows = sweep.best('standard');
  const { threshold } = files[0].result;
  const halves = crossed(earned);
  return {
    configured: scoresAt(earned, threshold),
    best: bestOf(earned),
    ...(halves === undefined ? {} : { halves: halves.scores }),
    rows: withThreshold(byRows.threshold, byRows.points),
    ...(files.length < FEWEST_FILES
      ? {}
      : {
          intervals: {
            configured: bootstrapIntervals([pointsAt(earned, threshold)]),
            ...(halves === undefined ? {} : { halves: halves.intervals }),
          },
        }),
  };
}

/** NAB judges rows by what is in them, so alerts about what did not come neither earn nor cost. */
function earnedBy({ threshold, anomalies, candidates }: FileResult, rows: NabRows): Earned {
  return new Map(
    [{ threshold, anomalies }, ...candidates].map((one) => [one.threshold, pointsOf(rows, one.anomalies)] as const),
  );
}

function pointsAt(files: readonly Earned[], threshold: number): NabPoints[] {
  return files.flatMap((earned) => earned.get(threshold) ?? []);
}

function scoresAt(files: readonly Earned[], threshold: number): ThresholdScores {
  return withThreshold(threshold, sumOfPoints(pointsAt(files, threshold)));
}

function withThreshold(threshold: number, points: NabPoints): ThresholdScores {
  const { standard, lowFP, lowFN } = nabScores(points);
  return { threshold, standard, lowFP, lowFN };
}

/** Of equals the highest, which alerts least. */
function bestOf(files: readonly Earned[]): ThresholdScores {
  const thresholds = [...files[0].keys()].toSorted((a, b) => b - a);
  const all = thresholds.map((threshold) => scoresAt(files, threshold));
  return all.reduce((best, one) => (one.standard > best.standard ? one : best));
}

interface Halves {
  readonly scores: NonNullable<NabReport['halves']>;
  readonly intervals: Intervals;
}

function crossed(files: readonly Earned[]): Halves | undefined {
  const even = files.filter((_, i) => i % 2 === 0);
  const odd = files.filter((_, i) => i % 2 === 1);
  if (![even, odd].every(hasWindows)) return undefined;
  const thresholds = [bestOf(even).threshold, bestOf(odd).threshold] as const;
  const [onOdd, onEven] = [scoresAt(odd, thresholds[0]), scoresAt(even, thresholds[1])];
  const mean = (profile: keyof NabScores): number => (onOdd[profile] + onEven[profile]) / 2;
  return {
    scores: { standard: mean('standard'), lowFP: mean('lowFP'), lowFN: mean('lowFN'), thresholds },
    intervals: bootstrapIntervals([pointsAt(odd, thresholds[0]), pointsAt(even, thresholds[1])]),
  };
}

function hasWindows(files: readonly Earned[]): boolean {
  return files.some((earned) => [...earned.values()].some(({ windows }) => windows > 0));
}
