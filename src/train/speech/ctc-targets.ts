/** Transcripts as what the CTC loss is fed with: the states of Graves' extended labels, side by side for all utterances. */
import { BugError } from '../../core/errors.js';

/** Logarithm of a probability of 0: far below any sum of real ones, and finite. */
export const IMPOSSIBLE = -1e30;

/** S: a state for every label, and one for the blank before, between and behind them. */
export function stateCount(maxLabels: number): number {
  return 2 * maxLabels + 1;
}

/** Frames without which no path spells the labels: one each, and a blank between equal neighbours; at least 1. */
export function framesNeeded(labels: ArrayLike<number>): number {
  let frames = labels.length;
  for (let i = 1; i < labels.length; i++) if (labels[i] === labels[i - 1]) frames++;
  return Math.max(1, frames);
}

export class CtcTargets {
  /** [B, S] token of each state: blank, label, blank, …; blank where there is none. */
  readonly states: BigInt64Array;
  /** [B, S] 0 in the states that the transcript has, else IMPOSSIBLE. */
  readonly enter: Float32Array;
  /** [B, S] 0 in labels that differ from the one before (the blank between may be left out), else IMPOSSIBLE. */
  readonly skip: Float32Array;
  /** [B, S] 0 in the last label and the blank behind it, else IMPOSSIBLE. */
  readonly final: Float32Array;
  /** [B] 1, or 0 for an utterance that does not count. */
  readonly weight: Float32Array;
  /** [T, B] 1 while the utterance lasts. */
  readonly active: Float32Array;
  readonly #states: number;

  /**
   * @param frames T, of the longest utterance
   * @param lanes B
   * @param maxLabels of the longest transcript, ≥ 1
   * @param blank token that means "nothing here"
   */
  constructor(
    frames: number,
    private readonly lanes: number,
    private readonly maxLabels: number,
    private readonly blank: number,
  ) {
    this.#states = stateCount(maxLabels);
    const size = lanes * this.#states;
    this.states = new BigInt64Array(size);
    this.enter = new Float32Array(size);
    this.skip = new Float32Array(size);
    this.final = new Float32Array(size);
    this.weight = new Float32Array(lanes);
    this.active = new Float32Array(frames * lanes);
  }

  /**
   * Writes the utterance of a lane.
   * @param labels tokens, none of them blank; may be empty
   * @param frames of audio, 1 … T
   * @returns false: the labels do not fit into the frames, their loss would be infinite; the lane does not count
   */
  set(lane: number, labels: ArrayLike<number>, frames: number): boolean {
    if (labels.length > this.maxLabels) throw new BugError(`${labels.length} labels where ${this.maxLabels} have room`);
    const from = lane * this.#states;
    const to = from + this.#states;
    const count = stateCount(labels.length);
    this.states.fill(BigInt(this.blank), from, to);
    this.enter.fill(0, from, from + count).fill(IMPOSSIBLE, from + count, to);
    this.skip.fill(IMPOSSIBLE, from, to);
    this.final.fill(IMPOSSIBLE, from, to).fill(0, Math.max(from, from + count - 2), from + count);
    for (let i = 0; i < labels.length; i++) {
      const state = from + 2 * i + 1;
      this.states[state] = BigInt(labels[i]);
      if (i > 0 && labels[i] !== labels[i - 1]) this.skip[state] = 0;
    }
    for (let at = lane, t = 0; at < this.active.length; at += this.lanes, t++) this.active[at] = t < frames ? 1 : 0;
    const fits = framesNeeded(labels) <= frames;
    this.weight[lane] = fits ? 1 : 0;
    return fits;
  }
}
