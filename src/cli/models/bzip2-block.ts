/** One block of bzip2: Huffman codes → move-to-front → Burrows-Wheeler → run lengths → bytes, proved by its CRC. */
import type { BitReader } from './bit-reader.js';

export class Bzip2Error extends Error {
  override readonly name = 'Bzip2Error';
}

/** Symbols that one Huffman table serves before the next selector. */
const GROUP_SYMBOLS = 50;
const LONGEST_CODE = 20;
const LARGEST_ALPHABET = 258;
const OUTPUT_BYTES = 1 << 18;

/** CRC-32, most significant bit first (polynomial 0x04C11DB7). */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

/** Canonical Huffman code; codes are compared left-aligned to `LONGEST_CODE` bits. */
class HuffmanTable {
  /** By length: the first left-aligned code that is too large for it. */
  readonly #limit = new Int32Array(LONGEST_CODE + 1);
  /** By length: what a code less this is the place of in `#symbols`. */
  readonly #base = new Int32Array(LONGEST_CODE + 1);
  readonly #symbols = new Uint16Array(LARGEST_ALPHABET);
  readonly #count: number;

  /** @param lengths of the codes of symbols 0, 1, …, each 1 … 20 */
  constructor(lengths: Uint8Array) {
    this.#count = lengths.length;
    let [code, place] = [0, 0];
    for (let length = 1; length <= LONGEST_CODE; length++) {
      this.#base[length] = code - place;
      for (let symbol = 0; symbol < lengths.length; symbol++) {
        if (lengths[symbol] !== length) continue;
        this.#symbols[place++] = symbol;
        code += 1;
      }
      this.#limit[length] = code << (LONGEST_CODE - length);
      code <<= 1;
    }
  }

