/** `kioku backtest --report`: what was judged, as the page has it. */
import type { JudgedFile } from '../backtest/backtest.js';
import { incidentFigures } from '../backtest/incident-figures.js';
import type { TracedIncident } from '../backtest/trace.js';
import { counted } from '../core/counted.js';
import { kiokuVersion } from '../core/version.js';
import { backtestPage } from '../report/backtest-page.js';
import { figure, moment, sentence, type FigureTable } from '../report/figures.js';
import type { ReportedFile, ReportedIncident } from '../report/reported.js';
import { writePage } from '../report/write-page.js';
import { comparedTable, describeChosen } from './backtest-comparison.js';
import { describeIntervals, nabTable, type BacktestSummary } from './backtest-summary.js';

/**
 * @param files with traces
 * @throws UserError `DISK`
 */
export async function writeBacktestPage(
  path: string,
  files: readonly JudgedFile[],
  summary: BacktestSummary,
): Promise<void> {
  const [{ config, forecast }] = summary.compared;
  const text = await backtestPage({
    title: `Backtest of ${counted(files.length, 'file')}`,
    about:
      `What kioku ${kiokuVersion()} would have said (configuration: ${config}, forecast: ${forecast}). ` +
      `Written ${moment(Date.now() * 1000)} UTC.`,
    headline: summary.report.incidents,
    tables: [...comparedTables(summary), ...nabTables(summary), ...skabTables(summary)],
    files: files.map(reportedFile),
    refused: summary.refused.map(({ file, error }) => ({ name: file.name, why: error.message })),
  });
  await writePage(path, text);
}

function reportedFile({ result, known: { faults }, figures: [{ alerted }] }: JudgedFile): ReportedFile {
  const { name, timesUs, scores, threshold, learntRows, trace } = result;
  const own = incidentFigures([alerted]);
  return {
    name,
    timesUs,
    scores,
    threshold,
    learntRows,
    channels: trace?.channels ?? [],
    incidents: (trace?.incidents ?? []).map(reportedIncident),
    ...(faults === undefined ? {} : { faults }),
    falseAlerts: own.falseAlerts,
    judgedFaults: own.faults,
    found: own.found,
    delayS: own.detectionDelayS?.median ?? null,
  };
}

function reportedIncident({ raisedUs, endUs, last }: TracedIncident): ReportedIncident {
  const { sinceUs, score, severity, reason, channels } = last;
  return { sinceUs, raisedUs, endUs, score, severity, reason, channels };
}

function comparedTables({ compared, chosen }: BacktestSummary): FigureTable[] {
  if (compared.length === 1) return [];
  const [header, rows] = comparedTable(compared);
  const note = chosen === undefined ? {} : { note: sentence(describeChosen(chosen).join(';')) };
  return [{ caption: 'Side by side; the files below are those of the first', header, rows, ...note }];
}

function nabTables({ report: { nab, rows } }: BacktestSummary): FigureTable[] {
  if (nab === undefined) return [];
  const [[caption, ...columns], cells] = nabTable(nab, rows);
  const [note] = describeIntervals(nab);
  return [{ caption, header: ['', ...columns], rows: cells, ...(note === undefined ? {} : { note: sentence(note) }) }];
}

function skabTables({ report: { skab } }: BacktestSummary): FigureTable[] {
  if (skab === undefined) return [];
  const { f1, falseAlarmRate, missedAlarmRate, changepoint } = skab;
  return [
    {
      caption: 'Row by row, as the SKAB benchmark counts',
      header: ['', 'F1', 'false alarms, %', 'missed, %'],
      rows: [['rows in which an incident is open', ...[f1, falseAlarmRate, missedAlarmRate].map(figure)]],
    },
    {
      caption: 'Changepoints',
      header: ['', 'standard', 'low-FP', 'low-FN'],
      rows: [['NAB score', ...[changepoint.standard, changepoint.lowFP, changepoint.lowFN].map(figure)]],
    },
  ];
}
