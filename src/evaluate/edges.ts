/** The words at the two ends of recordings: those that a recogniser loses first where speech is cut tightly. */
import { type Fate, fateOfFirst, fateOfLast } from './edits.js';

/** Of the first, or the last, words of all recordings in which something is said. */
export interface EdgeTally {
  readonly count: number;
  readonly deletions: number;
  readonly substitutions: number;
}

export interface Edges {
  readonly first: EdgeTally;
  readonly last: EdgeTally;
}

/** @param pairs words as they are compared, of each recording */
export function edgesOf(
  pairs: readonly { readonly said: readonly string[]; readonly understood: readonly string[] }[],
): Edges {
  const spoken = pairs.filter(({ said }) => said.length > 0);
  return {
    first: tallyOf(spoken.map(({ said, understood }) => fateOfFirst(said, understood))),
    last: tallyOf(spoken.map(({ said, understood }) => fateOfLast(said, understood))),
  };
}

function tallyOf(fates: readonly Fate[]): EdgeTally {
  const having = (fate: Fate): number => fates.filter((one) => one === fate).length;
  return { count: fates.length, deletions: having('deleted'), substitutions: having('substituted') };
}
