/**
 * How tokens are read: what one says, where words begin, what they spell together.
 *
 * A word begins at a token with `▁` (or a space) before it. Scripts without spaces (Han, Kana, Thai, …) have one word a
 * token, and so have models none of whose tokens begins a word. Punctuation belongs to what stands before it. A token may
 * be less than a letter: a byte that the vocabulary lacks (`<0xNN>`), or a part of one in byte-level BPE. Such bytes are
 * UTF-8 and belong to the word that they continue.
 */
import type { TokenTable } from '../core/tokens.js';
import { bytesOfSymbol, isByteBpe } from './byte-bpe.js';

export const WORD_MARK = '\u2581';
export const BYTE = /^<0x([0-9A-F]{2})>$/i;
/** `<blk>`, `<unk>`, …, and the disambiguation symbols of icefall's lexicons; bytes (`BYTE`) are written alike. */
export const SPECIAL = /^(?:<.*>|#\d+)$/s;
/** A word that has no token of its own: it is heard, but nobody knows what it says. */
export const UNKNOWN = '<unk>';
const PUNCTUATION = /^[\p{P}\p{S}]+$/u;
export const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** Byte-level BPE marks every letter of those scripts as a word. */
const SPACE_AFTER_UNSPACED = new RegExp(`(?<=${UNSPACED.source}) `, 'gu');

/** Tokens `from … to` (exclusive) are one word. */
export interface WordSpan {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** One token of the table. */
interface Reading {
  /** As it is shown, with the space before it. */
  readonly text: string;
  /** Its UTF-8. */
  readonly bytes: readonly number[];
  /** It may be less than a letter. */
  readonly isPiece: boolean;
  readonly isPunctuation: boolean;
  readonly isUnspaced: boolean;
}

export class Spelling {
  /** By id. */
  readonly #readings: readonly Reading[];
  readonly #byteBpe: boolean;
  /** Some token of the table begins a word. */
  readonly #spaced: boolean;

  constructor(tokens: TokenTable) {
    const symbols = Array.from({ length: tokens.size }, (_, id) => tokens.symbol(id));
    this.#byteBpe = isByteBpe(symbols);
    this.#readings = symbols.map(this.#byteBpe ? readByteBpe : readSymbol);
    this.#spaced = this.#readings.some(({ text }, id) => text.startsWith(' ') && symbols[id] !== UNKNOWN);
  }

  /** One token as it is read, with the space before it; bytes that are no letters are shown as `<0xNN>`. */
  token(id: number): string {
    return this.#readings[id].text;
  }

  /**
   * What tokens `from … to` spell, without spaces at the ends. Bytes that are no UTF-8 become U+FFFD; a character at the
   * end of `ids`, whose last bytes may still come, is left out.
   */
  text(ids: readonly number[], from = 0, to = ids.length): string {
    const bytes = ids.slice(from, to).flatMap((id) => this.#readings[id].bytes);
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const text = decoder.decode(Uint8Array.from(bytes), { stream: to === ids.length }).replace(/\s+/g, ' ');
    return (this.#byteBpe ? text.replace(SPACE_AFTER_UNSPACED, '') : text).trim();
  }

  /** Whether a word begins at token i; i ≥ 1. */
  beginsWord(ids: readonly number[], i: number): boolean {
    return this.parts(ids[i - 1], ids[i]);
  }

  /** Whether each of these tokens is a word by itself, whatever stands before it. */
  areWords(ids: readonly number[]): boolean {
    return ids.every((id) => this.parts(id, id));
  }

  /** Whether a word begins at the second of two tokens that follow one another. */
  parts(before: number, id: number): boolean {
    const { text, isPiece, isPunctuation, isUnspaced } = this.#readings[id];
    if (text.startsWith(' ')) return true;
    const afterUnspaced = this.#readings[before].isUnspaced;
    if (isPiece) return afterUnspaced;
    return !isPunctuation && (!this.#spaced || isUnspaced || afterUnspaced);
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

function readSymbol(symbol: string): Reading {
  // As a space it parts what stands before and behind it.
  if (symbol === UNKNOWN) return reading(` ${symbol}`, [0x20], false);
  const byte = BYTE.exec(symbol);
  if (byte) return reading(symbol, [Number.parseInt(byte[1], 16)], true);
  const text = symbol.replaceAll(WORD_MARK, ' ');
  return reading(text, [...Buffer.from(text)], false);
}

function readByteBpe(symbol: string): Reading {
  const bytes = bytesOfSymbol(symbol);
  const text = Buffer.from(bytes).toString('utf8');
  // Bytes that are no letters by themselves do not survive the decoding.
  if (Buffer.from(text).equals(Buffer.from(bytes))) return reading(text, bytes, false);
  const spaces = bytes.findIndex((byte) => byte !== 0x20);
  const shown = bytes.slice(spaces).map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  return reading(' '.repeat(spaces) + shown.join(''), bytes, true);
}

function reading(text: string, bytes: readonly number[], isPiece: boolean): Reading {
  return { text, bytes, isPiece, isPunctuation: PUNCTUATION.test(text), isUnspaced: UNSPACED.test(text) };
}
