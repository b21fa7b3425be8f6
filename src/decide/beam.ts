/** What beams of CTC and of transducers have in common: how their paths are compared, cut and read. */
import type { Micros } from '../core/contracts.js';
import { lastIds, type PathToken, tokensOf } from './path-token.js';
import { logAdd } from './scores.js';
import type { Reading } from './token-search.js';

/** A path that ends somewhere, with its logarithmic score. */
export interface ScoredPath {
  readonly last: PathToken;
  readonly score: number;
}

/**
 * @param paths what was chosen first
 * @param beforeUs tokens from then on are left out
 * @returns what the paths say, each once
 */
export function readingsOf(paths: readonly ScoredPath[], beforeUs: Micros): Reading[] {
  const scores = new Map<string, { readonly ids: readonly number[]; score: number }>();
  for (const { last, score } of paths) {
    const ids = tokensOf(last, beforeUs).map(({ id }) => id);
    const key = ids.join(' ');
    const same = scores.get(key);
    if (same === undefined) scores.set(key, { ids, score });
    else same.score = logAdd(same.score, score);
  }
  const all = [...scores.values()];
  const sum = all.reduce((total, { score }) => logAdd(total, score), -Infinity);
  const [first, ...others] = all.map(({ ids, score }) => ({ ids, probability: Math.exp(score - sum) }));
  return [first, ...others.toSorted((a, b) => b.probability - a.probability)];
}

/** Whether the first `count` tokens of both paths are the same. */
export function beginSame(a: PathToken, b: PathToken, count: number): boolean {
  return startOf(a, count).join(' ') === startOf(b, count).join(' ');
}

function startOf(last: PathToken, count: number): readonly number[] {
  return lastIds(last, Math.max(last.depth, 0)).slice(0, count);
}
