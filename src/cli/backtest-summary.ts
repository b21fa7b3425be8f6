/** A backtest as a report: for people and as JSON. */
import type { FileOutcome } from '../backtest/backtest.js';
import type { IncidentFigures } from '../backtest/incident-figures.js';
import type { Interval } from '../backtest/nab-bootstrap.js';
import type { NabReport } from '../backtest/nab-report.js';
import type { NabScores } from '../backtest/nab-score.js';
import { figuresOf, type BacktestReport, type JudgedFile } from '../backtest/report.js';
import { counted } from '../core/counted.js';
import { Counters } from '../core/counters.js';
import { table } from './table.js';

/** A file that could not be judged. */
export type Refused = Extract<FileOutcome, { readonly error: unknown }>;

/** What `--json` prints. Times in s; null: nothing to divide by. */
export function summaryJson(report: BacktestReport, files: readonly JudgedFile[], refused: readonly Refused[]): object {
  const { incidents, nab, skab } = report;
  return {
    ...(nab === undefined ? {} : { nab }),
    ...(skab === undefined ? {} : { skab }),
    ...figuresJson(incidents),
    silences: silencesIn(files),
    files: files.map((file) => {
      const { name, scores, learntRows, counters } = file.result;
      const silences = silencesIn([file]);
      return { file: name, rows: scores.length, learntRows, ...figuresJson(figuresOf(file)), silences, counters };
    }),
    refused: refused.map(({ file, error: { code, message } }) => ({ file: file.name, code, message })),
  };
}

function figuresJson({ detectionDelayS: delay, ...figures }: IncidentFigures): object {
  return { ...figures, detectionDelay: delay?.median ?? null, detectionDelays: delay };
}

export function describeBacktest(
  report: BacktestReport,
  files: readonly JudgedFile[],
  refused: readonly Refused[],
): string {
  const { incidents, nab, skab } = report;
  const silences = silencesIn(files);
  const labelled = files.some(({ known }) => known.faults !== undefined);
  return [
    fileTable(files, labelled),
    ...refused.map(({ file, error }) => `not judged: ${file.name}: ${error.message}`),
    '',
    `${counted(incidents.alerts, 'alert')} in ${number(incidents.days)} days: ${number(incidents.alertsPerDay)} a day` +
      (silences === 0 ? '' : `; ${silences} of them because nothing came`),
    ...(labelled ? describeFaults(incidents) : []),
    ...describeCounts(files),
    ...(nab === undefined ? [] : ['', describeNab(nab), ...describeIntervals(nab)]),
    ...(skab === undefined ? [] : ['', ...describeSkab(skab)]),
  ].join('\n');
}

function silencesIn(files: readonly JudgedFile[]): number {
  return files.reduce((sum, { result }) => sum + result.alerts.length - result.anomalies.length, 0);
}

/** What was dropped or filled in, see docs/counters.md. */
function describeCounts(files: readonly JudgedFile[]): string[] {
  const all = new Counters();
  for (const { result } of files) all.add(result.counters);
  const counts = Object.entries(all.toJSON()).map(([reason, n]) => `${reason} ${n}`);
  return counts.length === 0 ? [] : [`counted: ${counts.join(', ')}`];
}

function fileTable(files: readonly JudgedFile[], labelled: boolean): string {
  const header = ['file', 'rows', 'learnt', 'alerts', ...(labelled ? ['false', 'found', 'delay'] : [])];
  const rows = files.map((file) => {
    const { name, scores, learntRows } = file.result;
    const { alerts, falseAlerts, found, faults, detectionDelayS: delay } = figuresOf(file);
    const known =
      file.known.faults === undefined
        ? ['-', '-', '-']
        : [String(falseAlerts), `${found} of ${faults}`, delay === null ? '-' : duration(delay.median)];
    return [name, String(scores.length), String(learntRows), String(alerts), ...(labelled ? known : [])];
  });
  return table(header, rows);
}

function describeFaults(figures: IncidentFigures): string[] {
  const { falseAlerts, falseAlertsPerDay, faults, found, precision, recall, detectionDelayS: delay } = figures;
  const delays = delay === null ? 'none' : `${duration(delay.median)} (median), ${duration(delay.worst)} at worst`;
  return [
    `false alerts: ${falseAlerts}, ${number(falseAlertsPerDay)} a day`,
    `faults found: ${found} of ${faults}; recall ${number(recall)}, precision ${number(precision)}`,
    `delay until the first alert: ${delays}`,
  ];
}

function describeNab({ configured, best, halves, rows }: NabReport): string {
  return table(
    ['NAB score', 'threshold', 'standard', 'low-FP', 'low-FN'],
    [
      scoreCells('alerts as configured', digits(configured.threshold), configured),
      ...(halves === undefined
        ? []
        : [
            scoreCells(
              'alerts, threshold chosen on the other half of the files',
              halves.thresholds.map(digits).join(', '),
              halves,
            ),
          ]),
      scoreCells('alerts, threshold that is best for these files', digits(best.threshold), best),
      scoreCells('rows, threshold that is best for these files', digits(rows.threshold), rows),
    ],
  );
}

/** So that nobody takes two points for a difference. */
function describeIntervals({ intervals }: NabReport): string[] {
  if (intervals === undefined) return [];
  const { configured, halves } = intervals;
  const others = halves === undefined ? '' : `, ${range(halves.standard)} with the threshold of the other half`;
  return [
    `with other files like these, the standard score is 19 times in 20 ${range(configured.standard)} as configured${others}`,
  ];
}

function range({ low, high }: Interval): string {
  return `${number(low)} to ${number(high)}`;
}

function scoreCells(what: string, threshold: string, { standard, lowFP, lowFN }: NabScores): string[] {
  const scores = [standard, lowFP, lowFN].map((score) => (Number.isNaN(score) ? '-' : score.toFixed(1)));
  return [what, threshold, ...scores];
}

function digits(threshold: number): string {
  return String(Number(threshold.toPrecision(4)));
}

function describeSkab({ f1, falseAlarmRate, missedAlarmRate, changepoint }: NonNullable<BacktestReport['skab']>) {
  const scores = [changepoint.standard, changepoint.lowFP, changepoint.lowFN].map(number);
  return [
    `rows: F1 ${number(f1)}, false alarms ${number(falseAlarmRate)} %, missed ${number(missedAlarmRate)} %`,
    `changepoints: ${scores[0]} (standard), ${scores[1]} (low-FP), ${scores[2]} (low-FN)`,
  ];
}

function number(value: number | null): string {
  return value === null || Number.isNaN(value) ? '-' : String(Number(value.toPrecision(3)));
}

function duration(seconds: number): string {
  if (seconds < 120) return `${number(seconds)} s`;
  return seconds < 7200 ? `${number(seconds / 60)} min` : `${number(seconds / 3600)} h`;
}
