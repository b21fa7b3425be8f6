/** Which of many places are free; gives the lowest. */

/** Bits of a word. */
const BITS = 32;

/**
 * A tree of bit sets, 32 children a node: level 0 has a bit for each place (1 = free), each level above a bit for each word
 * of the one below that is not 0. Both operations cost a few words a level, of which a million places need four, and all
 * of them are an eighth of a byte a place.
 */
export class FreeSlots {
  readonly #levels: Int32Array[] = [];

  /** All are free. @param capacity places, ≥ 1 */
  constructor(capacity: number) {
    let bits = capacity;
    do {
      const words = new Int32Array(Math.ceil(bits / BITS)).fill(-1);
      const rest = bits % BITS;
      if (rest > 0) words[words.length - 1] = (1 << rest) - 1;
      this.#levels.push(words);
      bits = words.length;
    } while (bits > 1);
  }

  /** Takes the lowest free place. @returns −1 when none is free */
  take(): number {
    let place = 0;
    for (let i = this.#levels.length - 1; i >= 0; i--) {
      const word = this.#levels[i][place];
      if (word === 0) return -1;
      place = place * BITS + (BITS - 1 - Math.clz32(word & -word));
    }
    let bit = place;
    for (const words of this.#levels) {
      const at = Math.floor(bit / BITS);
      words[at] &= ~(1 << (bit % BITS));
      if (words[at] !== 0) break;
      bit = at;
    }
    return place;
  }

  /** Frees a place that was taken. */
  give(place: number): void {
    let bit = place;
    for (const words of this.#levels) {
      const at = Math.floor(bit / BITS);
      const was = words[at];
      words[at] = was | (1 << (bit % BITS));
      if (was !== 0) break;
      bit = at;
    }
  }
}
