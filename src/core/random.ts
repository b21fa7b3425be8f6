/**
 * Counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2,
 * 3", SC 2011). Number k of a stream is a pure function of (seed, stream, k), so training resumes bit-exactly from
 * nothing but its counters, and the order in which numbers are asked for does not matter.
 */

const TWO_32 = 2 ** 32;

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers; a double cannot hold the whole product. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const upper = aHigh * bLow + ((aLow * bLow) >>> 16);
  const lower = aLow * bHigh + (upper & 0xffff);
  return aHigh * bHigh + (upper >>> 16) + (lower >>> 16);
}

/**
 * One block of Philox 4x32-10: 128 random bits for a 128-bit counter and a 64-bit key.
 * @param counter [4] unsigned 32-bit words; overwritten with the result
 */
export function philox(counter: Uint32Array, key0: number, key1: number): void {
  let [c0, c1, c2, c3] = counter;
  let k0 = key0 >>> 0;
  let k1 = key1 >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0) >>> 0;
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}

/**
 * Fills `words` with block `counter` of a stream.
 * @param words [4]
 * @param seed any safe integer
 * @param stream any safe integer; different streams of one seed are independent
 * @param counter safe integer ≥ 0
 */
export function randomBlock(words: Uint32Array, seed: number, stream: number, counter: number): void {
  words[0] = counter >>> 0;
  words[1] = Math.floor(counter / TWO_32);
  words[2] = stream >>> 0;
  words[3] = Math.floor(stream / TWO_32);
  philox(words, seed, Math.floor(seed / TWO_32));
}

/** 53 random bits as a double in [0, 1). */
function unit(high: number, low: number): number {
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}

/** Uniform in [0, 1) with 53 random bits. Arguments as in {@link randomBlock}. */
export function uniform(seed: number, stream: number, counter: number): number {
  const words = new Uint32Array(4);
  randomBlock(words, seed, stream, counter);
  return unit(words[0], words[1]);
}

/** Standard normal (Box & Muller 1958) from one block. Arguments as in {@link randomBlock}. */
export function normal(seed: number, stream: number, counter: number): number {
  const words = new Uint32Array(4);
  randomBlock(words, seed, stream, counter);
  // 1 - u is in (0, 1]: the logarithm stays finite.
  const radius = Math.sqrt(-2 * Math.log(1 - unit(words[0], words[1])));
  return radius * Math.cos(2 * Math.PI * unit(words[2], words[3]));
}
