/**
 * Phrases in the tokens of a model, as the model would write them.
 *
 * - A phrase with `▁` in it is cut into tokens already; spaces stand between them.
 * - Where tokens of the table begin words (`▁HE`), each word of the phrase is spelt from its mark on. Letters of scripts
 *   without spaces (`UNSPACED`) have none.
 * - Where a token is a space by itself, it stands between words; else words are spelt without anything between them.
 * - A letter that no token spells is spelt by its bytes (`<0xNN>`), if the table has them.
 * - Of several spellings the one with the fewest tokens is taken, of those the one with the lowest sum of ids: recipes
 *   number pieces from the most frequent one on.
 * - What cannot be spelt as it is written is tried in capitals, then in small letters.
 */
import type { TokenTable } from '../core/tokens.js';
import { isByteBpe, symbolOfBytes } from './byte-bpe.js';
import { BYTE, UNSPACED, WORD_MARK } from './words.js';

/** `<blk>`, `<unk>`, …, and the disambiguation symbols of icefall's lexicons. */
const SPECIAL = /^(?:<.*>|#\d+)$/s;

/** More than the sum of the ids of any phrase. */
const ONE_TOKEN = 2 ** 32;

export class TokenSpeller {
  readonly #byteBpe: boolean;
  /** By what it stands for; the word mark is a space. */
  readonly #ids = new Map<string, number>();
  /** By value. */
  readonly #bytes = new Map<number, number>();
  /** Characters of the longest token. */
  #longest = 0;
  readonly #marksWords: boolean;

  /** @param silent ids of tokens that say nothing, such as the blank */
  constructor(
    private readonly tokens: TokenTable,
    silent: readonly number[],
  ) {
    const symbols = Array.from({ length: tokens.size }, (_, id) => tokens.symbol(id));
    this.#byteBpe = isByteBpe(symbols);
    symbols.forEach((symbol, id) => {
      if (silent.includes(id)) return;
      const byte = BYTE.exec(symbol);
      if (byte) this.#bytes.set(Number.parseInt(byte[1], 16), id);
      else if (!SPECIAL.test(symbol)) this.#learn(symbol.replaceAll(WORD_MARK, ' '), id);
    });
    this.#marksWords = [...this.#ids.keys()].some((text) => text.length > 1 && text.startsWith(' '));
  }

  /** @returns ids, at least one; undefined when the tokens cannot spell it */
  spell(phrase: string): number[] | undefined {
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

  #spellText(text: string): number[] | undefined {
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

  /** The cheapest way through the characters, from left to right. */
  #spellWord(word: string): number[] | undefined {
    const characters = Array.from(word);
    const costs = [0];
    const ways: number[][] = [[]];
    for (let to = 1; to <= characters.length; to++) {
      costs[to] = Infinity;
      for (let from = Math.max(0, to - this.#longest); from < to; from++) {
        const ids = this.#piece(characters, from, to);
        if (ids === undefined) continue;
        const cost = ids.reduce((sum, id) => sum + ONE_TOKEN + id, costs[from]);
        if (cost < costs[to]) [costs[to], ways[to]] = [cost, [...ways[from], ...ids]];
      }
    }
    return costs[characters.length] < Infinity ? ways[characters.length] : undefined;
  }

  /** One token, or a letter as its bytes. */
  #piece(characters: readonly string[], from: number, to: number): number[] | undefined {
    const id = this.#ids.get(characters.slice(from, to).join(''));
    if (id !== undefined) return [id];
    if (to - from > 1 || this.#bytes.size === 0 || characters[from] === ' ') return undefined;
    const ids = Array.from(Buffer.from(characters[from]), (byte) => this.#bytes.get(byte));
    return ids.every((byte) => byte !== undefined) ? ids : undefined;
  }
}
