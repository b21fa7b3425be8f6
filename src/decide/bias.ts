/**
 * What the paths of a beam are held against beside the nets: hotwords, which earn, a closed vocabulary, which forbids, and a
 * language model.
 */
import { ContextGraph, type PhraseState } from './context-graph.js';
import { type LanguageState, NO_LANGUAGE } from './language-scorer.js';
import { type PathToken, tokensOf } from './path-token.js';
import type { Place, PhraseGrammar } from './phrase-grammar.js';

/** Where the tokens of a path have led; a function of them. */
export interface Standing {
  /** Earned for good. */
  readonly kept: number;
  /** In the hotwords: what has been said of one. */
  readonly state: PhraseState;
  /** In the vocabulary; 0 without one. */
  readonly place: Place;
  readonly language: LanguageState;
}

export class Bias {
  /** Of no tokens. */
  readonly start: Standing;

  /** Most that one token can earn, and how much of it from the language model. */
  readonly mostEarned: number;
  readonly mostGain: number;

  /** @param grammar absent: everything may be said */
  constructor(
    private readonly phrases = new ContextGraph([]),
    private readonly grammar?: PhraseGrammar,
    private readonly scorer = NO_LANGUAGE,
  ) {
    this.start = { kept: 0, state: phrases.root, place: grammar?.start ?? 0, language: scorer.start };
    this.mostGain = scorer.mostGain;
    this.mostEarned = phrases.mostEarned + this.mostGain;
  }

  /** Vocabulary and language model are the same, the hotwords others. */
  with(phrases: ContextGraph): Bias {
    return new Bias(phrases, this.grammar, this.scorer);
  }

  allows({ place }: Standing, id: number): boolean {
    return this.grammar === undefined || this.grammar.after(place, id) !== undefined;
  }

  /** @param id allowed; where it is not, what follows it begins anew */
  after({ kept, state, place, language }: Standing, id: number): Standing {
    const { phrases, start, grammar } = this;
    return {
      kept: kept + phrases.completed(state, id),
      state: phrases.after(state, id),
      place: grammar?.after(place, id) ?? start.place,
      language: language.after(id),
    };
  }

  /** Where the tokens of a segment have led. */
  by(last: PathToken): Standing {
    return tokensOf(last).reduce<Standing>((standing, { id }) => this.after(standing, id), this.start);
  }

  /** What was earned all in all. */
  earned({ kept, state, language }: Standing): number {
    return kept + this.phrases.worth(state) + language.score;
  }

  /** The same if the segment ends here. */
  earnedAtEnd(standing: Standing): number {
    return this.earned(standing) + standing.language.ending();
  }

  /** What a token earns from the language model. */
  languageGain({ language }: Standing, id: number): number {
    return language.after(id).score - language.score;
  }

  /** Whether it may end here. */
  isWhole({ place }: Standing): boolean {
    return this.grammar === undefined || this.grammar.isWhole(place);
  }

  /** The tokens of a segment up to the last place where it may end. */
  wholePartOf(last: PathToken): PathToken {
    let standing = this.start;
    let whole = last;
    while (whole.depth > 0 && whole.before !== undefined) whole = whole.before;
    for (const token of tokensOf(last)) {
      standing = this.after(standing, token.id);
      if (this.isWhole(standing)) whole = token;
    }
    return whole;
  }
}
