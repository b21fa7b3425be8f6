/** How far one sequence is from another: Levenshtein's edits, told apart, and what became of the words at both ends. */

/** What turns the reference into what was heard; 0, 1, 2, … each. */
export interface Edits {
  /** Heard, but not said. */
  readonly insertions: number;
  /** Said, but not heard. */
  readonly deletions: number;
  /** Heard as something else. */
  readonly substitutions: number;
}

/**
 * The fewest edits (Levenshtein 1966). Where several sets of edits are equally few, the one with the most substitutions counts:
 * their kinds are then one certain triple, because insertions less deletions is the difference of the lengths, and turning
 * the sequences round only swaps insertions for deletions. O(reference · hypothesis).
 */
export function editsOf(reference: readonly string[], hypothesis: readonly string[]): Edits {
  const unit = unitOf(reference, hypothesis);
  const cost = costs(reference, hypothesis, unit)[hypothesis.length];
  const edits = Math.floor(cost / unit);
  const shifts = cost % unit;
  const longer = hypothesis.length - reference.length;
  return {
    insertions: (shifts + longer) / 2,
    deletions: (shifts - longer) / 2,
    substitutions: edits - shifts,
  };
}

/** What became of one word that was said. */
export type Fate = 'right' | 'deleted' | 'substituted';

/**
 * What became of the first word, in those edits that `editsOf` counts. Where several sets of them are as good, the worst that
 * one of them says: `one one two` heard as `one two` has lost its first word.
 * @param reference at least one word
 */
export function fateOfFirst(reference: readonly string[], hypothesis: readonly string[]): Fate {
  return fateOfLast(reference.toReversed(), hypothesis.toReversed());
}

/** The same of the last word. */
export function fateOfLast(reference: readonly string[], hypothesis: readonly string[]): Fate {
  const unit = unitOf(reference, hypothesis);
  const total = costs(reference, hypothesis, unit)[hypothesis.length];
  // Without the last word, and with ever more of what was heard.
  const before = costs(reference.slice(0, -1), hypothesis, unit);
  if (before[hypothesis.length] + unit + 1 === total) return 'deleted';
  const last = reference[reference.length - 1];
  const isSubstituted = hypothesis.some((word, j) => {
    const inserted = hypothesis.length - 1 - j;
    return word !== last && before[j] + unit + inserted * (unit + 1) === total;
  });
  return isSubstituted ? 'substituted' : 'right';
}

/** What a substitution costs; any other edit costs 1 more: never so much that one edit more would be cheaper. */
function unitOf(reference: readonly string[], hypothesis: readonly string[]): number {
  return reference.length + hypothesis.length + 1;
}

/** @returns the least that it costs to turn the reference into the first 0, 1, 2, … of the hypothesis */
function costs(reference: readonly string[], hypothesis: readonly string[], unit: number): Float64Array {
  let above = Float64Array.from({ length: hypothesis.length + 1 }, (_, j) => j * (unit + 1));
  let row = new Float64Array(hypothesis.length + 1);
  for (let i = 1; i <= reference.length; i++) {
    row[0] = i * (unit + 1);
    for (let j = 1; j <= hypothesis.length; j++) {
      const kept = above[j - 1] + (reference[i - 1] === hypothesis[j - 1] ? 0 : unit);
      row[j] = Math.min(kept, above[j] + unit + 1, row[j - 1] + unit + 1);
    }
    [above, row] = [row, above];
  }
  return above;
}
