/** What the paths of a beam are held against beside the nets: hotwords, which earn, and a closed vocabulary, which forbids. */
import { ContextGraph, type PhraseState } from './context-graph.js';
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
}

export class Bias {
  /** Of no tokens. */
  readonly start: Standing;

  /** @param grammar absent: everything may be said */
  constructor(
    readonly phrases = new ContextGraph([]),
    private readonly grammar?: PhraseGrammar,
  ) {
    this.start = { kept: 0, state: phrases.root, place: grammar?.start ?? 0 };
  }

  /** The same vocabulary with other hotwords. */
  with(phrases: ContextGraph): Bias {
    return new Bias(phrases, this.grammar);
  }

  allows({ place }: Standing, id: number): boolean {
    return this.grammar === undefined || this.grammar.after(place, id) !== undefined;
  }

  /** @param id allowed; where it is not, what follows it begins anew */
  after({ kept, state, place }: Standing, id: number): Standing {
    const { phrases, start, grammar } = this;
    return {
      kept: kept + phrases.completed(state, id),
      state: phrases.after(state, id),
      place: grammar?.after(place, id) ?? start.place,
    };
  }

  /** Where the tokens of a segment have led. */
  by(last: PathToken): Standing {
    return tokensOf(last).reduce<Standing>((standing, { id }) => this.after(standing, id), this.start);
  }

  /** What was earned all in all. */
  earned({ kept, state }: Standing): number {
    return kept + this.phrases.worth(state);
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
