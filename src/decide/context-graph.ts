/**
 * Phrases that are to be heard more readily, as an automaton (Aho and Corasick, "Efficient string matching", 1975; its use
 * for recognisers as in icefall's and sherpa-onnx's `ContextGraph`). Each token that goes on with a phrase earns a boost.
 * When the phrase is not finished, all that its beginning had earned is taken back, but for what the beginning of another
 * phrase, at the end of the same tokens, is worth. What a whole phrase has earned stays, and matching begins anew.
 *
 * What a path has earned is a function of its tokens: what whole phrases have brought, and `worth` of its state.
 */

/** A phrase, spelt in tokens. */
export interface TokenPhrase {
  /** At least one. */
  readonly ids: readonly number[];
  /** For each token, above 0; natural logarithm of a factor. */
  readonly boost: number;
}

/** A number of the graph; of no use in another graph. */
export type PhraseState = number;

const ROOT: PhraseState = 0;
const NONE = -1;

export class ContextGraph {
  readonly root: PhraseState = ROOT;
  /** Most that one token can earn, what it completes included; 0: there is no phrase. */
  readonly mostEarned: number;
  /** Of each state: the next one by token. */
  readonly #next: Map<number, PhraseState>[] = [new Map()];
  /** What the token that leads to a state earns: the most of all phrases that share it. */
  readonly #boost: number[] = [0];
  readonly #worth: number[] = [0];
  readonly #isWhole: boolean[] = [false];
  /** The state of the longest beginning of a phrase that the tokens of a state end with, itself excepted. */
  readonly #fail: PhraseState[] = [ROOT];
  /** Of a state: the longest whole phrase that its tokens end with, itself included; `NONE`. */
  readonly #whole: PhraseState[] = [NONE];

  constructor(phrases: readonly TokenPhrase[]) {
    for (const phrase of phrases) this.#add(phrase);
    this.#link();
    this.mostEarned = this.#worth.reduce((most, worth) => Math.max(most, worth), 0);
  }

  /** What the tokens of a state are worth as the beginning of a phrase. */
  worth(state: PhraseState): number {
    return this.#worth[state];
  }

  /** What a token brings for good: what the phrase is worth that it completes; 0 when it completes none. */
  completed(state: PhraseState, id: number): number {
    const whole = this.#whole[this.#follow(state, id)];
    return whole === NONE ? 0 : this.#worth[whole];
  }

  /** The state after a token. */
  after(state: PhraseState, id: number): PhraseState {
    const target = this.#follow(state, id);
    return this.#whole[target] === NONE ? target : ROOT;
  }

  #follow(state: PhraseState, id: number): PhraseState {
    for (let from = state; ; from = this.#fail[from]) {
      const target = this.#next[from].get(id);
      if (target !== undefined) return target;
      if (from === ROOT) return ROOT;
    }
  }

  #add({ ids, boost }: TokenPhrase): void {
    let state: PhraseState = ROOT;
    for (const id of ids) {
      let target = this.#next[state].get(id);
      if (target === undefined) {
        target = this.#next.length;
        this.#next[state].set(id, target);
        this.#next.push(new Map());
        this.#boost.push(boost);
        this.#isWhole.push(false);
      }
      this.#boost[target] = Math.max(this.#boost[target], boost);
      state = target;
    }
    this.#isWhole[state] = true;
  }

  /** In order of length, so that what a state fails to and builds on is known already. */
  #link(): void {
    const queue: PhraseState[] = [ROOT];
    for (const state of queue) {
      for (const [id, target] of this.#next[state]) {
        this.#worth[target] = this.#worth[state] + this.#boost[target];
        this.#fail[target] = state === ROOT ? ROOT : this.#follow(this.#fail[state], id);
        this.#whole[target] = this.#isWhole[target] ? target : this.#whole[this.#fail[target]];
        queue.push(target);
      }
    }
  }
}
