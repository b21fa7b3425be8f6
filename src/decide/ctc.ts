/**
 * Greedy CTC search (Graves et al., "Connectionist Temporal Classification", ICML 2006, best path decoding): the likeliest
 * token of every frame, repeats and blanks removed. The last frame's token is carried over the borders of chunks, so a
 * token that is repeated there is one.
 */
import type { Batch, Slot } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import { BugError } from '../core/errors.js';
import { OUTPUT_FRAME_US, type CtcModel } from '../core/recogniser.js';
import type { Hypothesis } from './hypothesis.js';
import type { SavedNumbers } from './saved-numbers.js';
import { bestOf } from './scores.js';
import type { TokenSearch } from './token-search.js';

/** The token of the last frame, blank or not. */
interface LastToken {
  id: number;
}

export class CtcSearch implements TokenSearch<LastToken> {
  readonly form = 1;
  /** Of the encoder's output; tokens.txt may have more. */
  readonly #vocabulary: number;

  /** @param resetEncoder the encoder's memory of a slot starts anew */
  constructor(
    private readonly model: CtcModel,
    private readonly resetEncoder: (slot: Slot) => void,
    private readonly counters: Counters,
  ) {
    this.#vocabulary = vocabularyOf(model);
  }

  begin(): LastToken {
    return { id: this.model.blank };
  }

  pause(slot: Slot, hypothesis: Hypothesis<LastToken>): void {
    hypothesis.memory = this.begin();
    this.resetEncoder(slot);
  }

  /** What was heard last is what it was. */
  cut(): void {}

  save({ id }: LastToken): number[] {
    return [id];
  }

  load(_slot: Slot, numbers: SavedNumbers): LastToken {
    return { id: numbers.next() };
  }

  /** @param output log-probabilities [n, output frames, vocabulary] */
  advance(output: Float32Array, input: Batch, hypotheses: readonly Hypothesis<LastToken>[]): void {
    const { outputFrames } = this.model;
    let at = 0;
    for (let row = 0; row < input.n; row++) {
      const hypothesis = hypotheses[input.slot[row]];
      for (let t = 0; t < outputFrames; t++, at += this.#vocabulary) {
        this.#hear(hypothesis, output, at, input.us[row] + t * OUTPUT_FRAME_US);
      }
    }
  }

  #hear(hypothesis: Hypothesis<LastToken>, output: Float32Array, at: number, us: number): void {
    const { memory: last } = hypothesis;
    const { blank } = this.model;
    const id = bestOf(output, at, this.#vocabulary);
    const logProb = output[at + id];
    if (!Number.isFinite(logProb)) this.counters.count('decide.score-not-finite');
    hypothesis.hear(id === blank);
    if (id !== blank && id !== last.id) hypothesis.add(id, us, logProb);
    last.id = id;
  }
}

/** Values of an output frame: the vocabulary. */
export function vocabularyOf(model: CtcModel): number {
  const width = model.encoder.outputs[0].shape.at(-1);
  if (typeof width !== 'number') throw new BugError('the last axis of log-probabilities is the vocabulary');
  return width;
}
