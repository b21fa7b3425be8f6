/** `kioku evaluate`: how well a recogniser hears what is known to be said. */
import type { Command } from 'commander';
import type { Config } from '../../config/config.js';
import type { RecogniserModel } from '../../core/recogniser.js';
import type { Audible } from '../../evaluate/heard.js';
import type { HearingParts, Remark } from '../../evaluate/hearing.js';
import type { StringOptions } from '../../evaluate/strings.js';
import type { Manifest, Utterance } from '../../train/speech/manifest.js';
import type { Problem } from '../../train/speech/recordings.js';
import type { EvaluationSummary } from '../evaluation-summary.js';
import type { Spotting } from '../keyword-config.js';
import { addKeywordOptions, type KeywordOptions } from '../keyword-options.js';
import type { KeywordSummary } from '../keyword-summary.js';
import { EXIT, type Io } from '../output.js';
import { addSearchOptions, requireSearch, type SearchOptions } from '../search-options.js';
import { addJoinOptions, type JoinOptions, stringsOf } from '../string-options.js';

interface Options extends SearchOptions, JoinOptions, KeywordOptions {
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
  addJoinOptions(addKeywordOptions(addSearchOptions(command))).action(async (manifest: string, options: Options) =>
    runEvaluate(manifest, options, io),
  );
}

async function runEvaluate(path: string, options: Options, io: Io): Promise<void> {
  requireSearch(options);
  const strings = stringsOf(options);
  const { readManifest } = await import('../../train/speech/manifest.js');
  const { openRecogniserFiles } = await import('../../step/recogniser/open.js');
  const { recogniserConfig } = await import('../evaluation-config.js');
  const { spottingOf } = await import('../keyword-config.js');
  const { ProgressLine } = await import('../progress-line.js');
  const manifest = await readManifest(path);
  const spotting = await spottingOf(options);
  const { config, precision } = spotting ?? (await recogniserConfig(options));
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
  const what = { manifest, strings, model, config, parts };
  const summary = await (spotting === undefined ? heard(what) : spotted(what, spotting)).finally(() => line.stop());
  if (summary === undefined) return io.note('stopped before all recordings were heard; nothing is reported');
  if (summary.unheard.length > 0) process.exitCode = EXIT.failure;
  if (options.json === true) io.printJson(summary.toJSON());
  else io.print(summary.describe());
}

/** What is to be evaluated. */
interface Evaluated {
  readonly manifest: Manifest;
  readonly strings: StringOptions | undefined;
  readonly model: RecogniserModel;
  readonly config: Config;
  readonly parts: HearingParts;
}

/** @returns undefined: it was stopped */
async function heard(what: Evaluated): Promise<EvaluationSummary | undefined> {
  const { model, config, parts } = what;
  const { evaluate } = await import('../../evaluate/evaluation.js');
  const { EvaluationSummary } = await import('../evaluation-summary.js');
  const found = await ofRecordings(what, (utterances) => evaluate(utterances, model, config, parts));
  if (found === undefined) return undefined;
  const { result, problems } = found;
  const odd = problems === undefined ? result.odd : remarksOn(problems, false);
  return new EvaluationSummary(model.name, { ...result, odd }, unheardOf(what, found));
}

/** @returns undefined: it was stopped */
async function spotted(what: Evaluated, { keywords }: Spotting): Promise<KeywordSummary | undefined> {
  const { model, config, parts } = what;
  const { evaluateKeywords } = await import('../../evaluate/keyword-evaluation.js');
  const { KeywordSummary } = await import('../keyword-summary.js');
  const found = await ofRecordings(what, (utterances) => evaluateKeywords(utterances, model, config, keywords, parts));
  return found && new KeywordSummary(model.name, found.result, unheardOf(what, found));
}

interface Found<T> {
  readonly result: T;
  /** Of recordings that strings were made of; absent: none were made. */
  readonly problems?: readonly Problem[];
}

/** The recordings of the manifest, or strings of them. @returns undefined: it was stopped */
async function ofRecordings<T>(
  { manifest: { utterances }, strings, model, parts }: Evaluated,
  use: (utterances: readonly (Utterance & Audible)[]) => Promise<T | undefined>,
): Promise<Found<T> | undefined> {
  if (strings === undefined) {
    const result = await use(utterances);
    return result && { result };
  }
  const { withStrings } = await import('../../evaluate/strings.js');
  return withStrings(utterances, model.features.sampleRateHz, strings, parts.signal, async (made, problems) => {
    const result = await use(made);
    return result && { result, problems };
  });
}

/** What of the manifest was not evaluated. */
function unheardOf(
  { manifest }: Evaluated,
  { result, problems }: Found<{ readonly unheard: readonly Remark[] }>,
): Remark[] {
  const badLines = manifest.badLines.map(({ line, reason }) => ({ name: `line ${line}`, reason }));
  return [...badLines, ...(problems === undefined ? result.unheard : remarksOn(problems, true))];
}

function remarksOn(problems: readonly Problem[], leftOut: boolean): Remark[] {
  return problems.filter((one) => one.leftOut === leftOut).map(({ name, text }) => ({ name, reason: text }));
}
