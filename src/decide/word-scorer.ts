/**
 * An n-gram model of words for a recogniser whose tokens are pieces of them. A word is judged when the next one begins, or the
 * sentence ends: before, nobody knows which it is. But one that can no longer become any of the model's is unknown at once:
 * else paths that never end a word would be spared what all others pay.
 */
import type { LanguageScorer, LanguageState } from './language-scorer.js';
import type { NgramModel, NgramState } from './ngram-model.js';
import { type Fusion, Judge } from './ngram-scorer.js';
import type { Spelling } from './words.js';

export function wordScorer(model: NgramModel, spelling: Spelling, fusion: Fusion): LanguageScorer {
  const judge = new Judge(model, fusion);
  const shared = { judge, spelling, beginnings: new Beginnings(model.texts()) };
  return { start: new WordState(shared, 0, judge.first, true), mostGain: judge.mostGain };
}

interface Shared {
  readonly judge: Judge;
  readonly spelling: Spelling;
  readonly beginnings: Beginnings;
}

/** The tokens of a word that is not over, the last one first. */
interface Spelt {
  readonly before: Spelt | undefined;
  readonly id: number;
}

class WordState implements LanguageState {
  readonly score: number;
  /** The word that is being spelt is over. */
  #closed: WordState | undefined;
  readonly #isUnknown: boolean;

  /**
   * @param judged score of the words before
   * @param empty there are none, and nothing is no sentence
   * @param spelt of the word that is being spelt
   * @param wasUnknown it was so before its last token
   */
  constructor(
    private readonly shared: Shared,
    private readonly judged: number,
    private readonly state: NgramState,
    private readonly empty: boolean,
    private readonly spelt?: Spelt,
    wasUnknown = false,
  ) {
    const { judge, beginnings } = shared;
    this.#isUnknown = wasUnknown || (spelt !== undefined && !beginnings.has(this.#text()));
    this.score = this.#isUnknown ? judged + judge.gain(state, judge.unknown) : judged;
  }

  after(id: number): WordState {
    const { shared, spelt, judged, state, empty } = this;
    if (spelt !== undefined && shared.spelling.parts(spelt.id, id)) return this.#close().after(id);
    return new WordState(shared, judged, state, empty, { before: spelt, id }, this.#isUnknown);
  }

  ending(): number {
    const closed = this.#close();
    return closed.empty ? 0 : closed.score - this.score + this.shared.judge.ending(closed.state);
  }

  /** All tokens that may follow ask for the same. */
  #close(): WordState {
    return (this.#closed ??= this.#judge());
  }

  #judge(): WordState {
    const { shared, judged, state, empty } = this;
    const { judge } = shared;
    const text = this.#text();
    if (text === '') return new WordState(shared, judged, state, empty);
    const word = judge.wordOf(text);
    return new WordState(shared, judged + judge.gain(state, word), judge.after(state, word), false);
  }

  #text(): string {
    const ids: number[] = [];
    for (let one = this.spelt; one !== undefined; one = one.before) ids.push(one.id);
    return this.shared.spelling.text(ids.toReversed());
  }
}

/** What the words of a model begin with; decomposed, so that a letter begins itself with an accent. */
class Beginnings {
  readonly #sorted: readonly string[];

  constructor(words: Iterable<string>) {
    this.#sorted = Array.from(words, (word) => word.normalize('NFD')).toSorted(byCode);
  }

  /** As it is written, in small letters or in capitals. */
  has(text: string): boolean {
    const normal = text.normalize('NFD');
    return this.#begins(normal) || this.#begins(normal.toLowerCase()) || this.#begins(normal.toUpperCase());
  }

  #begins(text: string): boolean {
    let [from, to] = [0, this.#sorted.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#sorted[middle] < text) from = middle + 1;
      else to = middle;
    }
    return from < this.#sorted.length && this.#sorted[from].startsWith(text);
  }
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
