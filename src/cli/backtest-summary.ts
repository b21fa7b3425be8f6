/** A backtest as a report: for people and as JSON. */
import type { FileOutcome } from '../backtest/backtest.js';
import type { FileFigures } from '../backtest/file-figures.js';
import { incidentFigures, type IncidentFigures } from '../backtest/incident-figures.js';
import type { Interval } from '../backtest/nab-bootstrap.js';
import type { BestScores, NabReport } from '../backtest/nab-report.js';
import type { NabProfileName, NabScores } from '../backtest/nab-score.js';
import type { BacktestReport } from '../backtest/report.js';
import { counted } from '../core/counted.js';
import { Counters } from '../core/counters.js';
import { table } from './table.js';

/** A file that could not be judged. */
export type Refused = Extract<FileOutcome, { readonly error: unknown }>;

/** With what only a detector has whose rows are at hand: the NAB score of rows instead of alerts. */
export interface DetailedReport extends BacktestReport {
  readonly rows?: BestScores;
}

/** What `--json` prints. Times in s; null: nothing to divide by. */
export function summaryJson(
  report: DetailedReport,
  files: readonly FileFigures[],
  refused: readonly Refused[],
): object {
  const { nab, skab } = report;
  return {
    ...(nab === undefined ? {} : { nab: { ...nab, ...(report.rows === undefined ? {} : { rows: report.rows }) } }),
    ...(skab === undefined ? {} : { skab }),
    ...figuresJson(report.incidents),
    silences: report.silences,
    files: files.map((file) => {
      const { name, rows, learntRows, silences, counters } = file;
      return { file: name, rows, learntRows, ...figuresJson(incidentFigures([file.alerted])), silences, counters };
    }),
    refused: refused.map(({ file, error: { code, message } }) => ({ file: file.name, code, message })),
  };
}

function figuresJson({ detectionDelayS: delay, ...figures }: IncidentFigures): object {
  return { ...figures, detectionDelay: delay?.median ?? null, detectionDelays: delay };
}

export function describeBacktest(
  report: DetailedReport,
  files: readonly FileFigures[],
  refused: readonly Refused[],
): string {
  const { incidents, silences, nab, skab } = report;
  const labelled = files.some(({ alerted }) => alerted.faults !== undefined);
  return [
    fileTable(files, labelled),
    ...refused.map(({ file, error }) => `not judged: ${file.name}: ${error.message}`),
    '',
    `${counted(incidents.alerts, 'alert')} in ${number(incidents.days)} days: ${number(incidents.alertsPerDay)} a day` +
      (silences === 0 ? '' : `; ${silences} of them because nothing came`),
    ...(labelled ? describeFaults(incidents) : []),
    ...describeCounts(files),
    ...(nab === undefined ? [] : ['', table(...nabTable(nab, report.rows)), ...describeIntervals(nab)]),
    ...(skab === undefined ? [] : ['', ...describeSkab(skab)]),
  ].join('\n');
}

/** What was dropped or filled in, see docs/counters.md. */
function describeCounts(files: readonly FileFigures[]): string[] {
  const all = new Counters();
  for (const { counters } of files) all.add(counters);
  const counts = Object.entries(all.toJSON()).map(([reason, n]) => `${reason} ${n}`);
  return counts.length === 0 ? [] : [`counted: ${counts.join(', ')}`];
}

function fileTable(files: readonly FileFigures[], labelled: boolean): string {
  const header = ['file', 'rows', 'learnt', 'alerts', ...(labelled ? ['false', 'found', 'delay'] : [])];
  const rows = files.map(({ name, rows: total, learntRows, alerted }) => {
    const { alerts, falseAlerts, found, faults, detectionDelayS: delay } = incidentFigures([alerted]);
    const known =
      alerted.faults === undefined
        ? ['-', '-', '-']
        : [String(falseAlerts), `${found} of ${faults}`, delay === null ? '-' : duration(delay.median)];
    return [name, String(total), String(learntRows), String(alerts), ...(labelled ? known : [])];
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

/** The NAB scores, each with its threshold. @returns a header and rows */
export function nabTable(
  { configured, best, halves }: NabReport,
  rows: BestScores | undefined,
): [string[], string[][]] {
  return [
    ['NAB score (threshold)', 'standard', 'low-FP', 'low-FN'],
    [
      scoreCells('alerts as configured', configured, () => digits(configured.threshold)),
      ...(halves === undefined
        ? []
        : [
            scoreCells('alerts, threshold chosen on the other half of the files', halves, (profile) =>
              halves.thresholds[profile].map(digits).join('/'),
            ),
            scoreCells('  all with the one for standard', halves.single),
          ]),
      scoreCells('alerts, threshold that is best for these files', best, (profile) => digits(best.thresholds[profile])),
      scoreCells('  all with the one for standard', best.single),
      ...(rows === undefined
        ? []
        : [
            scoreCells('rows, threshold that is best for these files', rows, (profile) =>
              digits(rows.thresholds[profile]),
            ),
          ]),
    ],
  ];
}

/** So that nobody takes two points for a difference. */
export function describeIntervals({ intervals }: NabReport): string[] {
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

function scoreCells(what: string, scores: NabScores, threshold?: (profile: NabProfileName) => string): string[] {
  const cellOf = (profile: NabProfileName): string => {
    const score = Number.isNaN(scores[profile]) ? '-' : scores[profile].toFixed(1);
    return threshold === undefined ? score : `${score} (${threshold(profile)})`;
  };
  return [what, cellOf('standard'), cellOf('lowFP'), cellOf('lowFN')];
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
