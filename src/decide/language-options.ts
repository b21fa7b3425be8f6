/** The section `decide.languageModel`, and the scorer that it asks for. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { StageContext } from '../core/kind.js';
import type { RecogniserModel } from '../core/recogniser.js';
import { readArpa } from './arpa-file.js';
import type { LanguageScorer } from './language-scorer.js';
import { tokenScorer, wordIn } from './ngram-scorer.js';
import { silentTokens } from './token-speller.js';
import { wordScorer } from './word-scorer.js';
import { BYTE, SPECIAL, type Spelling } from './words.js';

const MOST_WEIGHT = 10;
const MOST_BONUS = 20;

export const languageModelSchema = z.strictObject({
  file: z.string().min(1).meta({
    title: 'File',
    description: 'N-grams of up to 5 words in text ARPA, as lmplz (KenLM) or ngram-count (SRILM) writes them.',
  }),
  weight: z.number().min(0).max(MOST_WEIGHT).default(0.5).meta({
    title: 'Weight',
    description: 'What the logarithms of its probabilities are multiplied by beside those of the recogniser.',
  }),
  wordBonus: z.number().min(-MOST_BONUS).max(MOST_BONUS).default(0).meta({
    title: 'Bonus of a word',
    description:
      'Added to the score for every word (with unit: token, for every token), against the favour that a language model does to few words; below 0 the other way.',
  }),
  unit: z.enum(['word', 'token']).default('word').meta({
    title: 'Unit',
    description:
      'What its n-grams are made of: words of the text, or tokens of the recogniser, written as in tokens.txt.',
  }),
});

export type LanguageModelOptions = z.output<typeof languageModelSchema>;

/**
 * @param recogniser whose tokens are judged
 * @throws UserError as `readArpa`, and `MODEL_INVALID` for one that has none of the tokens
 */
export function openLanguageModel(
  options: LanguageModelOptions,
  { baseDir, log }: StageContext,
  recogniser: RecogniserModel,
  spelling: Spelling,
): LanguageScorer {
  const path = resolve(baseDir, options.file);
  const model = readArpa(path);
  log.info({ file: path, order: model.order, words: model.words, ngrams: model.size }, 'language model read');
  const { tokens } = recogniser;
  const silent = silentTokens(recogniser);
  const isSilent = (id: number): boolean => silent.includes(id) || isSpecial(tokens.symbol(id));
  const ids = Array.from({ length: tokens.size }, (_, id) => id);
  const isByToken = options.unit === 'token';
  if (!isByToken && !spelling.areWords(ids.filter((id) => !isSilent(id)))) return wordScorer(model, spelling, options);
  const words = ids.map((id) => {
    if (isSilent(id)) return undefined;
    return isByToken ? model.word(tokens.symbol(id)) : wordIn(model, spelling.text([id]));
  });
  if (words.every((word) => word === undefined)) {
    throw new UserError('MODEL_INVALID', `the language model ${path} has none of the tokens of the recogniser`, {
      hint: isByToken
        ? 'its words must be those of tokens.txt, or say unit: word'
        : 'write its words as the recogniser does',
    });
  }
  return tokenScorer(model, words, options);
}

function isSpecial(symbol: string): boolean {
  return SPECIAL.test(symbol) && !BYTE.test(symbol);
}
