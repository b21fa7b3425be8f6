/**
 * A prefix of CTC prefix beam search: some tokens, and all alignments of the frames heard so far that spell them. Those that
 * end with a blank are kept apart from those that end with the last token, because that token behind itself is new only in
 * the first case.
 */
import type { Micros } from '../core/contracts.js';
import { type PathToken, rootOf, tokenAfter } from './path-token.js';
import { logAdd } from './scores.js';
import type { Standing } from './bias.js';

/** Before anything was heard there is no token that could be repeated. */
export const NO_TOKEN = -1;

/** The alignments that end in the same way. */
export interface Ending {
  /** ln of the sum of their probabilities. */
  sum: number;
  /** ln of the probability of the likeliest one. */
  best: number;
  /** Its tokens: those of the prefix, each with the time at which this alignment enters it. */
  tokens: PathToken;
  /** Frames at its end that are blank. */
  blanks: number;
}

export interface Prefix {
  readonly blank: Ending;
  readonly token: Ending;
  standing: Standing;
}

/** @param standing of no tokens */
export function emptyPrefix(standing: Standing): Prefix {
  const tokens = rootOf([NO_TOKEN]);
  return { blank: { sum: 0, best: 0, tokens, blanks: 0 }, token: impossible(tokens), standing };
}

/** ln of the probability of a prefix. */
export function sumOf({ blank, token }: Prefix): number {
  return logAdd(blank.sum, token.sum);
}

/** The ending of the likeliest alignment. */
export function likelier({ blank, token }: Prefix): Ending {
  return token.best > blank.best ? token : blank;
}

/** Its last token; below 0: none. */
export function lastOf({ blank }: Prefix): number {
  return blank.tokens.id;
}

/**
 * The same tokens, one frame later.
 * @param blankProb ln of the probability of a blank in that frame
 * @param lastProb of the last token once more
 */
export function stayed(prefix: Prefix, blankProb: number, lastProb: number): Prefix {
  const { token, standing } = prefix;
  const { best, tokens, blanks } = likelier(prefix);
  return {
    blank: { sum: sumOf(prefix) + blankProb, best: best + blankProb, tokens, blanks: blanks + 1 },
    token: { sum: token.sum + lastProb, best: token.best + lastProb, tokens: token.tokens, blanks: 0 },
    standing,
  };
}

/** ln of the probability that a prefix may go on with this token: behind itself it needs a blank in between. */
export function openTo(prefix: Prefix, id: number): number {
  return id === lastOf(prefix) ? prefix.blank.sum : sumOf(prefix);
}

/** The alignments of a prefix that enter another token in a frame at `us`, in which it has that probability. */
export function entered(prefix: Prefix, id: number, logProb: number, us: Micros): Ending {
  const from = id === lastOf(prefix) ? prefix.blank : likelier(prefix);
  return {
    sum: openTo(prefix, id) + logProb,
    best: from.best + logProb,
    tokens: tokenAfter(from.tokens, id, us, logProb),
    blanks: 0,
  };
}

/** The prefix that begins with these alignments. */
export function prefixOf(token: Ending, standing: Standing): Prefix {
  return { blank: impossible(token.tokens), token, standing };
}

/** The alignments of `more` are the prefix's as well. */
export function join({ token }: Prefix, more: Ending): void {
  token.sum = logAdd(token.sum, more.sum);
  if (more.best <= token.best) return;
  token.best = more.best;
  token.tokens = more.tokens;
}

function impossible(tokens: PathToken): Ending {
  return { sum: -Infinity, best: -Infinity, tokens, blanks: 0 };
}
