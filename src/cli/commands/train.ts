/** `kioku train`: learn what is normal, from files, a recording or the feed itself; or a recogniser, from recordings. */
import { dirname, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../../config/config.js';
import type { Counters } from '../../core/counters.js';
import { UserError } from '../../core/errors.js';
import type { StageContext } from '../../core/kind.js';
import type { Log } from '../../core/log.js';
import type { Gathered } from '../../gather.js';
import { parseDuration } from '../duration.js';
import type { Io } from '../output.js';
import { parseReportPath } from '../report-path.js';
import { requireFolder } from '../writable-folder.js';

interface Options {
  readonly live?: true;
  readonly for?: number;
  readonly out?: string;
  readonly resume?: true;
  readonly diagnose?: true;
  readonly report?: string;
  readonly json?: true;
}

export function register(program: Command, io: Io): void {
  program
    .command('train')
    .description('learn what is normal, or to recognise words, and write the model of a configuration')
    .argument(
      '<config-or-file...>',
      'a configuration, data files (CSV, JSON Lines, recordings; WAV for one that extracts), or both',
    )
    .option('--live', "learn from the configuration's own source, as it comes in")
    .option('--for <duration>', 'with --live: how long to listen before training, such as 1h', parseDuration)
    .option('--out <folder>', 'where to write the model instead of where the configuration says')
    .option('--resume', 'go on with a training that was interrupted, on the same data and options')
    .option('--diagnose', 'show how the gradient vanishes or explodes on its way back through time')
    .option(
      '--report <file>',
      'write a web page: the curves of the training, and how good what was learnt is on held-out data',
      parseReportPath,
    )
    .option(
      '--json',
      'print {model, stopped, card, record, silences} at the end, with --diagnose also {gradients}; ' +
        'of a recogniser {model, stopped, card, manifests, confusions}',
    )
    .action(async (paths: string[], options: Options) => train(paths, options, io));
}

async function train(paths: readonly string[], options: Options, io: Io): Promise<void> {
  const { DropReport } = await import('../../drop-report.js');
  const { contextOf } = await import('../../stage-context.js');
  const log = await io.openLog();
  const config = await chooseData(paths, options, log, io);
  if (options.report !== undefined) await requireFolder(dirname(resolve(options.report)));
  if (config.speech !== undefined) {
    const { trainRecogniser } = await import('../train-recogniser.js');
    const { resume = false, json = false, report } = options;
    return trainRecogniser(config, config.speech, { io, log, resume, json, report });
  }
  const context = contextOf(config, { log });
  const drops = new DropReport(context.counters, context.log);
  const { listenAndAlign } = await import('../listen-and-align.js');
  const forMs = options.for === undefined ? {} : { forMs: options.for };
  let gathered: Gathered | undefined;
  try {
    gathered = await listenAndAlign(config, context, { ...forMs, io }).finally(() => {
      drops.report();
      drops.stop();
    });
    if (io.signal.aborted && options.live === undefined) {
      return io.note('stopped before training; no model was written');
    }
    // Ctrl-C has ended the listening; the next one ends the training, and the best weights so far count.
    io.rearm();
    await trainOn(gathered, config, context, options, io);
  } catch (error) {
    throw withWhatBecameOf(context.counters, error);
  } finally {
    gathered?.close();
  }
}

/** Too little is often what remains of enough: rows in the wrong order, times that cannot be read. */
function withWhatBecameOf(counters: Counters, error: unknown): unknown {
  const counts = Object.entries(counters.toJSON()).map(([reason, n]) => `${reason} ${n}`);
  if (!(error instanceof UserError) || error.code !== 'DATA_TOO_SHORT' || counts.length === 0) return error;
  const hint = error.hint === undefined ? '' : `; else ${error.hint}`;
  return new UserError(error.code, error.message, {
    hint: `see first what was counted on the way (docs/counters.md): ${counts.join(', ')}${hint}`,
    cause: error,
  });
}

async function chooseData(paths: readonly string[], options: Options, log: Log, io: Io): Promise<Config> {
  const { isConfigFile, withDataFiles, configForDataFiles } = await import('../data-files.js');
  const { loadConfig } = await import('../../config/load.js');
  const configs = paths.filter(isConfigFile);
  const files = paths.filter((path) => !isConfigFile(path));
  const wrong = mistake(configs, files, options);
  if (wrong !== undefined) throw wrong;
  let config = configs.length === 0 ? await configForDataFiles(files, log, io) : await loadConfig(configs[0]);
  if (config.speech !== undefined) requireNothingElse(files, options);
  if (configs.length > 0 && files.length > 0) config = await withDataFiles(config, files);
  if (config.speech === undefined && config.decide.task !== 'forecast') {
    throw new UserError('ARGUMENT', `${configs[0]} has nothing to learn: decide: ${config.decide.kind}`, {
      hint: 'its model is run as it is; training is for decide: anomaly, and for decide: transcribe with a section speech',
    });
  }
  if (config.speech === undefined && !config.source.past && options.live === undefined) {
    throw new UserError('ARGUMENT', `the source of ${configs[0]} is ${config.source.kind}, which has no past`, {
      hint: `learn from the feed with --live --for 1h, or from a recording with \`kioku train ${configs[0]} FILE\``,
    });
  }
  return options.out === undefined ? config : { ...config, model: resolve(options.out) };
}

/** A recogniser learns from what its section `speech` names. */
function requireNothingElse(files: readonly string[], { live, diagnose }: Options): void {
  const given = Object.entries({ live, diagnose }).find(([, value]) => value !== undefined);
  if (given === undefined && files.length === 0) return;
  const what = given === undefined ? `the file ${files[0]}` : `--${given[0]}`;
  throw new UserError(
    'ARGUMENT',
    `${what} is not for a recogniser, which learns from the manifests of its section speech`,
    {
      hint: 'leave it out',
    },
  );
}

function mistake(configs: readonly string[], files: readonly string[], options: Options): UserError | undefined {
  if (configs.length > 1) return new UserError('ARGUMENT', 'there can be only one configuration');
  if (options.live && files.length > 0) {
    return new UserError('ARGUMENT', '--live learns from the feed, not from files', { hint: 'leave one of them out' });
  }
  if (options.live && options.for === undefined) {
    return new UserError('ARGUMENT', '--live needs to know how long to listen', { hint: 'add --for 1h' });
  }
  if (!options.live && options.for !== undefined) {
    return new UserError('ARGUMENT', '--for belongs to --live', { hint: 'add --live, or leave --for out' });
  }
  if (options.live && options.resume) {
    return new UserError('ARGUMENT', '--resume goes on with the same data, which --live cannot give', {
      hint: 'record the feed with `kioku record` and train on the recording',
    });
  }
  return undefined;
}

async function trainOn(
  gathered: Gathered,
  config: Config,
  context: StageContext,
  options: Options,
  io: Io,
): Promise<void> {
  const { learnWithBar } = await import('../learn-with-bar.js');
  const { describeTraining, noteHowToGoOn } = await import('../training-summary.js');
  const { adviseOn, describePauses } = await import('../pause-advice.js');
  const { resume = false, diagnose = false } = options;
  const learnt = await learnWithBar(config, gathered, { context, io, resume, diagnose });
  const silences = adviseOn(gathered.pauses, config);
  if (options.json) {
    const { validations: _curve, heldOut: _series, ...record } = learnt.record;
    io.printJson({ model: config.model, ...learnt, record, silences: silences ?? null });
  } else {
    io.print(`${describeTraining(learnt)}\nmodel: ${relative(process.cwd(), config.model) || '.'}`);
    if (silences !== undefined) io.print(describePauses(silences));
    if (learnt.gradients !== undefined) {
      const { describeGradients } = await import('../gradient-table.js');
      io.print(describeGradients(learnt.gradients));
    }
  }
  if (options.report !== undefined) {
    const { writeTrainingPage } = await import('../training-page.js');
    await writeTrainingPage(options.report, config.name, learnt);
  }
  noteHowToGoOn(learnt.stopped, io);
}
