/** Phrases that a recogniser is to hear more readily, such as names that it would otherwise take for something else. */
import { z } from 'zod';
import type { Decider } from './contracts.js';

const MOST_BOOST = 20;
const MOST_HOTWORDS = 10_000;

export const boostSchema = z.number().positive().max(MOST_BOOST);

const hotwordSchema = z.strictObject({
  phrase: z.string().trim().min(1).max(200).meta({
    title: 'Phrase',
    description: 'As the model writes it; with ▁ in it: tokens of the model, separated by spaces.',
  }),
  boost: boostSchema.optional().meta({
    title: 'Boost',
    description: 'Added to the score of each of its tokens; absent: hotwordBoost.',
  }),
});

export const hotwordsSchema = z.array(hotwordSchema).max(MOST_HOTWORDS);

export type Hotword = z.output<typeof hotwordSchema>;

/** A decider whose hotwords may change while it runs. */
export interface HotwordDecider extends Decider {
  /**
   * From now on these are the hotwords, also of what is being said.
   * @returns phrases that the tokens of the model cannot spell; they are left out
   * @throws UserError `ARGUMENT` when the search has no use for hotwords
   */
  setHotwords(hotwords: readonly Hotword[]): readonly string[];
}
