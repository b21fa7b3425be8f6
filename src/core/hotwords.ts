/** Phrases that a recogniser is to hear more readily, such as names that it would otherwise take for something else. */
import { z } from 'zod';
import type { Decider } from './contracts.js';

const MOST_BOOST = 20;
export const MOST_PHRASES = 10_000;

export const boostSchema = z.number().positive().max(MOST_BOOST);

export const phraseSchema = z.string().trim().min(1).max(200);

const hotwordSchema = z.strictObject({
  phrase: phraseSchema.meta({
    title: 'Phrase',
    description: 'As the model writes it; with ▁ in it: tokens of the model, separated by spaces.',
  }),
  boost: boostSchema.optional().meta({
    title: 'Boost',
    description: 'Added to the score of each of its tokens; absent: hotwordBoost.',
  }),
});

export const hotwordsSchema = z.array(hotwordSchema).max(MOST_PHRASES);

export type Hotword = z.output<typeof hotwordSchema>;

/** What takes hotwords while it runs: the decider of a recogniser, and the lane that it belongs to. */
interface TakesHotwords {
  /**
   * From now on these are the hotwords, also of what is being said. Those that the tokens of the model cannot spell are left
   * out, counted and logged.
   * @throws UserError `ARGUMENT` when the search has no use for hotwords
   */
  setHotwords(hotwords: readonly Hotword[]): void;
}

export type HotwordDecider = Decider & TakesHotwords;

export function takesHotwords<T extends object>(one: T): one is T & TakesHotwords {
  return 'setHotwords' in one;
}
