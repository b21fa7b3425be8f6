/** Which piece of data each lane holds in each window of an epoch, so that little of what is computed is padding. */
import { uniform } from '../core/random.js';

/** Any number: the same pieces shall be in the same order. */
const SEED = 1;

/**
 * A window never holds two pieces in one lane, because the graph takes a state at its first row only. A lane whose piece
 * ends is padded to the end of the window; a window is as long as the lane that has most.
 */
export interface LanePlan {
  readonly windows: number;
  /** [windows] time steps, 1 … T */
  readonly length: Int32Array;
  /** [windows, B] index of the piece, -1 = the lane is idle. */
  readonly piece: Int32Array;
  /** [windows, B] sample of the piece with which the window begins. */
  readonly from: Int32Array;
}

/**
 * The cheaper of two plans. `dealt` is good for few pieces of very unequal lengths: a lane goes on with its next piece
 * while others are in the middle of theirs. `bucketed` is good for many short ones: those of about the same length go side
 * by side and end together.
 * @param samples of each piece, ≥ 1
 * @param lanes B
 * @param length T, the longest window
 */
export function planLanes(samples: readonly number[], lanes: number, length: number): LanePlan {
  const plans = [dealt(samples, lanes, length), bucketed(samples, lanes, length)];
  const [dealtRows, bucketedRows] = plans.map((plan) => plan.length.reduce((sum, rows) => sum + rows, 0));
  return bucketedRows < dealtRows ? plans[1] : plans[0];
}

/** Pieces go to the lane with the least work, longest first, so that lanes end together. Windows of T. */
function dealt(samples: readonly number[], lanes: number, length: number): LanePlan {
  const windowsOf = (piece: number): number => Math.ceil(samples[piece] / length);
  const queues = Array.from({ length: lanes }, () => ({ pieces: [] as number[], windows: 0 }));
  const order = samples.map((_, piece) => piece).toSorted((a, b) => windowsOf(b) - windowsOf(a) || a - b);
  for (const piece of order) {
    let least = queues[0];
    for (const queue of queues) if (queue.windows < least.windows) least = queue;
    least.pieces.push(piece);
    least.windows += windowsOf(piece);
  }
  const plan = new Draft(Math.max(1, ...queues.map(({ windows }) => windows)), lanes);
  queues.forEach(({ pieces }, lane) => {
    let window = 0;
    for (const piece of pieces) window += plan.place(piece, samples[piece], window, lane, length);
  });
  return plan;
}

/**
 * The B longest pieces go side by side, then the next B, and so on, in windows of equal length: no optimiser step is left
 * with a few last rows. The buckets are in random order, or every epoch would end with the shortest pieces.
 */
function bucketed(samples: readonly number[], lanes: number, length: number): LanePlan {
  const order = samples.map((_, piece) => piece).toSorted((a, b) => samples[b] - samples[a] || a - b);
  const buckets: { pieces: number[]; windows: number; key: number }[] = [];
  for (let first = 0; first < order.length; first += lanes) {
    const windows = Math.ceil(samples[order[first]] / length);
    buckets.push({ pieces: order.slice(first, first + lanes), windows, key: uniform(SEED, 0, buckets.length) });
  }
  const plan = new Draft(
    Math.max(
      1,
      buckets.reduce((sum, { windows }) => sum + windows, 0),
    ),
    lanes,
  );
  let window = 0;
  for (const { pieces, windows } of buckets.toSorted((a, b) => a.key - b.key)) {
    const each = Math.ceil(samples[pieces[0]] / windows);
    pieces.forEach((piece, lane) => plan.place(piece, samples[piece], window, lane, each));
    window += windows;
  }
  return plan;
}

class Draft implements LanePlan {
  readonly length: Int32Array;
  readonly piece: Int32Array;
  readonly from: Int32Array;

  constructor(
    readonly windows: number,
    private readonly lanes: number,
  ) {
    // A window in which all lanes are idle still has a row.
    this.length = new Int32Array(windows).fill(1);
    this.piece = new Int32Array(windows * lanes).fill(-1);
    this.from = new Int32Array(windows * lanes);
  }

  /** Lays a piece into a lane from a window on. @param each samples a window @returns the windows that it takes */
  place(piece: number, samples: number, window: number, lane: number, each: number): number {
    const taken = Math.ceil(samples / each);
    for (let w = 0; w < taken; w++) {
      const at = window + w;
      this.piece[at * this.lanes + lane] = piece;
      this.from[at * this.lanes + lane] = w * each;
      this.length[at] = Math.max(this.length[at], Math.min(each, samples - w * each));
    }
    return taken;
  }
}