  next(bits: BitReader): number {
    const code = bits.peek(LONGEST_CODE);
    let length = 1;
    while (length <= LONGEST_CODE && code >= this.#limit[length]) length += 1;
    if (length > LONGEST_CODE) throw damaged();
    bits.skip(length);
    const place = (code >>> (LONGEST_CODE - length)) - this.#base[length];
    if (place >= this.#count) throw damaged();
    return this.#symbols[place];
  }
}

export class Bzip2Block {
  /** Bytes, and above them (from bit 8) the chain in which they are to be read. */
  readonly #chain: Uint32Array;
  #length = 0;
  #origin = 0;

  /** @param size most bytes in a block, before run lengths unfold: 100,000 … 900,000 */
  constructor(size: number) {
    this.#chain = new Uint32Array(size);
  }

  /** Reads a block behind its CRC. @throws Bzip2Error */
  read(bits: BitReader): void {
    if (bits.read(1) === 1) throw new Bzip2Error('it was made by bzip2 0.9.0 or older, which is not supported');
    this.#origin = bits.read(24);
    const used = readUsedBytes(bits);
    const tableCount = bits.read(3);
    if (used.length === 0 || tableCount < 2 || tableCount > 6) throw damaged();
    const selectors = readSelectors(bits, tableCount);
    const tables = Array.from({ length: tableCount }, () => new HuffmanTable(readLengths(bits, used.length + 2)));
    this.#readSymbols(bits, used, selectors, tables);
    if (this.#origin >= this.#length) throw damaged();
    this.#link();
  }

  /** @param front bytes that occur, becomes the move-to-front list */
  #readSymbols(bits: BitReader, front: Uint8Array, selectors: Uint8Array, tables: readonly HuffmanTable[]): void {
    const chain = this.#chain;
    const endOfBlock = front.length + 1;
    let [length, run, weight] = [0, 0, 1];
    for (const selector of selectors) {
      const table = tables[selector];
      for (let k = 0; k < GROUP_SYMBOLS; k++) {
        const symbol = table.next(bits);
        if (symbol <= 1) {
          // How often the byte in front comes again, in bijective base 2.
          run += weight << symbol;
          weight <<= 1;
          if (length + run > chain.length) throw damaged();
          continue;
        }
        if (run > 0) {
          chain.fill(front[0], length, length + run);
          length += run;
          [run, weight] = [0, 1];
        }
        if (symbol === endOfBlock) {
          this.#length = length;
          return;
        }
        if (length === chain.length) throw damaged();
        const byte = front[symbol - 1];
        front.copyWithin(1, 0, symbol - 1);
        front[0] = byte;
        chain[length++] = byte;
      }
    }
    throw damaged();
  }

  /** Inverts the Burrows-Wheeler transform. */
  #link(): void {
    const chain = this.#chain;
    const place = new Uint32Array(257);
    for (let i = 0; i < this.#length; i++) place[chain[i] + 1] += 1;
    for (let byte = 1; byte < 256; byte++) place[byte] += place[byte - 1];
    for (let i = 0; i < this.#length; i++) chain[place[chain[i] & 0xff]++] |= i << 8;
  }

  /** What was read. @param crc of it @throws Bzip2Error when that is not so */
  *bytes(crc: number): Generator<Uint8Array, void, undefined> {
    const chain = this.#chain;
    let at = chain[this.#origin] >>> 8;
    let [previous, repeats, check] = [-1, 0, -1];
    let output = Buffer.allocUnsafe(OUTPUT_BYTES);
    let filled = 0;
    for (let i = 0; i < this.#length; i++) {
      const link = chain[at];
      at = link >>> 8;
      let byte = link & 0xff;
      let count = 1;
      if (repeats === 4) {
        // After four equal bytes: how many more of them.
        count = byte;
        byte = previous;
        repeats = 0;
        previous = -1;
      } else {
        repeats = byte === previous ? repeats + 1 : 1;
        previous = byte;
      }
      for (; count > 0; count--) {
        check = (check << 8) ^ CRC_TABLE[(check >>> 24) ^ byte];
        output[filled++] = byte;
      }
      if (filled <= OUTPUT_BYTES - 256) continue;
      yield output.subarray(0, filled);
      output = Buffer.allocUnsafe(OUTPUT_BYTES);
      filled = 0;
    }
    if (filled > 0) yield output.subarray(0, filled);
    if (~check >>> 0 !== crc) throw new Bzip2Error('the checksum of a block is wrong');
  }
}

function readUsedBytes(bits: BitReader): Uint8Array {
  const used: number[] = [];
  const ranges = bits.read(16);
  for (let high = 0; high < 16; high++) {
    if ((ranges & (0x8000 >>> high)) === 0) continue;
    const range = bits.read(16);
    for (let low = 0; low < 16; low++) if ((range & (0x8000 >>> low)) !== 0) used.push(16 * high + low);
  }
  return Uint8Array.from(used);
}

function readSelectors(bits: BitReader, tableCount: number): Uint8Array {
  const selectors = new Uint8Array(bits.read(15));
  const front = Uint8Array.from({ length: tableCount }, (_, k) => k);
  for (let i = 0; i < selectors.length; i++) {
    let place = 0;
    while (bits.read(1) === 1) {
      place += 1;
      if (place === tableCount) throw damaged();
    }
    const table = front[place];
    front.copyWithin(1, 0, place);
    front[0] = table;
    selectors[i] = table;
  }
  return selectors;
}

function readLengths(bits: BitReader, alphabet: number): Uint8Array {
  const lengths = new Uint8Array(alphabet);
  let length = bits.read(5);
  for (let symbol = 0; symbol < alphabet; symbol++) {
    while (bits.read(1) === 1) {
      length += bits.read(1) === 0 ? 1 : -1;
      if (length < 1 || length > LONGEST_CODE) throw damaged();
    }
    if (length < 1 || length > LONGEST_CODE) throw damaged();
    lengths[symbol] = length;
  }
  return lengths;
}

function damaged(): Bzip2Error {
  return new Bzip2Error('a block is damaged');
}
