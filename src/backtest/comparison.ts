/** Several detectors over the same files, and what comes of choosing among configurations. */
import type { BaselineName } from './baselines.js';
import type { BacktestSetting } from './file-config.js';
import type { FileFigures } from './file-figures.js';
import type { Intervals } from './nab-bootstrap.js';
import { type ByProfile, crossed } from './nab-choice.js';
import { candidatesOf, FEWEST_FILES } from './nab-report.js';
import type { NabScores } from './nab-score.js';
import { type BacktestReport, reportOf } from './report.js';

/** One of those that are compared: what foretells, and the configuration that it stands in. */
export interface Detector {
  /** As `BacktestSetting.title`. */
  readonly config: string;
  readonly forecast: 'net' | BaselineName;
}

export interface ComparedDetector extends Detector {
  readonly report: BacktestReport;
}

/** What is chosen on one half of the files is scored on the other, and the other way round. */
export interface ChosenConfig extends NabScores {
  readonly tried: { readonly configurations: number; readonly thresholds: number };
  /** Chosen on the even files (the first, the third, …), and on the odd ones. */
  readonly choices: ByProfile<readonly [Choice, Choice]>;
  /** All profiles with what was chosen for the standard one. */
  readonly single: NabScores;
  /** Of few files, absent. */
  readonly intervals?: Intervals;
}

export interface Choice {
  readonly config: string;
  readonly threshold: number;
}

/** In the order of a file's results. */
export function detectorsOf(settings: readonly BacktestSetting[]): Detector[] {
  return settings.flatMap(({ title, baselines }) =>
    (['net', ...baselines] as const).map((forecast) => ({ config: title, forecast })),
  );
}

/** @param files one entry a file, in the order of their names: its figures, one a detector */
export function compareDetectors(
  detectors: readonly Detector[],
  files: readonly (readonly FileFigures[])[],
): ComparedDetector[] {
  return detectors.map((detector, d) => ({ ...detector, report: reportOf(files.map((figures) => figures[d])) }));
}

/**
 * Of several configurations with their nets, and all opening scores that were tried, those that are best on one half.
 * @returns undefined where there are no NAB labels, no window in a half, or only one configuration
 */
export function chooseConfig(
  detectors: readonly Detector[],
  files: readonly (readonly FileFigures[])[],
): ChosenConfig | undefined {
  const candidates = detectors.flatMap(({ config, forecast }, d) => {
    const earned = forecast === 'net' ? files.flatMap((figures) => figures[d].earned ?? []) : [];
    if (earned.length === 0) return [];
    return candidatesOf(earned).map(({ what, points }) => ({ what: { config, threshold: what }, points }));
  });
  const configurations = new Set(candidates.map(({ what }) => what.config)).size;
  if (configurations < 2) return undefined;
  // Of equally good ones the highest threshold, which alerts least; then the configuration that was named first.
  const found = crossed(candidates.toSorted((a, b) => b.what.threshold - a.what.threshold));
  if (found === undefined) return undefined;
  const { scores, chosen: choices, single, intervals } = found;
  const tried = { configurations, thresholds: candidates.length };
  return { ...scores, tried, choices, single, ...(files.length < FEWEST_FILES ? {} : { intervals }) };
}
