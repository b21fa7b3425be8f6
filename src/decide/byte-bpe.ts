/**
 * Byte-level BPE as icefall trains it (`icefall/byte_utils.py`): the text is UTF-8, every byte is written as one printable
 * character, and tokens are made of those, so that a token may be half a letter.
 */

/** Characters of the bytes 0, 1, 2, …, as ranges of code points. */
const ALPHABET = [
  [256, 287],
  [32, 126],
  [288, 305],
  [308, 318],
  [321, 328],
  [330, 382],
  [384, 422],
].flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));

const BYTE_OF: ReadonlyMap<number, number> = new Map(ALPHABET.map((codePoint, byte) => [codePoint, byte]));

/** Bytes from 221 on: what no text but UTF-8 of many scripts has, and no other alphabet together with the rest. */
const TELLING = 384;
const WORD_MARK = 0x2581;
/** What the trainer writes for a byte that it does not know; icefall reads it as a space. */
const UNKNOWN = 0x2047;
const SPACE = 0x20;

/** Whether the symbols of a table are written in that alphabet; plain English, which is so too, needs no decoding. */
export function isByteBpe(symbols: readonly string[]): boolean {
  const codePoints = new Set(symbols.flatMap((symbol) => Array.from(symbol, codePointOf)));
  const foreign = [...codePoints].some((point) => !BYTE_OF.has(point) && point !== WORD_MARK && point !== UNKNOWN);
  return !foreign && [...codePoints].some((point) => point >= TELLING && BYTE_OF.has(point));
}

/** The UTF-8 bytes that a symbol of such a table stands for; its word mark is a space. */
export function bytesOfSymbol(symbol: string): number[] {
  return Array.from(symbol, (character) => BYTE_OF.get(codePointOf(character)) ?? SPACE);
}

/** The inverse, without marks. */
export function symbolOfBytes(bytes: Uint8Array): string {
  return String.fromCodePoint(...Array.from(bytes, (byte) => ALPHABET[byte]));
}

function codePointOf(character: string): number {
  return character.codePointAt(0) ?? SPACE;
}
