/** A backtest as a report: for people and as JSON. */
import type { JudgedFile } from '../backtest/backtest.js';
import {
  chooseConfig,
  compareDetectors,
  type ChosenConfig,
  type ComparedDetector,
  type Detector,
} from '../backtest/comparison.js';
import type { FileFigures } from '../backtest/file-figures.js';
import { incidentFigures, type IncidentFigures } from '../backtest/incident-figures.js';
import { rowScores, type BestScores, type NabReport } from '../backtest/nab-report.js';
import type { NabProfileName, NabScores } from '../backtest/nab-score.js';
import type { BacktestReport } from '../backtest/report.js';
import { chooseBySkab, type ChosenBySkab } from '../backtest/skab-choice.js';
import type { RefusedFile } from '../backtest/known-faults.js';
import { counted } from '../core/counted.js';
import { Counters } from '../core/counters.js';
import { comparedJson, comparedTable, describeChosen, describeChosenBySkab } from './backtest-comparison.js';
import { duration } from '../report/figures.js';
import { figuresJson, number, range, scoreOf } from './backtest-figures.js';
import { table } from './table.js';

/** With what only a detector has whose rows are at hand: the NAB score of rows instead of alerts. */
export interface DetailedReport extends BacktestReport {
  readonly rows?: BestScores;
}

/** What a backtest says in the end. */
export class BacktestSummary {
  /** Of the net of the first configuration. */
  readonly report: DetailedReport;
  readonly #files: readonly FileFigures[];
  readonly compared: readonly ComparedDetector[];
  readonly chosen: ChosenConfig | undefined;
  readonly chosenBySkab: ChosenBySkab | undefined;

  /**
   * @param detectors in the order of the files' figures
   * @param judged at least one, in the order of their names
   */
  constructor(
    detectors: readonly Detector[],
    judged: readonly JudgedFile[],
    readonly refused: readonly RefusedFile[],
  ) {
    const figures = judged.map((file) => file.figures);
    this.#files = figures.map(([first]) => first);
    this.compared = compareDetectors(detectors, figures);
    this.chosen = chooseConfig(detectors, figures);
    this.chosenBySkab = chooseBySkab(detectors, figures);
    const [{ report }] = this.compared;
    const labelled = judged.flatMap(({ result, known: { faults } }) =>
      faults === undefined ? [] : [{ result, faults }],
    );
    this.report = report.nab === undefined ? report : { ...report, rows: rowScores(labelled) };
  }

  /** What `--json` prints. Times in s; null: nothing to divide by. */
  toJSON(): object {
    const { nab, skab, rows, incidents, silences } = this.report;
    const [{ config, forecast }] = this.compared;
    const chosen = this.chosen ?? this.chosenBySkab;
    return {
      config,
      forecast,
      ...(nab === undefined ? {} : { nab: { ...nab, rows } }),
      ...(skab === undefined ? {} : { skab }),
      ...figuresJson(incidents),
      silences,
      ...(this.compared.length === 1 ? {} : { compared: comparedJson(this.compared) }),
      ...(chosen === undefined ? {} : { chosen }),
      files: this.#files.map(fileJson),
      refused: this.refused.map(({ file, error: { code, message } }) => ({ file: file.name, code, message })),
    };
  }

  describe(): string {
    const { incidents, silences, nab, skab, rows } = this.report;
    const labelled = this.#files.some(({ alerted }) => alerted.faults !== undefined);
    return [
      fileTable(this.#files, labelled),
      ...this.refused.map(({ file, error }) => `not judged: ${file.name}: ${error.message}`),
      ...describeConstant(this.#files),
      '',
      describeAlerts(incidents, this.#files.length) +
        (silences === 0 ? '' : `; ${silences} of them because nothing came`),
      ...(labelled ? describeFaults(incidents) : []),
      ...describeCounts(this.#files),
      ...(nab === undefined ? [] : ['', table(...nabTable(nab, rows)), ...describeIntervals(nab)]),
      ...(skab === undefined ? [] : ['', ...describeSkab(skab)]),
      ...(this.compared.length === 1 ? [] : ['', table(...comparedTable(this.compared))]),
      ...(this.chosen === undefined ? [] : ['', ...describeChosen(this.chosen)]),
      ...(this.chosenBySkab === undefined ? [] : ['', ...describeChosenBySkab(this.chosenBySkab)]),
    ].join('\n');
  }
}

function fileJson({ name, rows, learntRows, constant, alerted, silences, counters }: FileFigures): object {
  return { file: name, rows, learntRows, constant, ...figuresJson(incidentFigures([alerted])), silences, counters };
}

/** Files that are named; of more, their number says enough. */
const NAMED = 3;

function describeConstant(files: readonly FileFigures[]): string[] {
  const named = files.flatMap(({ name, constant }) =>
    constant.length === 0 ? [] : [`${name} (${constant.join(', ')})`],
  );
  if (named.length === 0) return [];
  const more = named.length > NAMED ? ` and ${counted(named.length - NAMED, 'more file')}` : '';
  return [
    `the same value in all rows that were learnt: ${named.slice(0, NAMED).join(', ')}${more}; how much of a change is`,
    '  normal there is a guess, unless align.channels in a --config says it by a noiseFloor or leaves the channel out',
  ];
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

/** Nobody takes what an hour says for what a day will be like. */
const FEWEST_DAYS = 1;

function describeAlerts({ alerts, days, alertsPerDay }: IncidentFigures, files: number): string {
  const together = files === 1 ? '' : ', all files together';
  const said = `${counted(alerts, 'alert')} in ${duration(86_400 * days)}${together}`;
  if (alertsPerDay === null) return said;
  return days < FEWEST_DAYS
    ? `${said}; ${number(alertsPerDay)} a day if it always went on like this`
    : `${said}: ${number(alertsPerDay)} a day, ${number(7 * alertsPerDay)} a week`;
}

function describeFaults(figures: IncidentFigures): string[] {
  const { days, falseAlerts, falseAlertsPerDay, faults, found, precision, recall, detectionDelayS: delay } = figures;
  const delays = delay === null ? 'none' : `${duration(delay.median)} (median), ${duration(delay.worst)} at worst`;
  return [
    `false alerts: ${falseAlerts}${days < FEWEST_DAYS ? '' : `, ${number(falseAlertsPerDay)} a day`}`,
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
      scoreCells('alerts as configured', configured, () =>
        configured.threshold === null ? 'by file' : digits(configured.threshold),
      ),
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

function scoreCells(what: string, scores: NabScores, threshold?: (profile: NabProfileName) => string): string[] {
  const cellOf = (profile: NabProfileName): string => {
    const score = scoreOf(scores[profile]);
    return threshold === undefined ? score : `${score} (${threshold(profile)})`;
  };
  return [what, cellOf('standard'), cellOf('lowFP'), cellOf('lowFN')];
}

/** None: that no row counts as a detection is better than every threshold. */
function digits(threshold: number): string {
  return Number.isFinite(threshold) ? String(Number(threshold.toPrecision(4))) : 'none';
}

function describeSkab({ f1, falseAlarmRate, missedAlarmRate, changepoint }: NonNullable<BacktestReport['skab']>) {
  const scores = [changepoint.standard, changepoint.lowFP, changepoint.lowFN].map(number);
  return [
    `rows: F1 ${number(f1)}, false alarms ${number(falseAlarmRate)} %, missed ${number(missedAlarmRate)} %`,
    `changepoints: ${scores[0]} (standard), ${scores[1]} (low-FP), ${scores[2]} (low-FN)`,
  ];
}
