/** The tokens of a recogniser for a closed vocabulary: the blank, one a word, and maybe one for every other word. */
import { UNKNOWN, WORD_MARK } from '../../decide/words.js';
import { UserError } from '../../core/errors.js';
import type { TokenTable } from '../../core/tokens.js';

const BLANK_SYMBOL = '<blk>';

/** What a transcript says in tokens, or the words that no token is for. */
export type Spelt = { readonly labels: readonly number[] } | { readonly unknown: readonly string[] };

export class WordTokens implements TokenTable {
  /** The token that means "nothing here". */
  readonly blank = 0;
  readonly #symbols: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;
  /** Of every word that has no token of its own; absent: such words cannot be spelt. */
  readonly #filler: number | undefined;

  /** @param words each once; their order is that of the ids from 1 on; `UNKNOWN` among them is every other word */
  constructor(readonly words: readonly string[]) {
    this.#symbols = [BLANK_SYMBOL, ...words.map((word) => (word === UNKNOWN ? word : WORD_MARK + word))];
    this.#ids = new Map(this.#symbols.map((symbol, id) => [symbol, id]));
    this.#filler = this.#ids.get(UNKNOWN);
  }

  /** Of every word that is said, in alphabetical order, which does not depend on the order of the recordings. */
  static of(transcripts: readonly string[]): WordTokens {
    return new WordTokens([...new Set(transcripts.flatMap(wordsOf))].toSorted());
  }

  /**
   * Of the words of these phrases, in alphabetical order, and of every other word together.
   * @param transcripts that they are learnt from
   * @throws UserError `DATA_INVALID` when one of the words is never said, or no other word is
   */
  static ofKeywords(phrases: readonly string[], transcripts: readonly string[]): WordTokens {
    const words = [...new Set(phrases.flatMap(wordsOf))].filter((word) => word !== UNKNOWN).toSorted();
    const said = new Set(transcripts.flatMap(wordsOf));
    const missing = words.filter((word) => !said.has(word));
    if (missing.length > 0) {
      throw new UserError('DATA_INVALID', `nobody says ${missing.join(', ')} in the recordings to learn from`, {
        hint: 'correct `speech.keywords`, or add recordings of these words to the manifest',
      });
    }
    if (said.size === words.length) {
      throw new UserError('DATA_INVALID', 'nothing but keywords is said in the recordings to learn from', {
        hint: 'add recordings of other words, or leave `speech.keywords` out: every word of the manifest is a token then',
      });
    }
    return new WordTokens([...words, UNKNOWN]);
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
    const labels = words.map((word) => this.#ids.get(WORD_MARK + word) ?? this.#filler);
    const unknown = words.filter((_, i) => labels[i] === undefined);
    if (unknown.length > 0) return { unknown: [...new Set(unknown)] };
    return { labels: labels.filter((label) => label !== undefined) };
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
