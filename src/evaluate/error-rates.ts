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

export interface Figures extends Rates, Compared {
  readonly utterances: number;
  readonly ci95: Readonly<Record<keyof Rates, Interval>>;
}

/** Any: the same recordings give the same interval. */
const SEED = 1;

/** @param compared at least one */
export function figuresOf(compared: readonly Compared[]): Figures {
  const ids = compared.map((_, i) => i);
  const { words, tokens, right } = sumOf(compared, ids);
  return {
    utterances: compared.length,
    ...ratesOf({ words, tokens, right }, compared.length),
    ci95: intervalsOf(compared),
    words,
    tokens,
  };
}

export function editsIn({ insertions, deletions, substitutions }: Edits): number {
  return insertions + deletions + substitutions;
}

interface Sum {
  readonly words: Tally;
  readonly tokens: Tally;
  /** Recordings without a wrong word. */
  readonly right: number;
}

/** The bootstrap over recordings: as many as there are, each drawn from all of them. */
function intervalsOf(compared: readonly Compared[]): Figures['ci95'] {
  const draws = Array.from({ length: RESAMPLES }, (_, draw) => {
    const drawn = compared.map((_, i) => Math.floor(uniform(SEED, draw, i) * compared.length));
    return ratesOf(sumOf(compared, drawn), compared.length);
  });
  return {
    tokenErrorRate: percentileInterval(draws.map((rates) => rates.tokenErrorRate)),
    wordErrorRate: percentileInterval(draws.map((rates) => rates.wordErrorRate)),
    sentenceAccuracy: percentileInterval(draws.map((rates) => rates.sentenceAccuracy)),
  };
}

/** @param ids of recordings, any of them several times */
function sumOf(compared: readonly Compared[], ids: readonly number[]): Sum {
  const words = { count: 0, insertions: 0, deletions: 0, substitutions: 0 };
  const tokens = { ...words };
  let right = 0;
  for (const id of ids) {
    const one = compared[id];
    add(words, one.words);
    add(tokens, one.tokens);
    if (editsIn(one.words) === 0) right++;
  }
  return { words, tokens, right };
}

function add(sum: { -readonly [K in keyof Tally]: Tally[K] }, one: Tally): void {
  sum.count += one.count;
  sum.insertions += one.insertions;
  sum.deletions += one.deletions;
  sum.substitutions += one.substitutions;
}

function ratesOf({ words, tokens, right }: Sum, utterances: number): Rates {
  return {
    tokenErrorRate: rateOf(tokens),
    wordErrorRate: rateOf(words),
    sentenceAccuracy: right / utterances,
  };
}

function rateOf(tally: Tally): number {
  return tally.count === 0 ? NaN : editsIn(tally) / tally.count;
}
