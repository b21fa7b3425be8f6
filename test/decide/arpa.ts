/** Language models made up for tests, and what they say by the definition of back-off, on words and without any states. */
import * as fc from 'fast-check';

export interface Ngram {
  readonly words: readonly string[];
  /** Decimal logarithms. */
  readonly logProb: number;
  readonly backoff: number;
}

export class MadeUpModel {
  readonly #byText: ReadonlyMap<string, Ngram>;
  readonly #order: number;

  constructor(private readonly ngrams: readonly Ngram[]) {
    this.#byText = new Map(ngrams.map((ngram) => [ngram.words.join(' '), ngram]));
    this.#order = Math.max(...ngrams.map(({ words }) => words.length));
  }

  /** ARPA. */
  get text(): string {
    const lengths = Array.from({ length: this.#order }, (_, i) => i + 1);
    const byLength = lengths.map((n) => this.ngrams.filter(({ words }) => words.length === n));
    const counts = byLength.map((all, i) => `ngram ${i + 1}=${all.length}\n`);
    const sections = byLength.map((all, i) => {
      const lines = all.map(({ words, logProb, backoff }) => {
        return `${logProb}\t${words.join(' ')}${i + 1 < this.#order ? `\t${backoff}` : ''}\n`;
      });
      return `\\${i + 1}-grams:\n${lines.join('')}\n`;
    });
    return `\\data\\\n${counts.join('')}\n${sections.join('')}\\end\\\n`;
  }

  /** Natural logarithm of the probability of a word. */
  logProb(before: readonly string[], word: string): number {
    const known = before.map((one) => this.#known(one));
    const context = this.#order === 1 ? [] : known.slice(1 - this.#order);
    const log10 = this.#byText.has(this.#known(word)) ? this.#log10(context, this.#known(word)) : -100;
    return Math.min(log10, 0) * Math.LN10;
  }

  /** Of a sentence, weighted, with a bonus for every word; nothing is no sentence. */
  score(words: readonly string[], weight: number, bonus: number): number {
    if (words.length === 0) return 0;
    const all = ['<s>', ...words, '</s>'];
    const sum = all.reduce((total, word, i) => (i === 0 ? 0 : total + this.logProb(all.slice(0, i), word)), 0);
    return weight * sum + bonus * words.length;
  }

  #known(word: string): string {
    return this.#byText.has(word) ? word : '<unk>';
  }

  #log10(context: readonly string[], word: string): number {
    const found = this.#byText.get([...context, word].join(' '));
    if (found !== undefined) return Math.fround(found.logProb);
    return Math.fround(this.#byText.get(context.join(' '))?.backoff ?? 0) + this.#log10(context.slice(1), word);
  }
}

/** @param words that every model has, beside the ends of sentences; `<unk>` is in some */
export function madeUpModels(words: readonly string[], mostOrder: number): fc.Arbitrary<MadeUpModel> {
  const some = fc.constantFrom('<s>', '</s>', ...words);
  const longer = fc.array(fc.array(some, { minLength: 1, maxLength: mostOrder }), { maxLength: 12 });
  return fc.tuple(longer, fc.boolean()).chain(([ends, hasUnknown]) => {
    const texts = new Set(['<s>', '</s>', ...words, ...(hasUnknown ? ['<unk>'] : [])]);
    for (const end of ends) end.forEach((_, i) => texts.add(end.slice(0, i + 1).join(' ')));
    const weights = fc.tuple(fc.integer({ min: -3000, max: 0 }), fc.integer({ min: -900, max: 300 }));
    return fc.array(weights, { minLength: texts.size, maxLength: texts.size }).map((all) => {
      const ngrams = [...texts].map((text, i) => {
        return { words: text.split(' '), logProb: all[i][0] / 1000, backoff: all[i][1] / 1000 };
      });
      return new MadeUpModel(ngrams);
    });
  });
}
