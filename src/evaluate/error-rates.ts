/** From what was said and what was heard to error rates, and how far to trust them. */
import { type Interval, percentileInterval, RESAMPLES } from '../core/bootstrap.js';
import { uniform } from '../core/random.js';
import type { Edits } from './edits.js';

/** Of words or of tokens. */
export interface Tally extends Edits {
  /** In what was said. */
  readonly count: number;
}

/** How one recording was heard. */
export interface Compared {
  readonly words: Tally;
  readonly tokens: Tally;
}

/** Rates of edits by what was said: above 1 where more was heard than that. NaN: nothing was said. */
export interface Rates {
  readonly tokenErrorRate: number;
  readonly wordErrorRate: number;
  /** Share of the recordings of which every word is right, and none too many. */
  readonly sentenceAccuracy: number;
}

export type Intervals = Readonly<Record<keyof Rates, Interval>>;

export interface Figures extends Rates, Compared {
  readonly utterances: number;
  readonly ci95: Intervals;
}

/** Any: the same recordings give the same interval. */
const SEED = 1;

/** @param compared at least one */
export function figuresOf(compared: readonly Compared[]): Figures {
  const sums = compared.map(sumOf);
  const total = totalOf(sums);
  const { utterances, words, tokens } = total;
  return { utterances, ...ratesOf(total), ci95: intervalsOf(sums), words, tokens };
}

/**
 * Intervals with other speakers: what one of them says is heard well or badly together.
 * @param groups what each speaker said, at least one recording each
 * @returns undefined of fewer than two: nobody else could be drawn
 */
export function intervalsBySpeaker(groups: readonly (readonly Compared[])[]): Intervals | undefined {
  return groups.length < 2 ? undefined : intervalsOf(groups.map((group) => totalOf(group.map(sumOf))));
}

export function editsIn({ insertions, deletions, substitutions }: Edits): number {
  return insertions + deletions + substitutions;
}

interface Sum {
  readonly utterances: number;
  readonly words: Tally;
  readonly tokens: Tally;
  /** Recordings without a wrong word. */
  readonly right: number;
}

/** The bootstrap over recordings, or over those who speak in them: as many as there are, each drawn from all of them. */
function intervalsOf(sums: readonly Sum[]): Intervals {
  const draws = Array.from({ length: RESAMPLES }, (_, draw) =>
    ratesOf(totalOf(sums.map((_, i) => sums[Math.floor(uniform(SEED, draw, i) * sums.length)]))),
  );
  return {
    tokenErrorRate: percentileInterval(draws.map((rates) => rates.tokenErrorRate)),
    wordErrorRate: percentileInterval(draws.map((rates) => rates.wordErrorRate)),
    sentenceAccuracy: percentileInterval(draws.map((rates) => rates.sentenceAccuracy)),
  };
}

function sumOf({ words, tokens }: Compared): Sum {
  return { utterances: 1, words, tokens, right: editsIn(words) === 0 ? 1 : 0 };
}

/** @param sums any of them several times */
function totalOf(sums: readonly Sum[]): Sum {
  const words = { count: 0, insertions: 0, deletions: 0, substitutions: 0 };
  const tokens = { ...words };
  let [utterances, right] = [0, 0];
  for (const one of sums) {
    add(words, one.words);
    add(tokens, one.tokens);
    utterances += one.utterances;
    right += one.right;
  }
  return { utterances, words, tokens, right };
}

function add(sum: { -readonly [K in keyof Tally]: Tally[K] }, one: Tally): void {
  sum.count += one.count;
  sum.insertions += one.insertions;
  sum.deletions += one.deletions;
  sum.substitutions += one.substitutions;
}

function ratesOf({ utterances, words, tokens, right }: Sum): Rates {
  return {
    tokenErrorRate: rateOf(tokens),
    wordErrorRate: rateOf(words),
    sentenceAccuracy: right / utterances,
  };
}

function rateOf(tally: Tally): number {
  return tally.count === 0 ? NaN : editsIn(tally) / tally.count;
}
