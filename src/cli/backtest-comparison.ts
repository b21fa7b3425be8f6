/** Detectors side by side, for people and as JSON. */
import type { ChosenConfig, ComparedDetector } from '../backtest/comparison.js';
import type { NabProfileName, NabScores } from '../backtest/nab-score.js';
import type { ChosenBySkab } from '../backtest/skab-choice.js';
import { duration } from '../report/figures.js';
import { figuresJson, number, range, scoreOf } from './backtest-figures.js';

/** @returns what `--json` says of each detector */
export function comparedJson(compared: readonly ComparedDetector[]): object[] {
  return compared.map(({ config, forecast, report: { incidents, silences, nab, skab } }) => ({
    config,
    forecast,
    ...(nab === undefined ? {} : { nab }),
    ...(skab === undefined ? {} : { skab }),
    ...figuresJson(incidents),
    silences,
  }));
}

/** A row for each detector; columns that none has a figure for are left out. @returns a header and rows */
export function comparedTable(compared: readonly ComparedDetector[]): [string[], string[][]] {
  const configs = new Set(compared.map(({ config }) => config));
  const columns = COLUMNS.filter(
    ({ title, of }) => (title !== 'configuration' || configs.size > 1) && compared.some((one) => of(one) !== NONE),
  );
  return [columns.map(({ title }) => title), compared.map((one) => columns.map(({ of }) => of(one)))];
}

export function describeChosen({ tried, choices, ...scores }: ChosenConfig): string[] {
  const { configurations, thresholds } = tried;
  const named = (profile: NabProfileName): string =>
    choices[profile].map(({ config, threshold }) => `${config} at ${number(threshold)}`).join(', ');
  const [standard, lowFP, lowFN] = threeOf(scores);
  return [
    `chosen on one half of the files, scored on the other: ${standard} (standard), ${lowFP} (low-FP), ${lowFN} (low-FN)`,
    `  of ${configurations} configurations, ${thresholds} with their thresholds, for the standard score ${named('standard')}`,
  ];
}

export function describeChosenBySkab({ tried, choices, changepoint, ...figures }: ChosenBySkab): string[] {
  const [f1, far, mar] = [figures.f1, figures.falseAlarmRate, figures.missedAlarmRate].map(number);
  const half = `F1 ${f1}, false alarms ${far} %, missed ${mar} %, changepoints ${scoreOf(changepoint.standard)}`;
  return [
    `chosen by F1 on one half of the files, scored on the other: ${half}`,
    `  of ${tried.configurations} configurations ${choices.join(', ')}`,
  ];
}

const NONE = '-';

const COLUMNS: readonly { readonly title: string; readonly of: (detector: ComparedDetector) => string }[] = [
  { title: 'configuration', of: ({ config }) => config },
  { title: 'forecast', of: ({ forecast }) => forecast },
  { title: 'NAB halves: standard', of: halvesOf('standard') },
  { title: 'low-FP', of: halvesOf('lowFP') },
  { title: 'low-FN', of: halvesOf('lowFN') },
  { title: 'best', of: ({ report: { nab } }) => (nab === undefined ? NONE : threeOf(nab.best).join(' / ')) },
  { title: 'F1', of: ({ report: { skab } }) => (skab === undefined ? NONE : number(skab.f1)) },
  { title: 'FAR %', of: ({ report: { skab } }) => (skab === undefined ? NONE : number(skab.falseAlarmRate)) },
  { title: 'MAR %', of: ({ report: { skab } }) => (skab === undefined ? NONE : number(skab.missedAlarmRate)) },
  {
    title: 'changepoint',
    of: ({ report: { skab } }) => (skab === undefined ? NONE : scoreOf(skab.changepoint.standard)),
  },
  { title: 'alerts/day', of: ({ report: { incidents } }) => number(incidents.alertsPerDay) },
  { title: 'false/day', of: ({ report: { incidents } }) => number(incidents.falseAlertsPerDay) },
  { title: 'precision', of: ({ report: { incidents } }) => number(incidents.precision) },
  { title: 'recall', of: ({ report: { incidents } }) => number(incidents.recall) },
  {
    title: 'delay',
    of: ({ report: { incidents } }) =>
      incidents.detectionDelayS === null ? NONE : duration(incidents.detectionDelayS.median),
  },
];

/** With its interval, where there is one. */
function halvesOf(profile: NabProfileName): (detector: ComparedDetector) => string {
  return ({ report: { nab } }) => {
    if (nab?.halves === undefined) return NONE;
    const interval = nab.intervals?.halves;
    return scoreOf(nab.halves[profile]) + (interval === undefined ? '' : ` (${range(interval[profile])})`);
  };
}

function threeOf({ standard, lowFP, lowFN }: NabScores): string[] {
  return [standard, lowFP, lowFN].map(scoreOf);
}
