/** Hotwords as the automaton that a search listens to. */
import { UserError } from '../core/errors.js';
import type { Hotword } from '../core/hotwords.js';
import { ContextGraph, type TokenPhrase } from './context-graph.js';
import type { TokenSpeller } from './token-speller.js';

export interface HotwordBias {
  readonly phrases: ContextGraph;
  /** Phrases that the tokens of the model cannot spell. */
  readonly refused: readonly string[];
}

/** @param usualBoost of a hotword that names none */
export function hotwordBias(hotwords: readonly Hotword[], speller: TokenSpeller, usualBoost: number): HotwordBias {
  const phrases: TokenPhrase[] = [];
  const refused: string[] = [];
  for (const { phrase, boost = usualBoost } of hotwords) {
    const ids = speller.spell(phrase);
    if (ids === undefined) refused.push(phrase);
    else phrases.push({ ids, boost });
  }
  return { phrases: new ContextGraph(phrases), refused };
}

/** @param phrases at least one */
export function cannotSpell(phrases: readonly string[]): UserError {
  const named = phrases.map((phrase) => `'${phrase}'`).join(', ');
  return new UserError('HOTWORD', `the tokens of the model cannot spell ${named}`, {
    hint: 'write it as the model does (in words, its letters, its script), or leave it out',
  });
}
