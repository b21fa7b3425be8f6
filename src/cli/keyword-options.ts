/** Keywords to evaluate, as options of a command. */
import { type Command, InvalidArgumentError } from 'commander';

export interface KeywordOptions {
  readonly keywords?: readonly string[];
  readonly threshold?: number;
}

export function addKeywordOptions(command: Command): Command {
  return command
    .option('--keywords <list>', 'spot these words or phrases, separated by commas, instead of writing down', parseList)
    .option('--threshold <score>', 'with --keywords: from which on one counts as spoken; absent: 0.5', parseThreshold);
}

function parseList(text: string): readonly string[] {
  const phrases = text.split(',').map((phrase) => phrase.trim());
  if (phrases.every((phrase) => phrase !== '')) return phrases;
  throw new InvalidArgumentError('It must be words or phrases, separated by commas.');
}

function parseThreshold(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number above 0, at most 1.');
}
