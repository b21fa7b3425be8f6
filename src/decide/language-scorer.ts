/**
 * What a language model tells a beam: how likely the next token is, or the next word, by what was said before it (shallow
 * fusion; Gulcehre et al., "On Using Monolingual Corpora in Neural Machine Translation", 2015). A segment is a sentence.
 *
 * A model of any kind takes part by these two interfaces. A state may put off what is costly until it is asked: a beam asks
 * only about what might be among its paths.
 */

/** Where a language model stands behind the tokens of a path. Never changes, so that paths that have parted share it. */
export interface LanguageState {
  /** All that the tokens so far have brought: natural logarithms, weighted, and bonuses. */
  readonly score: number;
  /** @param id of the recogniser's vocabulary, one that says something */
  after(id: number): LanguageState;
  /** What the sentence brings besides when it ends here: its end, and the word that is not over before. */
  ending(): number;
}

export interface LanguageScorer {
  /** Before the first token of a segment, where its `score` is 0. */
  readonly start: LanguageState;
  /** Most that one token can add to a score, ≥ 0. */
  readonly mostGain: number;
}

const INDIFFERENT: LanguageState = { score: 0, after: () => INDIFFERENT, ending: () => 0 };

/** No language model: whatever is said is as good as anything else. */
export const NO_LANGUAGE: LanguageScorer = { start: INDIFFERENT, mostGain: 0 };
