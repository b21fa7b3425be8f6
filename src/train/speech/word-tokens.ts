/** The tokens of a recogniser for a closed vocabulary: one a word, and the blank. */
import { WORD_MARK } from '../../decide/words.js';
import type { TokenTable } from '../../core/tokens.js';

const BLANK_SYMBOL = '<blk>';

/** What a transcript says in tokens, or the words that no token is for. */
export type Spelt = { readonly labels: readonly number[] } | { readonly unknown: readonly string[] };

export class WordTokens implements TokenTable {
  /** The token that means "nothing here". */
  readonly blank = 0;
  readonly #symbols: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  /** @param words each once; their order is that of the ids from 1 on */
  constructor(readonly words: readonly string[]) {
    this.#symbols = [BLANK_SYMBOL, ...words.map((word) => WORD_MARK + word)];
    this.#ids = new Map(this.#symbols.map((symbol, id) => [symbol, id]));
  }

  /** Of every word that is said, in alphabetical order, which does not depend on the order of the recordings. */
  static of(transcripts: readonly string[]): WordTokens {
    return new WordTokens([...new Set(transcripts.flatMap(wordsOf))].toSorted());
  }

  get size(): number {
    return this.#symbols.length;
  }

  symbol(id: number): string {
    return this.#symbols[id];
  }

  id(symbol: string): number | undefined {
    return this.#ids.get(symbol);
  }

  spell(transcript: string): Spelt {
    const words = wordsOf(transcript);
    const unknown = words.filter((word) => !this.#ids.has(WORD_MARK + word));
    if (unknown.length > 0) return { unknown: [...new Set(unknown)] };
    return { labels: words.map((word) => this.#ids.get(WORD_MARK + word) ?? this.blank) };
  }

  /** The lines of tokens.txt, see `readTokens`. */
  toText(): string {
    return this.#symbols.map((symbol, id) => `${symbol} ${id}\n`).join('');
  }
}

/** Upper and lower case are the same word; so are the ways in which Unicode may write a letter. */
function wordsOf(transcript: string): string[] {
  const normal = transcript.normalize('NFC').toLowerCase();
  return normal.split(/\s+/).filter((word) => word !== '');
}
