/** Hotwords that a synthetic model may hear: made-up words of two tokens. */
import type { Hotword } from '../../../src/core/hotwords.js';
import { syllables } from './tokens.js';

/** @param vocabulary of the model @param count words, each with this boost */
export function madeUpWords(
  vocabulary: number,
  count: number,
  boost: number,
): (Hotword & { readonly boost: number })[] {
  const symbols = syllables(vocabulary);
  const begins = symbols.filter((symbol) => symbol.startsWith('▁'));
  const goesOn = symbols.filter((symbol) => /^[a-z]/.test(symbol));
  return Array.from({ length: count }, (_, i) => {
    return { phrase: `${begins[(7 * i) % begins.length].slice(1)}${goesOn[(11 * i) % goesOn.length]}`, boost };
  });
}
