/**
 * The P² algorithm: a quantile of everything seen so far from five markers, without keeping the values
 * (R. Jain & I. Chlamtac, "The P² algorithm for dynamic calculation of quantiles and histograms without storing
 * observations", CACM 28(10), 1985). The first value weighs as much as the last: right for a warm-up, which is about
 * one stretch of time, and exact up to five values.
 */

const MARKERS = 5;
/** Layout of one estimate: values seen, heights of the markers, their positions (1-based ranks). */
const COUNT = 0;
const HEIGHTS = 1;
const RANKS = HEIGHTS + MARKERS;

/** Numbers that one estimate takes; all 0 = nothing seen. */
export const P2_FIELDS = RANKS + MARKERS;

/** Values seen. */
export function seenBy(state: Float64Array, at: number): number {
  return state[at + COUNT];
}

/**
 * Learns one value in O(1).
 * @param state slab; the estimate is `state[at … at + P2_FIELDS)`
 * @param p which quantile, 0 < p < 1; the same in every call
 * @param value finite
 */
export function learnP2(state: Float64Array, at: number, p: number, value: number): void {
  const count = state[at + COUNT]++;
  const heights = at + HEIGHTS;
  const ranks = at + RANKS;
  if (count < MARKERS) {
    let i = count;
    for (; i > 0 && state[heights + i - 1] > value; i--) state[heights + i] = state[heights + i - 1];
    state[heights + i] = value;
    state[ranks + count] = count + 1;
    return;
  }
  if (value < state[heights]) state[heights] = value;
  if (value > state[heights + 4]) state[heights + 4] = value;
  for (let i = 1; i < MARKERS - 1; i++) if (value < state[heights + i]) state[ranks + i]++;
  state[ranks + 4]++;
  for (let i = 1; i < MARKERS - 1; i++) adjust(state, heights + i, ranks + i, 1 + count * desired(p, i));
}

/** The present estimate; NaN before the first value. */
export function quantileP2(state: Float64Array, at: number, p: number): number {
  const count = state[at + COUNT];
  if (count === 0) return Number.NaN;
  if (count > MARKERS) return state[at + HEIGHTS + 2];
  const rank = p * (count - 1);
  const below = at + HEIGHTS + Math.floor(rank);
  const above = at + HEIGHTS + Math.ceil(rank);
  return state[below] + (rank % 1) * (state[above] - state[below]);
}

/** Where marker i should be, as a share of all values: 0, p/2, p, (1 + p)/2, 1. */
function desired(p: number, i: number): number {
  return i === 1 ? p / 2 : i === 2 ? p : (1 + p) / 2;
}

/** Moves an inner marker by one rank when it is off by one or more, along a parabola, or a line where that bends back. */
function adjust(state: Float64Array, height: number, rank: number, wanted: number): void {
  const off = wanted - state[rank];
  const room = off >= 1 ? state[rank + 1] - state[rank] > 1 : off <= -1 && state[rank] - state[rank - 1] > 1;
  if (!room) return;
  const d = Math.sign(off);
  const up = (state[height + 1] - state[height]) / (state[rank + 1] - state[rank]);
  const down = (state[height] - state[height - 1]) / (state[rank] - state[rank - 1]);
  const span = state[rank + 1] - state[rank - 1];
  const parabola =
    state[height] +
    (d / span) * ((state[rank] - state[rank - 1] + d) * up + (state[rank + 1] - state[rank] - d) * down);
  const inside = state[height - 1] < parabola && parabola < state[height + 1];
  state[height] = inside ? parabola : state[height] + d * (d > 0 ? up : down);
  state[rank] += d;
}
