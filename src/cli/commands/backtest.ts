/** `kioku backtest`: what a detector would have said about history, and how good that is. */
import { dirname, join, resolve, sep } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { JudgedFile } from '../../backtest/backtest.js';
import type { BaselineName } from '../../backtest/baselines.js';
import type { BacktestFile } from '../../backtest/data-files.js';
import { UserError } from '../../core/errors.js';
import { parseBaseline } from '../backtest-settings.js';
import { EXIT, type Io } from '../output.js';
import { parseReportPath } from '../report-path.js';
import { requireFolder } from '../writable-folder.js';

interface Options {
  readonly labels?: string;
  readonly config: readonly string[];
  readonly out?: string;
  readonly learnRows?: number;
  readonly baseline: readonly BaselineName[];
  readonly report?: string;
  readonly json?: true;
}

export function register(program: Command, io: Io): void {
  program
    .command('backtest')
    .description('stream recorded data through the code of run: alerts a day, what they found and what they missed')
    .argument('<data...>', 'CSV files, or folders of them; each file is judged by itself, in the order of its rows')
    .option('--labels <file>', "when something was wrong: JSON as NAB's windows, or CSV with start,end[,stream]")
    .option(
      '--config <file>',
      'its decider, steps, channels and training; its model, if there is one already; several are compared',
      (path: string, before: readonly string[]) => [...before, path],
      [],
    )
    .option('--out <folder>', 'write timestamp,value,anomaly_score,alert of every row, a file for each of the data')
    .option(
      '--learn-rows <n>',
      'rows at the beginning of a file to learn from, instead of 15 % and at most 750',
      parseRows,
    )
    .option(
      '--baseline <name>',
      'compare with a simple forecast in the place of the net (persistence, ewma, windowed-gaussian, holt-winters, or all)',
      parseBaseline,
      [],
    )
    .option(
      '--report <file>',
      'write a web page: every file with what was expected, its score, incidents and labels',
      parseReportPath,
    )
    .option('--json', 'print the figures as JSON')
    .action(async (paths: string[], options: Options) => runBacktest(paths, options, io));
}

function parseRows(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It is not a number of rows.');
  return Number(text);
}

async function runBacktest(paths: readonly string[], options: Options, io: Io): Promise<void> {
  const { findDataFiles } = await import('../../backtest/data-files.js');
  const { knownFaults } = await import('../../backtest/known-faults.js');
  const { backtest } = await import('../../backtest/backtest.js');
  const { detectorsOf } = await import('../../backtest/comparison.js');
  const { writeResult } = await import('../../backtest/results-csv.js');
  const { TRIED_SCORES } = await import('../../backtest/nab-report.js');
  const { settingsFor, timeOf } = await import('../backtest-settings.js');
  const { BacktestBar } = await import('../backtest-bar.js');
  const { BacktestSummary } = await import('../backtest-summary.js');
  const settings = await settingsFor({
    configs: options.config,
    baselines: options.baseline,
    learnRows: options.learnRows,
    thresholds: options.labels === undefined ? [] : TRIED_SCORES,
    traced: options.report !== undefined,
  });
  const files = await findDataFiles(paths);
  if (options.out !== undefined) await requireWritable(options.out, paths, files);
  if (options.report !== undefined) await requireFolder(dirname(resolve(options.report)));
  const { known, refused } = await knownFaults(files, options.labels, timeOf(settings));
  const total = known.reduce((sum, { rows }) => sum + rows, 0);
  const bar = new BacktestBar(io, known.length, total);
  const outcomes = await backtest(known, {
    settings,
    signal: io.signal,
    onOutcome: ({ rows }) => bar.fileDone(rows),
  })
    .catch((error: unknown) => {
      if (!io.signal.aborted) throw error;
      return undefined;
    })
    .finally(() => bar.stop());
  if (outcomes === undefined) return io.note('stopped before all files were judged; nothing is reported');
  const judged = outcomes.flatMap((outcome) => ('result' in outcome ? [outcome] : []));
  const unjudged = [...refused, ...outcomes.flatMap((outcome) => ('error' in outcome ? [outcome] : []))];
  unjudged.sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file));
  if (judged.length === 0) throw unjudged[0].error;
  if (unjudged.length > 0) process.exitCode = EXIT.failure;
  if (options.out !== undefined) for (const { result } of judged) await writeResult(resolve(options.out), result);
  noteForesight(judged, io);
  const summary = new BacktestSummary(detectorsOf(settings), judged, unjudged);
  if (options.report !== undefined) {
    const { writeBacktestPage } = await import('../backtest-page.js');
    await writeBacktestPage(options.report, judged, summary);
  }
  if (options.json) io.printJson(summary.toJSON());
  else io.print(summary.describe());
}

/** Before hours of judging, not after. */
async function requireWritable(out: string, paths: readonly string[], files: readonly BacktestFile[]): Promise<void> {
  const folder = resolve(out);
  const lost = files.find(({ path, name }) => join(folder, name) === path);
  if (lost !== undefined) {
    throw new UserError('ARGUMENT', `--out ${out} would overwrite ${lost.name}`, { hint: 'choose another folder' });
  }
  const around = paths.find((path) => join(folder, sep).startsWith(join(resolve(path), sep)));
  if (around !== undefined) {
    throw new UserError('ARGUMENT', `--out ${out} lies in ${around}, which would then hold results beside its data`, {
      hint: 'choose a folder outside, or the next backtest takes them for data',
    });
  }
  await requireFolder(folder);
}

/** A model that has seen the data is better at them than it will be at others. */
function noteForesight(files: readonly JudgedFile[], io: Io): void {
  const seen = files.filter(({ result: { modelSaw, timesUs } }) => {
    if (modelSaw === undefined) return false;
    const [fromUs, toUs] = [modelSaw.from, modelSaw.to].map((time) => Date.parse(time) * 1000);
    return timesUs.some((us) => us >= fromUs && us <= toUs);
  });
  if (seen.length === 0) return;
  const [{ result }] = seen;
  io.note(
    `the model has learnt from ${result.modelSaw?.from} to ${result.modelSaw?.to}, and ${seen.length} of the files are ` +
      'of that time: expect less of it on new data',
  );
}
