/** Deals long sequences onto lanes and walks down them window by window, for stateful truncated BPTT. */
import type { BatchSource, TrainingBatch } from './batches.js';
import { planLanes, type LanePlan } from './lane-plan.js';
import { SequencePage, type Sequence } from './sequence.js';

/** A lane takes at least this many windows of one piece: fewer, and its state is mostly fresh. */
const FEWEST_WINDOWS = 8;

/** Samples `from` … `to - 1` of a sequence in one go; those before `countFrom` only warm up the state. */
export interface Piece {
  readonly sequence: Sequence;
  readonly from: number;
  readonly countFrom: number;
  readonly to: number;
}

export interface WindowOptions {
  /** I */
  readonly inputs: number;
  /** C */
  readonly channels: number;
  /** T */
  readonly length: number;
  /** Upper bound of B. */
  readonly lanes: number;
}

/** The learnt samples of all sequences. */
export function trainingWindows(sequences: readonly Sequence[], options: WindowOptions): Windows {
  const ranges = sequences.map((sequence) => ({ sequence, from: 0, countFrom: 0, to: sequence.split }));
  return windowsOver(ranges, 0, options);
}

/** The held-out samples of all sequences; each piece is warmed up by up to 8 · T samples before it. */
export function validationWindows(sequences: readonly Sequence[], options: WindowOptions): Windows {
  const ranges = sequences.map((sequence) => {
    return { sequence, from: sequence.split, countFrom: sequence.split, to: sequence.rows - 1 };
  });
  return windowsOver(ranges, FEWEST_WINDOWS * options.length, options);
}

function windowsOver(ranges: readonly Piece[], warmUp: number, options: WindowOptions): Windows {
  const { length } = options;
  const samples = ranges.reduce((sum, range) => sum + range.to - range.from, 0);
  const wanted = Math.floor(samples / (FEWEST_WINDOWS * length));
  const lanes = Math.min(Math.max(wanted, 1), options.lanes);
  const longest = Math.max(Math.ceil(samples / lanes / length), 1) * length;
  const pieces: Piece[] = [];
  for (const { sequence, from, to } of ranges) {
    for (let start = from; start < to; start += longest) {
      const end = Math.min(start + longest, to);
      pieces.push({ sequence, from: Math.max(0, start - warmUp), countFrom: start, to: end });
    }
  }
  return new Windows(pieces, { ...options, lanes: Math.max(1, Math.min(lanes, pieces.length)) });
}

/**
 * Walks down the pieces, lane by lane as `planLanes` says. Windows differ in length; a lane that has less than its window is
 * padded with rows of weight 0.
 */
export class Windows implements BatchSource {
  readonly length: number;
  readonly lanes: number;
  readonly inputs: number;
  readonly channels: number;
  readonly #pieces: readonly Piece[];
  readonly #plan: LanePlan;
  /** A lane goes on where it was, so each reads ahead for itself. */
  readonly #pages: readonly SequencePage[];

  /** @param options `lanes` is exact here; lanes without a piece stay idle */
  constructor(pieces: readonly Piece[], options: WindowOptions) {
    this.length = options.length;
    this.lanes = options.lanes;
    this.inputs = options.inputs;
    this.channels = options.channels;
    this.#pieces = pieces;
    const samples = pieces.map(({ from, to }) => to - from);
    this.#plan = planLanes(samples, options.lanes, options.length);
    this.#pages = Array.from({ length: options.lanes }, () => new SequencePage(options.inputs, options.channels));
  }

  get perEpoch(): number {
    return this.#plan.windows;
  }

  fill(_epoch: number, index: number, batch: TrainingBatch): void {
    batch.length = this.#plan.length[index];
    batch.x.fill(0);
    batch.target.fill(0);
    batch.weight.fill(0);
    batch.restart.fill(0);
    batch.counted = 0;
    for (let lane = 0; lane < this.lanes; lane++) {
      const held = this.at(index, lane);
      if (held !== undefined) this.#fillLane(held.piece, held.from, lane, batch);
    }
  }

  /** What a lane holds in window `index` of an epoch: of which piece, and from which sample on; undefined when idle. */
  at(index: number, lane: number): { readonly piece: Piece; readonly from: number } | undefined {
    const plan = index * this.lanes + lane;
    const piece = this.#pieces[this.#plan.piece[plan]];
    return piece && { piece, from: piece.from + this.#plan.from[plan] };
  }

  #fillLane(piece: Piece, from: number, lane: number, batch: TrainingBatch): void {
    const { inputs, channels, lanes } = this;
    const end = Math.min(from + batch.length, piece.to);
    const page = this.#pages[lane];
    // The last sample asks for the row behind it.
    page.turnTo(piece.sequence, from, end + 1);
    const { x, observed, from: first } = page;
    batch.restart[lane] = from === piece.from ? 1 : 0;
    for (let sample = from; sample < end; sample++) {
      const row = (sample - from) * lanes + lane;
      const at = sample - first;
      for (let i = 0; i < inputs; i++) batch.x[row * inputs + i] = x[at * inputs + i];
      for (let c = 0; c < channels; c++) {
        batch.target[row * channels + c] = x[(at + 1) * inputs + c];
        if (sample < piece.countFrom || observed[(at + 1) * channels + c] === 0) continue;
        batch.weight[row * channels + c] = 1;
        batch.counted++;
      }
    }
  }
}
