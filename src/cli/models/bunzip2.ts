/**
 * bzip2 → bytes, while they come: published speech models are `.tar.bz2`, and Node has no bzip2. The packages on npm read
 * a whole file at a time, or (unbzip2-stream 1.4.3) turn 242 bytes of zeros into 2 GB of memory; here a block is at most
 * 900 kB, what it unfolds to leaves in pieces, and whoever has enough just stops asking.
 * Format: https://github.com/dsnet/compress/blob/master/doc/bzip2-format.pdf
 */
import { messageOf } from '../../core/errors.js';
import { BitReader } from './bit-reader.js';
import { Bzip2Block, Bzip2Error } from './bzip2-block.js';

/** `BZh` */
const SIGNATURE = 0x425a68;
/** First and second half of what begins a block (π) and of what ends a stream (√π). */
const BLOCK = [0x314159, 0x265359] as const;
const END = [0x177245, 0x385090] as const;
/** No block is larger: 900,000 symbols of 20 bits, and its tables. */
const LARGEST_BLOCK_BYTES = 2_400_000;

/**
 * Several streams one after the other are one, as for `bunzip2`.
 * @throws Bzip2Error when the bytes are no bzip2, are damaged (every block has its CRC) or end too early
 */
export async function* bunzip2(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const bits = new BitReader(source);
  await bits.fill(LARGEST_BLOCK_BYTES);
  do {
    yield* stream(bits);
    bits.align();
    await bits.fill(LARGEST_BLOCK_BYTES);
  } while (!bits.exhausted);
}

async function* stream(bits: BitReader): AsyncGenerator<Uint8Array, void, undefined> {
  const signature = bits.read(24);
  const level = bits.read(8) - 0x30;
  if (signature !== SIGNATURE || level < 1 || level > 9) throw new Bzip2Error('this is not bzip2');
  const block = new Bzip2Block(level * 100_000);
  let crc = 0;
  for (;;) {
    await bits.fill(LARGEST_BLOCK_BYTES);
    const [first, second] = [bits.read(24), bits.read(24)];
    if (first === END[0] && second === END[1]) break;
    if (first !== BLOCK[0] || second !== BLOCK[1]) throw broken(bits, 'a block does not begin where it should');
    const blockCrc = bits.readWord();
    readBlock(block, bits);
    yield* block.bytes(blockCrc);
    crc = ((crc << 1) | (crc >>> 31)) ^ blockCrc;
  }
  if (bits.readWord() !== crc >>> 0) throw broken(bits, 'the checksum of the whole is wrong');
}

function readBlock(block: Bzip2Block, bits: BitReader): void {
  try {
    block.read(bits);
  } catch (error) {
    throw broken(bits, messageOf(error));
  }
  if (bits.overrun) throw broken(bits, '');
}

/** Behind the end of a file that was cut off, everything else goes wrong as well. */
function broken(bits: BitReader, why: string): Bzip2Error {
  return new Bzip2Error(bits.overrun ? 'it ends too early' : why);
}
