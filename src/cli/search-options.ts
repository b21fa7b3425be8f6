/** How a recogniser searches, as options of the commands that run one. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UserError } from '../core/errors.js';
import type { Hotword } from '../core/hotwords.js';

interface LanguageModel {
  readonly file: string;
  readonly weight?: number;
}

export interface SearchOptions {
  readonly vad?: true;
  readonly search?: 'greedy' | 'beam';
  readonly paths?: number;
  readonly hotword: readonly Hotword[];
  readonly only?: readonly string[];
  readonly alternatives?: number;
  readonly languageModel?: LanguageModel;
  readonly wordBonus?: number;
}

export function addSearchOptions(command: Command): Command {
  return command
    .option('--vad', 'recognise only what is speech (Silero VAD)')
    .addOption(
      new Option('--search <how>', 'greedy, or beam: several paths; absent: greedy, but beam for hotwords').choices([
        'greedy',
        'beam',
      ]),
    )
    .option('--paths <count>', 'paths of a beam; absent: 4', parseCount)
    .option(
      '--hotword <phrase[:boost]>',
      'hear this more readily, as in "FOO BAR:2"; may be given again',
      parseHotword,
      [],
    )
    .option('--only <phrase>', 'hear nothing but this and other such phrases; may be given again', parsePhrase)
    .option(
      '--language-model <file[:weight]>',
      'n-grams in ARPA that say how likely words follow one another, as in news.arpa:0.5',
      parseLanguageModel,
    )
    .option('--word-bonus <score>', 'with a language model: added for every word; absent: 0', parseScore);
}

/** @throws UserError `ARGUMENT` when they contradict each other */
export function requireSearch(options: SearchOptions): void {
  if (options.wordBonus !== undefined && options.languageModel === undefined) {
    throw new UserError('ARGUMENT', '--word-bonus is for --language-model', { hint: 'leave it out, or name a model' });
  }
  if (options.search !== 'greedy' || !isForBeam(options)) return;
  const named = '--hotword, --only, --language-model, --paths and --alternatives';
  throw new UserError('ARGUMENT', `${named} are for --search beam`, { hint: 'leave --search out' });
}

/** Whether any of them was given. */
export function isSearchSet(options: SearchOptions): boolean {
  return options.vad === true || options.search !== undefined || isForBeam(options);
}

/** The section `decide` of a configuration. */
export function decideOf(options: SearchOptions) {
  const { vad, paths, hotword, only, alternatives, languageModel, wordBonus } = options;
  return {
    kind: 'transcribe',
    search: options.search ?? (isForBeam(options) ? ('beam' as const) : ('greedy' as const)),
    hotwords: hotword,
    ...(only === undefined ? {} : { vocabulary: only }),
    ...(vad === undefined ? {} : { vad: {} }),
    ...(paths === undefined ? {} : { paths }),
    ...(alternatives === undefined ? {} : { alternatives }),
    ...(languageModel && { languageModel: { ...languageModel, ...(wordBonus === undefined ? {} : { wordBonus }) } }),
  };
}

export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

/** Options that only a beam has a use for. */
function isForBeam({ hotword, ...others }: SearchOptions): boolean {
  const { only, paths, alternatives, languageModel } = others;
  return hotword.length > 0 || [only, paths, alternatives, languageModel].some((option) => option !== undefined);
}

function parsePhrase(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** A number behind the last colon is the boost. */
function parseHotword(text: string, before: readonly Hotword[]): readonly Hotword[] {
  const [, phrase = text, boost] = /^(.+):([\d.]+)$/.exec(text) ?? [];
  return [...before, { phrase, ...(boost === undefined ? {} : { boost: Number(boost) }) }];
}

/** A number behind the last colon is the weight. The path starts where the command was called. */
function parseLanguageModel(text: string): LanguageModel {
  const [, file = text, weight] = /^(.+):([\d.]+)$/.exec(text) ?? [];
  return { file: resolve(file), ...(weight === undefined ? {} : { weight: Number(weight) }) };
}

function parseScore(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}
