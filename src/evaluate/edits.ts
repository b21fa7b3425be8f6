/** How far one sequence is from another: Levenshtein's edits, told apart. */

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
  // A substitution costs `unit`, any other edit a little more: never so much that one edit more would be cheaper.
  const unit = reference.length + hypothesis.length + 1;
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
  const cost = above[hypothesis.length];
  const edits = Math.floor(cost / unit);
  const shifts = cost % unit;
  const longer = hypothesis.length - reference.length;
  return {
    insertions: (shifts + longer) / 2,
    deletions: (shifts - longer) / 2,
    substitutions: edits - shifts,
  };
}
