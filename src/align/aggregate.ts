/** The readings of one channel in one step → one value. */
import type { Aggregate } from '../core/card.js';

/** Offsets within a cell. `value` is the sum, or for `last` the latest reading, whose time is `us`. */
const COUNT = 0;
const VALUE = 1;
const US = 2;

/** Numbers that a cell takes; all 0 = no reading. */
export const CELL_FIELDS = 3;

/** @param at where the cell begins; @param us time of the reading: for `last` the latest counts, not the last to come */
export function addReading(state: Float64Array, at: number, aggregate: Aggregate, value: number, us: number): void {
  const first = state[at + COUNT] === 0;
  if (aggregate !== 'last') state[at + VALUE] += value;
  else if (first || us >= state[at + US]) {
    state[at + VALUE] = value;
    state[at + US] = us;
  }
  state[at + COUNT]++;
}

/**
 * @param lives whether no readings means that there was nothing to count, not that something is missing
 * @returns NaN when the value is missing
 */
export function cellValue(state: Float64Array, at: number, aggregate: Aggregate, lives: boolean): number {
  const count = state[at + COUNT];
  const counts = aggregate === 'count' || aggregate === 'sum';
  if (count === 0) return counts && lives ? 0 : Number.NaN;
  if (aggregate === 'count') return count;
  return aggregate === 'mean' ? state[at + VALUE] / count : state[at + VALUE];
}
