/** Tokens of a synthetic model: syllables, a third of which begin a word. */

const CONSONANTS = 'bdfghjklmnprstvwxyz';
const VOWELS = 'aeiou';

/** `size` different symbols, the special ones first, as icefall writes them. */
export function syllables(size: number): readonly string[] {
  const symbols = ['<blk>', '<sos/eos>', '<unk>'];
  for (let i = 0; symbols.length < size; i++) {
    const pair = CONSONANTS[i % CONSONANTS.length] + VOWELS[Math.floor(i / CONSONANTS.length) % VOWELS.length];
    const round = Math.floor(i / (CONSONANTS.length * VOWELS.length));
    symbols.push(`${i % 3 === 0 ? '▁' : ''}${pair}${round === 0 ? '' : CONSONANTS[round - 1]}`);
  }
  return symbols.slice(0, size);
}

/** The text of tokens.txt. */
export function tokensFile(symbols: readonly string[]): string {
  return symbols.map((symbol, id) => `${symbol} ${id}\n`).join('');
}

/** Logit biases that prefer the blank. */
export function blankBias(vocabulary: number, blank: number): Float32Array {
  const bias = new Float32Array(vocabulary);
  bias[0] = blank;
  return bias;
}
