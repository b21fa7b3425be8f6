/**
 * Phrases in the tokens of a model, as the model would write them.
 *
 * - A phrase with `▁` in it is cut into tokens already; spaces stand between them.
 * - Where tokens of the table begin words (`▁HE`), each word of the phrase is spelt from its mark on. Letters of scripts
 *   without spaces (`UNSPACED`) have none.
 * - Where a token is a space by itself, it stands between words; else words are spelt without anything between them.
 * - A letter that no token spells is spelt by its bytes (`<0xNN>`), if the table has them.
 * - Where the model brings the file of SentencePiece that its texts were cut with, words are cut alike. Else, of several
 *   spellings, the one with the fewest tokens is taken, of those the one with the lowest sum of ids: recipes number pieces
 *   from the most frequent one on.
 * - What cannot be spelt as it is written is tried in capitals, then in small letters.
 */
import type { RecogniserModel } from '../core/recogniser.js';
import type { Pieces, TokenTable } from '../core/tokens.js';
import { isByteBpe, symbolOfBytes } from './byte-bpe.js';
import { cheapest, merged, type Priced } from './segmentation.js';
import { BYTE, SPECIAL, UNSPACED, WORD_MARK } from './words.js';

/** More than the sum of the ids of any phrase. */
const ONE_TOKEN = 2 ** 32;

/** What a letter that is no piece is worse than the worst piece; SentencePiece's own. */
const UNKNOWN_PENALTY = 10;

/** Ids of the tokens that a search says nothing for: the blank, and what stands for the unknown. */
export function silentTokens(model: RecogniserModel): readonly number[] {
  const unknown = model.kind === 'transducer' ? model.unknown : undefined;
  return unknown === undefined ? [model.blank] : [model.blank, unknown];
}

export class TokenSpeller {
  readonly #byteBpe: boolean;
  /** By what it stands for; the word mark is a space. */
  readonly #ids = new Map<string, number>();
  /** By value. */
  readonly #bytes = new Map<number, number>();
  /** Characters of the longest token. */
  #longest = 0;
  readonly #marksWords: boolean;
  /** Of a token that is no piece. */
  readonly #unknownCost: number;

  /**
   * @param silent ids of tokens that say nothing, such as the blank
   * @param pieces that texts were cut into when the model was trained; absent: nobody knows
   */
  constructor(
    private readonly tokens: TokenTable,
    silent: readonly number[],
    private readonly pieces?: Pieces,
  ) {
    const symbols = Array.from({ length: tokens.size }, (_, id) => tokens.symbol(id));
    this.#byteBpe = isByteBpe(symbols);
    symbols.forEach((symbol, id) => {
      if (silent.includes(id)) return;
      const byte = BYTE.exec(symbol);
      if (byte) this.#bytes.set(Number.parseInt(byte[1], 16), id);
      else if (!SPECIAL.test(symbol)) this.#learn(symbol.replaceAll(WORD_MARK, ' '), id);
    });
    const scores = pieces === undefined ? [] : [...pieces.scores.values()];
    this.#unknownCost = UNKNOWN_PENALTY - scores.reduce((a, b) => Math.min(a, b), 0);
    this.#marksWords = [...this.#ids.keys()].some((text) => text.length > 1 && text.startsWith(' '));
  }

  /** In all tokens of a recogniser that say something. */
  static of(model: RecogniserModel): TokenSpeller {
    return new TokenSpeller(model.tokens, silentTokens(model), model.pieces);
  }

  /** @returns ids, at least one; undefined when the tokens cannot spell it */
  spell(phrase: string): readonly number[] | undefined {
    if (phrase.includes(WORD_MARK)) return this.#look(phrase.split(/\s+/).filter((symbol) => symbol !== ''));
    const text = phrase.normalize('NFC');
    for (const variant of [text, text.toUpperCase(), text.toLowerCase()]) {
      const ids = this.#spellText(variant);
      if (ids !== undefined && ids.length > 0) return ids;
    }
    return undefined;
  }

  /** Of two tokens that stand for the same the first is meant. */
  #learn(text: string, id: number): void {
    if (this.#ids.has(text)) return;
    this.#ids.set(text, id);
    this.#longest = Math.max(this.#longest, Array.from(text).length);
  }

  #look(symbols: readonly string[]): number[] | undefined {
    const ids = symbols.map((symbol) => this.tokens.id(symbol));
    return ids.length > 0 && ids.every((id) => id !== undefined) ? ids : undefined;
  }

  #spellText(text: string): readonly number[] | undefined {
    const words = text.split(/\s+/).filter((word) => word !== '');
    if (!this.#marksWords) {
      const space = this.#ids.has(' ') ? ' ' : '';
      return this.#spellWord(words.join(space));
    }
    const spelt: number[] = [];
    for (const word of words.flatMap((whole) => this.#partsOf(whole))) {
      const ids = this.#spellWord(word);
      if (ids === undefined) return undefined;
      spelt.push(...ids);
    }
    return spelt;
  }

  /** A word with its mark; letters of scripts without spaces stand alone, marked only in byte-level BPE. */
  #partsOf(word: string): string[] {
    const parts = word.split(new RegExp(`(${UNSPACED.source})`, 'u')).filter((part) => part !== '');
    if (this.#byteBpe) return parts.map((part) => ` ${symbolOfBytes(Buffer.from(part))}`);
    return parts.map((part) => (UNSPACED.test(part) ? part : ` ${part}`));
  }

  #spellWord(word: string): readonly number[] | undefined {
    const characters = Array.from(word);
    if (this.pieces?.merges !== true) {
      return cheapest(characters, this.#longest, (from, to) => this.#priced(characters.slice(from, to)));
    }
    const parts = merged(characters, (text) => this.#scoreOf(text));
    const ids: number[] = [];
    for (const part of parts) {
      const piece = this.#priced(Array.from(part));
      if (piece === undefined) return undefined;
      ids.push(...piece.ids);
    }
    return ids;
  }

  /** A token, or a letter as its bytes. */
  #priced(characters: readonly string[]): Priced | undefined {
    const text = characters.join('');
    const id = this.#ids.get(text);
    if (id !== undefined) return { ids: [id], cost: this.#costOf(text, id) };
    if (characters.length > 1 || this.#bytes.size === 0 || text === ' ') return undefined;
    const ids = Array.from(Buffer.from(text), (byte) => this.#bytes.get(byte));
    if (!ids.every((byte) => byte !== undefined)) return undefined;
    return { ids, cost: ids.reduce((sum, byte) => sum + this.#costOf('', byte), 0) };
  }

  #costOf(text: string, id: number): number {
    if (this.pieces === undefined) return ONE_TOKEN + id;
    const score = this.#scoreOf(text);
    return score === undefined ? this.#unknownCost : -score;
  }

  /** @param text as `#learn` knows it */
  #scoreOf(text: string): number | undefined {
    return this.#ids.has(text) ? this.pieces?.scores.get(text.replaceAll(' ', WORD_MARK)) : undefined;
  }
}
