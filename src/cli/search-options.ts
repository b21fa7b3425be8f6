/** How a recogniser searches, as options of the commands that run one. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UserError } from '../core/errors.js';
import type { Hotword } from '../core/hotwords.js';

export interface SearchOptions {
  readonly vad?: true;
  readonly search?: 'greedy' | 'beam';
  readonly paths?: number;
  readonly hotword: readonly Hotword[];
  readonly only?: readonly string[];
  readonly alternatives?: number;
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
    .option('--only <phrase>', 'hear nothing but this and other such phrases; may be given again', parsePhrase);
}

/** @throws UserError `ARGUMENT` when they contradict each other */
export function requireSearch(options: SearchOptions): void {
  if (options.search !== 'greedy' || !isForBeam(options)) return;
  throw new UserError('ARGUMENT', '--hotword, --only, --paths and --alternatives are for --search beam', {
    hint: 'leave --search out',
  });
}

/** Whether any of them was given. */
export function isSearchSet(options: SearchOptions): boolean {
  return options.vad === true || options.search !== undefined || isForBeam(options);
}

/** The section `decide` of a configuration. */
export function decideOf(options: SearchOptions) {
  const { vad, paths, hotword, only, alternatives } = options;
  return {
    kind: 'transcribe',
    search: options.search ?? (isForBeam(options) ? ('beam' as const) : ('greedy' as const)),
    hotwords: hotword,
    ...(only === undefined ? {} : { vocabulary: only }),
    ...(vad === undefined ? {} : { vad: {} }),
    ...(paths === undefined ? {} : { paths }),
    ...(alternatives === undefined ? {} : { alternatives }),
  };
}

export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

/** Options that only a beam has a use for. */
function isForBeam({ hotword, only, paths, alternatives }: SearchOptions): boolean {
  return hotword.length > 0 || only !== undefined || paths !== undefined || alternatives !== undefined;
}

function parsePhrase(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** A number behind the last colon is the boost. */
function parseHotword(text: string, before: readonly Hotword[]): readonly Hotword[] {
  const [, phrase = text, boost] = /^(.+):([\d.]+)$/.exec(text) ?? [];
  return [...before, { phrase, ...(boost === undefined ? {} : { boost: Number(boost) }) }];
}
