/** Strings of joined recordings, as options of a command. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UserError } from '../core/errors.js';
import type { StringOptions } from '../evaluate/strings.js';
import type { Range } from '../train/speech/draws.js';
import { NOISES, type Noise } from '../train/speech/noise.js';
import { parseCount } from './search-options.js';

export interface JoinOptions {
  readonly joined?: number;
  readonly words?: Range;
  readonly gap?: Range;
  readonly edges?: Range;
  readonly noise?: Noise;
  readonly snr?: number;
  readonly seed?: number;
}

const MOST_GAP_MS = 60_000;
const MOST_WORDS = 1000;

export function addJoinOptions(command: Command): Command {
  return command
    .option(
      '--joined <strings>',
      'evaluate so many strings, made by joining recordings of one speaker each',
      parseCount,
    )
    .option('--words <from-to>', 'with --joined: recordings a string; absent: 1-6', parseWords)
    .option('--gap <from-to>', 'with --joined: pauses in ms, also at both ends; absent: 0-500ms', parseGap)
    .option(
      '--edges <from-to>',
      'with --joined: tight: cut at the first and last piece of speech; or noise of a room before and behind that, in ms; absent: as --gap',
      parseEdges,
    )
    .addOption(
      new Option('--noise <kind>', 'with --joined: pink noise, or babble of other recordings, over all of it').choices([
        ...NOISES,
      ]),
    )
    .option('--snr <dB>', 'with --noise: level of the speech over that of the noise; absent: 20', parseDecibels)
    .option('--seed <n>', 'with --joined: other strings; absent: 1', parseSeed);
}

/**
 * @returns undefined: recordings are evaluated as they are
 * @throws UserError `ARGUMENT` for an option that would do nothing
 */
export function stringsOf({ joined, words, gap, edges, noise, snr, seed }: JoinOptions): StringOptions | undefined {
  if (joined === undefined) {
    const idle = Object.entries({ words, gap, edges, noise, snr, seed }).find(([, value]) => value !== undefined);
    if (idle === undefined) return undefined;
    throw new UserError('ARGUMENT', `--${idle[0]} is for strings of joined recordings`, {
      hint: 'add --joined and how many strings, or leave it out',
    });
  }
  if (snr !== undefined && noise === undefined) {
    throw new UserError('ARGUMENT', '--snr is for --noise', { hint: 'add --noise pink or --noise babble' });
  }
  return {
    count: joined,
    words: words ?? [1, 6],
    gapMs: gap ?? [0, 500],
    edgesMs: edges,
    noise,
    snrDb: snr ?? 20,
    seed: seed ?? 1,
  };
}

/** `1-6` or `4`. */
function parseRange(text: string, most: number): Range {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (from <= to && to <= most) return [from, to];
  throw new InvalidArgumentError(`It must be a range such as 1-6, the lower number first, none above ${most}.`);
}

function parseWords(text: string): Range {
  const range = parseRange(text, MOST_WORDS);
  if (range[0] > 0) return range;
  throw new InvalidArgumentError('A string has at least one recording.');
}

function parseGap(text: string): Range {
  return parseRange(text.replace(/ms$/, ''), MOST_GAP_MS);
}

/** `tight`, or as a gap. */
function parseEdges(text: string): Range {
  return text === 'tight' ? [0, 0] : parseGap(text);
}

function parseDecibels(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Math.abs(value) <= 100) return value;
  throw new InvalidArgumentError('It must be a number of decibels, such as 20.');
}

function parseSeed(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('It must be a whole number from 0 on.');
}
