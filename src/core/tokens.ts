/** What a recogniser's tokens mean: the interface; `step/recogniser` reads it from tokens.txt. */

export interface TokenTable {
  /** Entries, ids 0 … size − 1. */
  readonly size: number;
  /** As it stands in the file, such as `▁HEL`, `<blk>` or `<0xE3>`. */
  symbol(id: number): string;
  /** @returns undefined when no token has that symbol */
  id(symbol: string): number | undefined;
}

/** How texts were cut into the symbols of the table when the model was trained. */
export interface Pieces {
  /** By symbol, marks and all: the higher, the sooner it is taken. */
  readonly scores: ReadonlyMap<string, number>;
  /** Whether neighbours are merged by their score (BPE); else the cut with the highest sum of scores is taken (unigram). */
  readonly merges: boolean;
}
