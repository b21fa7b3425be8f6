/** What all ways of searching for tokens, greedy or with a beam, CTC or transducer, have in common. */
import type { Batch, Slot } from '../core/contracts.js';
import type { ContextGraph } from './context-graph.js';
import type { Hypothesis } from './hypothesis.js';
import type { SavedNumbers } from './saved-numbers.js';

/** Another way to read a segment. */
export interface Reading {
  readonly ids: readonly number[];
  /** Its share of the probability of all readings that are still considered, 0 … 1. */
  readonly probability: number;
}

/**
 * Turns the encoder's output into tokens; one for all streams of a lane. What it knows of a stream is in the stream's
 * hypothesis.
 * @typeParam M what it remembers of a stream beside the tokens
 */
export interface TokenSearch<M> {
  /** Names the form of what it saves; every search has its own. */
  readonly form: number;
  /** Nothing was heard before what comes next. */
  begin(slot: Slot): M;
  /**
   * A pause has ended the segment, whose tokens are gone from the hypothesis.
   * @param spoke whether there were any
   */
  pause(slot: Slot, hypothesis: Hypothesis<M>, spoke: boolean): void;
  /** The first `count` tokens have become final, without a pause behind them; they are gone from the hypothesis. */
  cut(hypothesis: Hypothesis<M>, count: number): void;
  /**
   * Searches through all output frames of one step of the encoder.
   * @param output [n, output frames, width] of the encoder for the rows of `input`
   * @param hypotheses by slot
   */
  advance(output: Float32Array, input: Batch, hypotheses: readonly Hypothesis<M>[]): void;
  /** The segment is over: what it said is made such that it may end there. Absent: it may end anywhere. */
  settle?(hypothesis: Hypothesis<M>): void;
  /**
   * Everything that the segment may have been, up to `us`, what the hypothesis says first, the others by probability.
   * Absent: there is only one reading.
   */
  readings?(hypothesis: Hypothesis<M>, us: number): Reading[];
  /** From now on these phrases are likelier. Absent: the search has no use for them. */
  prefer?(phrases: ContextGraph, hypotheses: readonly Hypothesis<M>[]): void;
  save(memory: M): number[];
  /** @throws UserError `SNAPSHOT_INVALID` */
  load(slot: Slot, numbers: SavedNumbers): M;
}
