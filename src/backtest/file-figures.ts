/** What is kept of a judged file: figures, not rows, so that many detectors of many files have room in memory. */
import type { FileResult } from './backtest-file.js';
import type { AlertedFile } from './incident-figures.js';
import type { KnownFaults } from './known-faults.js';
import { earnedBy, type EarnedFile } from './nab-report.js';
import { skabCounts, type SkabCounts } from './skab-score.js';
import type { Span } from './spans.js';

export interface FileFigures {
  readonly name: string;
  readonly rows: number;
  readonly learntRows: number;
  readonly alerted: AlertedFile;
  /** Names of channels with one value in all rows that were learnt. */
  readonly constant: readonly string[];
  /** Alerts because nothing came. */
  readonly silences: number;
  /** Drops by reason. */
  readonly counters: Readonly<Record<string, number>>;
  /** With labels from a file. */
  readonly earned?: EarnedFile;
  /** With labels in the data. */
  readonly marked?: SkabCounts;
}

export function figuresOf(result: FileResult, { faults, columns }: KnownFaults): FileFigures {
  const { name, alerts, anomalies, timesUs, learntRows, constant, counters, open } = result;
  return {
    name,
    rows: timesUs.length,
    learntRows,
    constant,
    alerted: { alertsUs: Array.from(alerts, (row) => timesUs[row]), judged: judgedSpan(result), faults },
    silences: alerts.length - anomalies.length,
    counters,
    ...(faults === undefined || columns !== undefined ? {} : { earned: earnedBy({ result, faults }) }),
    ...(columns === undefined
      ? {}
      : {
          marked: skabCounts({
            timesUs,
            anomaly: columns.anomaly,
            changepoint: columns.changepoint ?? new Uint8Array(timesUs.length),
            detected: open,
            learnt: learntRows,
          }),
        }),
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
