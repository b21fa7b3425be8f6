/** What both ways of searching greedily, CTC and transducer, have in common. */
import type { Batch, Slot } from '../core/contracts.js';
import type { Hypothesis } from './hypothesis.js';

/** Turns the encoder's output into tokens, appended to hypotheses; one for all streams of a lane. */
export interface GreedySearch {
  /** Numbers that a hypothesis remembers in its context. */
  readonly contextFields: number;
  /** Nothing was heard before what comes next. */
  begin(slot: Slot, hypothesis: Hypothesis): void;
  /** A pause has ended the segment in `hypothesis`; called before its tokens are forgotten. */
  pause(slot: Slot, hypothesis: Hypothesis): void;
  /** The hypothesis of this slot was loaded: what was derived from its context is derived anew. */
  resume(slot: Slot): void;
  /**
   * Searches through all output frames of one step of the encoder.
   * @param output [n, output frames, width] of the encoder for the rows of `input`
   * @param hypotheses by slot
   */
  advance(output: Float32Array, input: Batch, hypotheses: readonly Hypothesis[]): void;
}

/** @returns offset of the first of the highest among `scores[at … at + n)`; 0 when all are NaN */
export function bestOf(scores: Float32Array, at: number, n: number): number {
  let best = 0;
  for (let k = 1; k < n; k++) if (scores[at + k] > scores[at + best]) best = k;
  return best;
}
