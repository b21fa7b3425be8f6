/**
 * How tokens are read: what one says, where words begin, what they spell together.
 *
 * A word begins at a token with `▁` (or a space) before it. Scripts without spaces (Han, Kana, Thai, …) have one word a
 * token, and so have models none of whose tokens begins a word. Punctuation belongs to what stands before it. Bytes
 * (`<0xNN>`, what a vocabulary lacks) are UTF-8 and belong to the word that they continue.
 */
import type { TokenTable } from '../core/tokens.js';

const WORD_MARK = '\u2581';
const BYTE = /^<0x([0-9A-F]{2})>$/i;
const PUNCTUATION = /^[\p{P}\p{S}]+$/u;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const NO_BYTE = -1;

/** Tokens `from … to` (exclusive) are one word. */
export interface WordSpan {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

export class Spelling {
  /** By id: as it is read. */
  readonly #read: readonly string[];
  /** By id: the byte that it stands for. */
  readonly #byte: Int16Array;
  readonly #joins: Uint8Array;
  readonly #unspaced: Uint8Array;
  /** Some token of the table begins a word. */
  readonly #spaced: boolean;

  constructor(tokens: TokenTable) {
    this.#read = Array.from({ length: tokens.size }, (_, id) => tokens.symbol(id).replaceAll(WORD_MARK, ' '));
    this.#byte = Int16Array.from(this.#read, byteOf);
    this.#joins = Uint8Array.from(this.#read, (text) => Number(PUNCTUATION.test(text)));
    this.#unspaced = Uint8Array.from(this.#read, (text) => Number(UNSPACED.test(text)));
    this.#spaced = this.#read.some((text) => text.startsWith(' '));
  }

  /** One token as it is read, with the space before it; a byte is shown as `<0xNN>`. */
  token(id: number): string {
    return this.#read[id];
  }

  /**
   * What tokens `from … to` spell, without spaces at the ends. Bytes that are no UTF-8 become U+FFFD; a character at the
   * end of `ids`, whose last bytes may still come, is left out.
   */
  text(ids: readonly number[], from = 0, to = ids.length): string {
    let text = '';
    let bytes: number[] = [];
    for (let i = from; i < to; i++) {
      const byte = this.#byte[ids[i]];
      if (byte !== NO_BYTE) {
        bytes.push(byte);
        continue;
      }
      text += utf8(bytes, false) + this.#read[ids[i]];
      bytes = [];
    }
    return (text + utf8(bytes, to === ids.length)).replace(/\s+/g, ' ').trim();
  }

  /** Whether a word begins at token i; i ≥ 1. */
  beginsWord(ids: readonly number[], i: number): boolean {
    const id = ids[i];
    if (this.#read[id].startsWith(' ')) return true;
    const afterUnspaced = this.#unspaced[ids[i - 1]] === 1;
    if (this.#byte[id] !== NO_BYTE) return afterUnspaced;
    if (this.#joins[id] === 1) return false;
    return !this.#spaced || this.#unspaced[id] === 1 || afterUnspaced;
  }

  /** The words of a segment; tokens that spell nothing (a lone `▁` at the end) are in none. */
  words(ids: readonly number[]): WordSpan[] {
    const words: WordSpan[] = [];
    for (let from = 0; from < ids.length;) {
      let to = from + 1;
      while (to < ids.length && !this.beginsWord(ids, to)) to++;
      const text = this.text(ids, from, to);
      if (text !== '') words.push({ from, to, text });
      from = to;
    }
    return words;
  }
}

function byteOf(text: string): number {
  const match = BYTE.exec(text);
  return match ? Number.parseInt(match[1], 16) : NO_BYTE;
}

function utf8(bytes: readonly number[], goesOn: boolean): string {
  return bytes.length === 0 ? '' : new TextDecoder().decode(Uint8Array.from(bytes), { stream: goesOn });
}
