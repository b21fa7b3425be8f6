/** The two ways in which SentencePiece cuts a word into pieces (Kudo and Richardson, 2018). */

/**
 * The cheapest way through the characters, as a unigram model cuts (Kudo, "Subword Regularization", 2018): what pieces cost
 * adds up.
 * @param longest characters of a piece
 * @param idsOf ids for characters `from … to` (exclusive) and what they cost; undefined: they are no piece
 * @returns undefined when there is no way
 */
export function cheapest(
  characters: readonly string[],
  longest: number,
  idsOf: (from: number, to: number) => Priced | undefined,
): readonly number[] | undefined {
  const costs = [0];
  const ways: (readonly number[])[] = [[]];
  for (let to = 1; to <= characters.length; to++) {
    costs[to] = Infinity;
    for (let from = Math.max(0, to - longest); from < to; from++) {
      if (costs[from] === Infinity) continue;
      const piece = idsOf(from, to);
      if (piece === undefined) continue;
      const cost = costs[from] + piece.cost;
      if (cost < costs[to]) [costs[to], ways[to]] = [cost, [...ways[from], ...piece.ids]];
    }
  }
  return costs[characters.length] < Infinity ? ways[characters.length] : undefined;
}

export interface Priced {
  readonly ids: readonly number[];
  readonly cost: number;
}

/**
 * Neighbours are merged, the pair with the highest score first, as long as pairs are pieces (Sennrich et al., "Neural Machine
 * Translation of Rare Words with Subword Units", 2016).
 * @param scoreOf of a piece; undefined: it is none
 */
export function merged(
  characters: readonly string[],
  scoreOf: (piece: string) => number | undefined,
): readonly string[] {
  const parts = [...characters];
  for (;;) {
    let [best, highest] = [-1, -Infinity];
    for (let i = 0; i + 1 < parts.length; i++) {
      const score = scoreOf(parts[i] + parts[i + 1]) ?? -Infinity;
      if (score > highest) [best, highest] = [i, score];
    }
    if (best < 0) return parts;
    parts.splice(best, 2, parts[best] + parts[best + 1]);
  }
}
