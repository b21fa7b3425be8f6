/**
 * The figures of the Skoltech Anomaly Benchmark (Katser & Kozitsin, 2020), as its leaderboard counts them: outliers row by
 * row, changepoints with a score after NAB's idea. Both are summed over all files before anything is divided.
 */
import type { Micros } from '../core/contracts.js';
import { MICROS } from '../core/time.js';
import { NAB_PROFILES, type NabProfile, type NabScores } from './nab-score.js';

/** One file; everything has one entry per row. */
export interface SkabRows {
  readonly timesUs: ArrayLike<Micros>;
  /** 0 or 1: something is wrong. */
  readonly anomaly: ArrayLike<number>;
  /** 0 or 1: something begins or ends. */
  readonly changepoint: ArrayLike<number>;
  /** 0 or 1: what the detector says. */
  readonly detected: ArrayLike<number>;
  /** Rows before this one served to learn from and do not count. The leaderboard takes 400. */
  readonly learnt: number;
}

/** NaN where there is nothing to divide by. */
export interface OutlierFigures {
  /** 2·TP / (2·TP + FP + FN), 0 … 1. */
  readonly f1: number;
  /** Share of the normal rows that were called anomalous, in %. */
  readonly falseAlarmRate: number;
  /** Share of the anomalous rows that were not, in %. */
  readonly missedAlarmRate: number;
}

/** What is counted in one file. */
export interface SkabCounts {
  /** Rows: normal and quiet, normal and detected, anomalous and quiet, anomalous and detected. */
  readonly rows: readonly [number, number, number, number];
  readonly changes: FoundChanges;
}

export function skabCounts(file: SkabRows): SkabCounts {
  const { anomaly, detected, learnt } = file;
  const rows: [number, number, number, number] = [0, 0, 0, 0];
  for (let row = learnt; row < anomaly.length; row++) rows[2 * anomaly[row] + detected[row]] += 1;
  return { rows, changes: findChangepoints(file) };
}

/** Row by row, without adjusting anything to whole stretches. */
export function outlierFigures(files: readonly SkabCounts[]): OutlierFigures {
  const counted = (i: number): number => files.reduce((sum, { rows }) => sum + rows[i], 0);
  const [trueNegatives, falsePositives, falseNegatives, truePositives] = [0, 1, 2, 3].map(counted);
  return {
    f1: truePositives / (truePositives + (falseNegatives + falsePositives) / 2),
    falseAlarmRate: (100 * falsePositives) / (falsePositives + trueNegatives),
    missedAlarmRate: (100 * falseNegatives) / (falseNegatives + truePositives),
  };
}

/** How long after a changepoint a detection counts. */
const WINDOW_US = MICROS.minute;
/** Steps in which the leaderboard's program tabulates its reward. */
const REWARD_STEPS = 1000;

/**
 * The changepoint score: 0 = says nothing, 100 = every changepoint in the row where it is, NaN = there are none. A detector
 * says "changepoint" where its verdict changes, either way, and in its first row if that is anomalous. The first of these
 * in the minute from a changepoint on earns 1 … −fpWeight (`reward`), further ones there nothing, those elsewhere
 * −fpWeight each, a changepoint without one −fnWeight. A window that begins before the last one ends is cut there.
 */
export function changepointScores(files: readonly SkabCounts[]): NabScores {
  const { standard, lowFP, lowFN } = NAB_PROFILES;
  const found = files.map(({ changes }) => changes);
  return {
    standard: changepointScore(found, standard),
    lowFP: changepointScore(found, lowFP),
    lowFN: changepointScore(found, lowFN),
  };
}

interface FoundChanges {
  readonly changepoints: number;
  /** Per changepoint found where in its window the first detection lies, 0 … 1. */
  readonly positions: readonly number[];
  readonly falseAlarms: number;
}

function findChangepoints({ timesUs, changepoint, detected, learnt }: SkabRows): FoundChanges {
  const changes: Micros[] = [];
  const said: Micros[] = [];
  for (let row = learnt; row < changepoint.length; row++) {
    if (changepoint[row] === 1) changes.push(timesUs[row]);
    const before = row === learnt ? 0 : detected[row - 1];
    if (detected[row] !== before) said.push(timesUs[row]);
  }
  const windows = changes.map((us, i) => ({
    fromUs: i === 0 ? us : Math.max(us, changes[i - 1] + WINDOW_US),
    toUs: us + WINDOW_US,
  }));
  const positions: number[] = [];
  for (const { fromUs, toUs } of windows) {
    const first = said.find((us) => us >= fromUs && us <= toUs);
    if (first !== undefined) positions.push((first - fromUs) / (toUs - fromUs));
  }
  const falseAlarms = said.filter((us) => windows.every(({ fromUs, toUs }) => us < fromUs || us > toUs)).length;
  return { changepoints: changes.length, positions, falseAlarms };
}

function changepointScore(files: readonly FoundChanges[], profile: NabProfile): number {
  const { tpWeight, fnWeight, fpWeight } = profile;
  let score = 0;
  let changepoints = 0;
  for (const file of files) {
    changepoints += file.changepoints;
    score -= fnWeight * (file.changepoints - file.positions.length) + fpWeight * file.falseAlarms;
    for (const position of file.positions) score += reward(position, tpWeight, -fpWeight);
  }
  if (changepoints === 0) return NaN;
  const silent = -fnWeight * changepoints;
  return (100 * (score - silent)) / (tpWeight * changepoints - silent);
}

/**
 * From `most` at the beginning of a window to `least` at its end along a hyperbolic tangent over −π/2 … π/2, in the steps
 * in which the leaderboard's program (TSAD) tabulates it.
 */
function reward(position: number, most: number, least: number): number {
  const step = Math.min(Math.floor(position * REWARD_STEPS), REWARD_STEPS - 1);
  const x = Math.PI * (step / (REWARD_STEPS - 1) - 0.5);
  return ((most - least) / 2) * (1 - Math.tanh(x) / Math.tanh(Math.PI / 2)) + least;
}
