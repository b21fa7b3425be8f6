/** `kioku evaluate`: how well a recogniser hears what is known to be said. */
import type { Command } from 'commander';
import type { Config } from '../../config/config.js';
import type { RecogniserModel } from '../../core/recogniser.js';
import type { Evaluation, Remark } from '../../evaluate/evaluation.js';
import type { HearingParts } from '../../evaluate/hearing.js';
import type { StringOptions } from '../../evaluate/strings.js';
import type { Manifest } from '../../train/speech/manifest.js';
import { EXIT, type Io } from '../output.js';
import { addSearchOptions, requireSearch, type SearchOptions } from '../search-options.js';
import { addJoinOptions, type JoinOptions, stringsOf } from '../string-options.js';

interface Options extends SearchOptions, JoinOptions {
  readonly model?: string;
  readonly config?: string;
  readonly realTime?: true;
  readonly json?: true;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command('evaluate')
    .description('measure how well a recogniser hears what a manifest says is said')
    .argument('<manifest>', 'a line for each recording: file, a tab, what is said, and maybe a tab and who says it')
    .option(
      '--model <model>',
      'folder of a recogniser, or the name of one that was pulled; absent: that of --config, or the only one there is',
    )
    .option('--config <file>', 'its decider, model and runtime, as `kioku run` takes them; its source does not count')
    .option('--real-time', 'play recordings as long as they last, one after the other, and measure how long one waits')
    .option('--json', 'print the figures as JSON');
  addJoinOptions(addSearchOptions(command)).action(async (manifest: string, options: Options) =>
    runEvaluate(manifest, options, io),
  );
}

async function runEvaluate(path: string, options: Options, io: Io): Promise<void> {
  requireSearch(options);
  const strings = stringsOf(options);
  const { readManifest } = await import('../../train/speech/manifest.js');
  const { openRecogniserFiles } = await import('../../step/recogniser/open.js');
  const { recogniserConfig } = await import('../evaluation-config.js');
  const { ProgressLine } = await import('../progress-line.js');
  const { EvaluationSummary } = await import('../evaluation-summary.js');
  const manifest = await readManifest(path);
  const { config, precision } = await recogniserConfig(options);
  const model = await openRecogniserFiles(config.model, { precision });
  // What is usual would be a line for each recording.
  const log = await io.openLog(io.logLevel === 'info' ? 'warn' : io.logLevel);
  const recordings = strings?.count ?? manifest.utterances.length;
  let played = 0;
  const line = new ProgressLine(io, 'evaluate', () => ({
    fraction: played / recordings,
    said: `${played} of ${recordings} recordings`,
  }));
  const parts = {
    log,
    signal: io.signal,
    realTime: options.realTime === true,
    onPlayed: () => void played++,
  };
  const evaluation = await heard(manifest, strings, model, config, parts).finally(() => line.stop());
  if (evaluation === undefined) return io.note('stopped before all recordings were heard; nothing is reported');
  const badLines = manifest.badLines.map(({ line, reason }) => ({ name: `line ${line}`, reason }));
  const summary = new EvaluationSummary(model.name, evaluation, [...badLines, ...evaluation.unheard]);
  if (summary.unheard.length > 0) process.exitCode = EXIT.failure;
  if (options.json === true) io.printJson(summary.toJSON());
  else io.print(summary.describe());
}

/** @returns undefined: it was stopped */
async function heard(
  { utterances }: Manifest,
  strings: StringOptions | undefined,
  model: RecogniserModel,
  config: Config,
  parts: HearingParts,
): Promise<Evaluation | undefined> {
  const { evaluate } = await import('../../evaluate/evaluation.js');
  if (strings === undefined) return evaluate(utterances, model, config, parts);
  const { withStrings } = await import('../../evaluate/strings.js');
  return withStrings(utterances, model.features.sampleRateHz, strings, parts.signal, async (made, problems) => {
    const evaluation = await evaluate(made, model, config, parts);
    const remarks = (leftOut: boolean): Remark[] =>
      problems.filter((one) => one.leftOut === leftOut).map(({ name, text }) => ({ name, reason: text }));
    return evaluation && { ...evaluation, unheard: remarks(true), odd: remarks(false) };
  });
}
