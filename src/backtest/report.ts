/** What a backtest comes to, over all files that were judged. */
import type { FileResult } from './backtest-file.js';
import { incidentFigures, type IncidentFigures } from './incident-figures.js';
import type { KnownFaults } from './known-faults.js';
import { compareThresholds, type NabReport } from './nab-report.js';
import { changepointScores, outlierFigures, type OutlierFigures, type SkabRows } from './skab-score.js';
import type { NabScores } from './nab-score.js';
import type { Span } from './spans.js';

export interface JudgedFile {
  readonly result: FileResult;
  readonly known: KnownFaults;
}

export interface BacktestReport {
  readonly incidents: IncidentFigures;
  /** With labels from a file. */
  readonly nab?: NabReport;
  /** With labels in the data. */
  readonly skab?: OutlierFigures & { readonly changepoint: NabScores };
}

/** @param files in the order of their names */
export function reportOf(files: readonly JudgedFile[]): BacktestReport {
  const incidents = incidentFigures(files.map(alertedFile));
  const marked = files.flatMap(skabRows);
  if (marked.length > 0) {
    return { incidents, skab: { ...outlierFigures(marked), changepoint: changepointScores(marked) } };
  }
  const labelled = files.flatMap(({ result, known: { faults } }) => (faults === undefined ? [] : [{ result, faults }]));
  return labelled.length === 0 ? { incidents } : { incidents, nab: compareThresholds(labelled) };
}

/** The figures of one file by itself. */
export function figuresOf(file: JudgedFile): IncidentFigures {
  return incidentFigures([alertedFile(file)]);
}

function alertedFile({ result, known }: JudgedFile): Parameters<typeof incidentFigures>[0][number] {
  const { alerts, timesUs } = result;
  return {
    alertsUs: Array.from(alerts, (row) => timesUs[row]),
    judged: judgedSpan(result),
    faults: known.faults,
  };
}

/** From the earliest to the latest row that was not learnt from. */
function judgedSpan({ timesUs, learntRows }: FileResult): Span {
  let fromUs = Infinity;
  let toUs = -Infinity;
  for (const us of timesUs.subarray(learntRows)) {
    // Comparisons with NaN, a row without a time, are false.
    if (us < fromUs) fromUs = us;
    if (us > toUs) toUs = us;
  }
  return { fromUs, toUs };
}

function skabRows({ result, known: { columns } }: JudgedFile): SkabRows[] {
  if (columns === undefined) return [];
  const { anomaly, changepoint = new Uint8Array(anomaly.length) } = columns;
  const { timesUs, open, learntRows } = result;
  return [{ timesUs, anomaly, changepoint, detected: open, learnt: learntRows }];
}
