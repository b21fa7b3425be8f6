/** An n-gram model as a beam asks it, where every token is a word of the model. */
import type { LanguageScorer, LanguageState } from './language-scorer.js';
import type { NgramModel, NgramState } from './ngram-model.js';

export interface Fusion {
  /** What logarithms of probabilities are multiplied by, ≥ 0. */
  readonly weight: number;
  /** Added for every word. */
  readonly wordBonus: number;
}

/** What all states of a scorer share. */
export class Judge {
  readonly mostGain: number;
  readonly first: NgramState;
  readonly #end: number | undefined;

  constructor(
    private readonly model: NgramModel,
    private readonly fusion: Fusion,
  ) {
    this.mostGain = Math.max(fusion.wordBonus, 0);
    this.first = model.stateAfter(model.word('<s>'));
    this.#end = model.word('</s>');
  }

  wordOf(text: string): number {
    return wordIn(this.model, text) ?? this.model.unknown;
  }

  get unknown(): number {
    return this.model.unknown;
  }

  gain(state: NgramState, word: number): number {
    return this.fusion.weight * this.model.logProb(state, word) + this.fusion.wordBonus;
  }

  after(state: NgramState, word: number): NgramState {
    return this.model.after(state, word);
  }

  /** Where the model has no ends of sentences, any is as good as another. */
  ending(state: NgramState): number {
    return this.#end === undefined ? 0 : this.fusion.weight * this.model.logProb(state, this.#end);
  }
}

/**
 * @param words of each token: what `word` of the model says, undefined for what it does not have
 * @returns a scorer for which every token is a word
 */
export function tokenScorer(model: NgramModel, words: readonly (number | undefined)[], fusion: Fusion): LanguageScorer {
  const judge = new Judge(model, fusion);
  const known = Int32Array.from(words, (word) => word ?? model.unknown);
  return { start: new TokenState(judge, known, 0, judge.first, true), mostGain: judge.mostGain };
}

/** A word as the model has it: as it is written, else in small letters, else in capitals. */
export function wordIn(model: NgramModel, text: string): number | undefined {
  const normal = text.normalize('NFC');
  return model.word(normal) ?? model.word(normal.toLowerCase()) ?? model.word(normal.toUpperCase());
}

class TokenState implements LanguageState {
  /** @param empty nothing was said, which is no sentence */
  constructor(
    private readonly judge: Judge,
    private readonly words: Int32Array,
    readonly score: number,
    private readonly state: NgramState,
    private readonly empty: boolean,
  ) {}

  after(id: number): TokenState {
    const { judge, words, state } = this;
    const word = words[id];
    return new TokenState(judge, words, this.score + judge.gain(state, word), judge.after(state, word), false);
  }

  ending(): number {
    return this.empty ? 0 : this.judge.ending(this.state);
  }
}
