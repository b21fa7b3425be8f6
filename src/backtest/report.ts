/** What a detector comes to, over all files that it judged. */
import type { FileFigures } from './file-figures.js';
import { incidentFigures, type IncidentFigures } from './incident-figures.js';
import { compareThresholds, type NabReport } from './nab-report.js';
import type { NabScores } from './nab-score.js';
import { changepointScores, outlierFigures, type OutlierFigures } from './skab-score.js';

export interface BacktestReport {
  readonly incidents: IncidentFigures;
  readonly silences: number;
  /** With labels from a file. */
  readonly nab?: NabReport;
  /** With labels in the data. */
  readonly skab?: OutlierFigures & { readonly changepoint: NabScores };
}

/** @param files in the order of their names */
export function reportOf(files: readonly FileFigures[]): BacktestReport {
  const marked = files.flatMap((file) => file.marked ?? []);
  const earned = files.flatMap((file) => file.earned ?? []);
  return {
    incidents: incidentFigures(files.map(({ alerted }) => alerted)),
    silences: files.reduce((sum, { silences }) => sum + silences, 0),
    ...(marked.length === 0 ? {} : { skab: { ...outlierFigures(marked), changepoint: changepointScores(marked) } }),
    ...(earned.length === 0 ? {} : { nab: compareThresholds(earned) }),
  };
}
