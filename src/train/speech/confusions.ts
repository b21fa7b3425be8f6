/** Which token was taken for which: one of the fewest sets of edits (Levenshtein 1966) that make what was read of what was said. */

/** Stands for no token at all; token ids are 0, 1, 2, … */
export const NOTHING = -1;

/** How often a token was read where another one, or the same, was said. */
export interface Confusion {
  /** `NOTHING`: the token that was read is one too many. */
  readonly said: number;
  /** `NOTHING`: the token that was said was not read. */
  readonly read: number;
  /** ≥ 1 */
  readonly count: number;
}

export class Confusions {
  readonly #counts = new Map<number, Map<number, number>>();

  /** @returns edits: what is inserted, left out or taken for another token; O(said · read) */
  add(said: readonly number[], read: readonly number[]): number {
    const width = read.length + 1;
    const costs = costsOf(said, read);
    let [i, j] = [said.length, read.length];
    while (i > 0 || j > 0) {
      const cost = costs[i * width + j];
      const differs = i > 0 && j > 0 && said[i - 1] === read[j - 1] ? 0 : 1;
      // Of equally few edits those that take one token for another.
      if (i > 0 && j > 0 && costs[(i - 1) * width + j - 1] + differs === cost) this.#count(said[--i], read[--j]);
      else if (i > 0 && costs[(i - 1) * width + j] + 1 === cost) this.#count(said[--i], NOTHING);
      else this.#count(NOTHING, read[--j]);
    }
    return costs[costs.length - 1];
  }

  /** In the order of the tokens. */
  all(): readonly Confusion[] {
    const all = [...this.#counts].flatMap(([said, row]) => [...row].map(([read, count]) => ({ said, read, count })));
    return all.toSorted((a, b) => a.said - b.said || a.read - b.read);
  }

  #count(said: number, read: number): void {
    const row = this.#counts.get(said) ?? new Map<number, number>();
    row.set(read, (row.get(read) ?? 0) + 1);
    this.#counts.set(said, row);
  }
}

/** @returns [said + 1, read + 1] the fewest edits that make the first j tokens read of the first i that were said */
function costsOf(said: readonly number[], read: readonly number[]): Int32Array {
  const width = read.length + 1;
  const costs = new Int32Array((said.length + 1) * width);
  for (let i = 0; i <= said.length; i++) {
    for (let j = 0; j <= read.length; j++) {
      if (i === 0 || j === 0) {
        costs[i * width + j] = i + j;
        continue;
      }
      const above = (i - 1) * width + j;
      const kept = costs[above - 1] + (said[i - 1] === read[j - 1] ? 0 : 1);
      costs[i * width + j] = Math.min(kept, costs[above] + 1, costs[i * width + j - 1] + 1);
    }
  }
  return costs;
}
