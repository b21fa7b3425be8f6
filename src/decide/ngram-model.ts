/**
 * A back-off n-gram model (Katz, "Estimation of Probabilities from Sparse Data for the Language Model Component of a Speech
 * Recognizer", 1987) as an automaton: a state is the longest end of what was said that the model knows as the beginning of
 * an n-gram. All n-grams lie in flat arrays, about 30 bytes each.
 */

/** A number of the model: the n-gram that what was said ends with. */
export type NgramState = number;

/** The n-gram of no words; as a word: one that the model does not know. */
const ROOT = 0;
const NONE = -1;

/** Decimal logarithm for a word that is unknown to a model without `<unk>`, as KenLM has it: as good as never. */
const UNKNOWN_LOG10 = -100;

const UNKNOWN_WORDS = ['<unk>', '<UNK>'];

export class NgramModel {
  readonly order: number;
  /** Of all lengths. */
  readonly size: number;
  /** Decimal logarithms by n-gram, which are numbered from 1 on in the order in which they were added. */
  readonly #logProbs: Float32Array;
  readonly #backoffs: Float32Array;
  /** The n-gram without its last word, and that word. */
  readonly #beginnings: Int32Array;
  readonly #words: Int32Array;
  /** The longest n-gram that an n-gram ends with, itself excepted. */
  readonly #ends: Int32Array;
  /** Hash table with open addressing of n-grams of two words and more; 0: free. Its size is a power of 2. */
  readonly #slots: Int32Array;
  /** Words are numbered as 1-grams. */
  readonly #vocabulary = new Map<string, number>();
  /** Words in the longest n-grams: what comes behind this number says nothing more about the next word. */
  readonly #longest: number;
  #added = 0;

  /** @param counts n-grams of 1, 2, … words */
  constructor(counts: readonly number[]) {
    this.order = counts.length;
    this.size = counts.reduce((sum, count) => sum + count, 0);
    this.#longest = this.size - (counts.at(-1) ?? 0);
    this.#logProbs = new Float32Array(this.size + 1);
    this.#backoffs = new Float32Array(this.size + 1);
    this.#beginnings = new Int32Array(this.size + 1);
    this.#words = new Int32Array(this.size + 1);
    this.#ends = new Int32Array(this.size + 1);
    const inTable = this.size - counts[0];
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(1.5 * inTable + 1)));
  }

  get words(): number {
    return this.#vocabulary.size;
  }

  /** @returns undefined when the model does not have exactly this word */
  word(text: string): number | undefined {
    return this.#vocabulary.get(text);
  }

  /** All words as they are written. */
  texts(): Iterable<string> {
    return this.#vocabulary.keys();
  }

  /** The word that stands for those that the model does not have. */
  get unknown(): number {
    const [word = ROOT] = UNKNOWN_WORDS.flatMap((text) => this.#vocabulary.get(text) ?? []);
    return word;
  }

  /**
   * All words are added before longer n-grams, these in the order of their lengths.
   * @param logProb,backoff decimal logarithms
   * @returns false: it is there already
   */
  addWord(text: string, logProb: number, backoff: number): boolean {
    if (this.#vocabulary.has(text)) return false;
    const word = this.#append(logProb, backoff, ROOT, ROOT);
    this.#words[word] = word;
    this.#vocabulary.set(text, word);
    return true;
  }

  /** @param beginning an n-gram that is there @returns false: the n-gram is there already */
  add(beginning: number, word: number, logProb: number, backoff: number): boolean {
    const slot = this.#slotOf(beginning, word);
    if (this.#slots[slot] !== 0) return false;
    this.#slots[slot] = this.#append(logProb, backoff, beginning, word);
    return true;
  }

  /** The n-gram that is longer by a word. @returns undefined when the model does not have it */
  find(beginning: number, word: number): number | undefined {
    const found = this.#find(beginning, word);
    return found === NONE ? undefined : found;
  }

  /** When all is added. An n-gram comes after all that are shorter, so that what it ends with is known before. */
  link(): void {
    for (let ngram = this.#firstLong(); ngram <= this.#added; ngram++) {
      this.#ends[ngram] = this.#follow(this.#ends[this.#beginnings[ngram]], this.#words[ngram]);
    }
  }

  /** Behind a word that begins a sentence; undefined: behind nothing. */
  stateAfter(word: number | undefined): NgramState {
    return word === undefined ? ROOT : this.after(ROOT, word);
  }

  /** Natural logarithm of the probability of a word behind what was said, ≤ 0. */
  logProb(state: NgramState, word: number): number {
    if (word === ROOT) return UNKNOWN_LOG10 * Math.LN10;
    let log10 = 0;
    for (let ngram = state; ; ngram = this.#ends[ngram]) {
      const found = this.#find(ngram, word);
      // Rounded weights may say a little more than 1.
      if (found !== NONE) return Math.min(log10 + this.#logProbs[found], 0) * Math.LN10;
      log10 += this.#backoffs[ngram];
    }
  }

  after(state: NgramState, word: number): NgramState {
    if (word === ROOT) return ROOT;
    const ngram = this.#follow(state, word);
    return ngram > this.#longest ? this.#ends[ngram] : ngram;
  }

  /** The longest n-gram of an end of `ngram` and the word; the word alone is always there. */
  #follow(ngram: number, word: number): number {
    for (let end = ngram; ; end = this.#ends[end]) {
      const found = this.#find(end, word);
      if (found !== NONE) return found;
    }
  }

  #firstLong(): number {
    return this.#vocabulary.size + 1;
  }

  #append(logProb: number, backoff: number, beginning: number, word: number): number {
    const ngram = ++this.#added;
    this.#logProbs[ngram] = logProb;
    this.#backoffs[ngram] = backoff;
    this.#beginnings[ngram] = beginning;
    this.#words[ngram] = word;
    return ngram;
  }

  #find(beginning: number, word: number): number {
    if (beginning === ROOT) return word;
    const ngram = this.#slots[this.#slotOf(beginning, word)];
    return ngram === 0 ? NONE : ngram;
  }

  /** Where the n-gram is, or else would be; there is always a free slot. */
  #slotOf(beginning: number, word: number): number {
    const mask = this.#slots.length - 1;
    let hash = Math.imul(beginning, 0x9e3779b1) ^ Math.imul(word, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    for (let slot = (hash ^ (hash >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      const ngram = this.#slots[slot];
      if (ngram === 0 || (this.#beginnings[ngram] === beginning && this.#words[ngram] === word)) return slot;
    }
  }
}
