/** `kioku backtest`: what a detector would have said about history, and how good that is. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type BaselineName, BASELINES } from '../../backtest/baseline-rules.js';
import type { BacktestFile } from '../../backtest/data-files.js';
import type { FileResult } from '../../backtest/backtest-file.js';
import type { BacktestSetting } from '../../backtest/file-config.js';
import type { Config } from '../../config/config.js';
import { UserError } from '../../core/errors.js';
import type { TimeOption } from '../../source/rows.js';
import { EXIT, type Io } from '../output.js';

interface Options {
  readonly labels?: string;
  readonly config?: string;
  readonly out?: string;
  readonly learnRows?: number;
  readonly baseline?: BaselineName;
  readonly json?: true;
}

export function register(program: Command, io: Io): void {
  program
    .command('backtest')
    .description('stream recorded data through the code of run: alerts a day, what they found and what they missed')
    .argument('<data...>', 'CSV files, or folders of them; each file is judged by itself, in the order of its rows')
    .option('--labels <file>', "when something was wrong: JSON as NAB's windows, or CSV with start,end[,stream]")
    .option('--config <file>', 'its decider, steps, channels and training; its model, if there is one already')
    .option('--out <folder>', 'write timestamp,value,anomaly_score,alert of every row, a file for each of the data')
    .option(
      '--learn-rows <n>',
      'rows at the beginning of a file to learn from, instead of 15 % and at most 750',
      parseRows,
    )
    .addOption(
      new Option(
        '--baseline <name>',
        'a simple forecast in the place of the net: what the net has to be better than',
      ).choices(Object.keys(BASELINES)),
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
  const { reportOf } = await import('../../backtest/report.js');
  const { writeResult } = await import('../../backtest/results-csv.js');
  const { figuresOf } = await import('../../backtest/file-figures.js');
  const { rowScores, TRIED_SCORES } = await import('../../backtest/nab-report.js');
  const { BacktestBar } = await import('../backtest-bar.js');
  const { describeBacktest, summaryJson } = await import('../backtest-summary.js');
  const { DEFAULT_RUNTIME } = await import('../../core/runtime.js');
  const config = options.config === undefined ? undefined : await configFor(options.config);
  const files = await findDataFiles(paths);
  if (options.out !== undefined) refuseOverwriting(options.out, files);
  const known = await knownFaults(files, options.labels, timeOf(config));
  const setting = settingOf(config, options, options.labels === undefined ? [] : TRIED_SCORES);
  const bar = new BacktestBar(io, files.length);
  const outcomes = await backtest(files, {
    setting,
    runtime: config?.runtime ?? DEFAULT_RUNTIME,
    signal: io.signal,
    onOutcome: (outcome) => bar.fileDone('result' in outcome ? outcome.result.scores.length : 0),
  })
    .catch((error: unknown) => {
      if (!io.signal.aborted) throw error;
      return undefined;
    })
    .finally(() => bar.stop());
  if (outcomes === undefined) return io.note('stopped before all files were judged; nothing is reported');
  const judged = outcomes.flatMap((outcome, f) =>
    'result' in outcome ? [{ result: outcome.result, known: known[f] }] : [],
  );
  const refused = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome] : []));
  if (judged.length === 0) throw refused[0].error;
  if (refused.length > 0) process.exitCode = EXIT.failure;
  if (options.out !== undefined) for (const { result } of judged) await writeResult(resolve(options.out), result);
  noteForesight(judged, io);
  const figures = judged.map((file) => figuresOf(file.result, file.known));
  const labelled = judged.flatMap(({ result, known: { faults } }) =>
    faults === undefined ? [] : [{ result, faults }],
  );
  const base = reportOf(figures);
  const report = base.nab === undefined ? base : { ...base, rows: rowScores(labelled) };
  if (options.json) io.printJson({ forecast: options.baseline ?? 'net', ...summaryJson(report, figures, refused) });
  else io.print(describeBacktest(report, figures, refused));
}

function refuseOverwriting(out: string, files: readonly BacktestFile[]): void {
  const lost = files.find(({ path, name }) => resolve(out, name) === path);
  if (lost === undefined) return;
  throw new UserError('ARGUMENT', `--out ${out} would overwrite ${lost.name}`, { hint: 'choose another folder' });
}

async function configFor(path: string): Promise<Config> {
  const { loadConfig } = await import('../../config/load.js');
  const config = await loadConfig(path);
  if (config.decide.task === 'forecast' && !config.decode.audio) return config;
  throw new UserError('ARGUMENT', `${path} listens to audio; a backtest is for readings of sensors in CSV files`, {
    hint: 'take a configuration with decide: anomaly and without audio',
  });
}

function timeOf(config: Config | undefined): TimeOption | undefined {
  if (config?.source.kind !== 'replay') return undefined;
  return (config.source.options as { readonly time?: TimeOption }).time;
}

function settingOf(config: Config | undefined, options: Options, thresholds: readonly number[]): BacktestSetting {
  const { learnRows, baseline } = options;
  const chosen = {
    ...(learnRows === undefined ? {} : { learnRows }),
    ...(baseline === undefined ? {} : { baseline }),
  };
  if (config === undefined) return { value: {}, file: resolve('backtest.yaml'), thresholds, ...chosen };
  const { value, file, model } = config;
  // What a model has in its card of its own errors says nothing of a baseline's.
  const learnt = baseline === undefined && existsSync(join(model, 'model.json')) ? { model } : {};
  return { value: value as object, file, thresholds, ...learnt, ...chosen };
}

/** A model that has seen the data is better at them than it will be at others. */
function noteForesight(files: readonly { readonly result: FileResult }[], io: Io): void {
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
