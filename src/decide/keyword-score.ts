/**
 * How likely it is that a keyword was just spoken, from the probabilities that a CTC model gives its tokens.
 *
 * Of the tokens k_1 … k_n of a keyword, a(i, t) is the probability that step t is labelled k_i and that the last i tokens
 * were k_1 … k_i, whatever came before; b(i, t) the same with step t labelled blank. With p(·, t) of the model:
 *
 *     a(1, t) = p(k_1, t)
 *     a(i, t) = p(k_i, t) · (a(i, t − 1) + b(i − 1, t − 1) + [k_i ≠ k_{i−1}] · a(i − 1, t − 1))
 *     b(i, t) = p(blank, t) · (a(i, t − 1) + b(i, t − 1))
 *
 * This is the forward pass of CTC (Graves et al., "Connectionist Temporal Classification", ICML 2006, section 4.1) of a
 * keyword behind anything: all ways to label what was heard have the probability 1 together, so that a(n, t) is a likelihood
 * ratio of the keyword to everything, the keyword itself included (keyword against filler: Rohlicek et al., ICASSP 1989).
 *
 *     score(t) = a(n, t)^(1/n)
 *
 * A geometric mean over the tokens, 0 … 1, as the confidence of Chen, Parada and Heigold, "Small-footprint keyword spotting
 * using deep neural networks", ICASSP 2014: long and short keywords can have the same threshold. Two numbers a token, and for
 * each the time at which the likeliest of its ways began.
 */
import type { Micros } from '../core/contracts.js';

/** Of a token: a(i), b(i), and when the likeliest way to each began. */
const LABEL = 0;
const BLANK = 1;
const LABEL_START = 2;
const BLANK_START = 3;
const FIELDS = 4;

export class KeywordScore {
  /** Numbers that it remembers of a stream. */
  readonly size: number;
  readonly #last: number;

  /** @param ids tokens of the keyword, at least one, none of them the blank */
  constructor(
    private readonly ids: readonly number[],
    private readonly blank: number,
  ) {
    this.size = ids.length * FIELDS;
    this.#last = (ids.length - 1) * FIELDS;
  }

  /**
   * Takes one step.
   * @param state `size` numbers of the stream from `at` on; zeros before the first step
   * @param probabilities of the tokens in this step, by id
   * @param us when the step begins
   * @returns the score, 0 … 1
   */
  step(state: Float64Array, at: number, probabilities: Float64Array, us: Micros): number {
    const { ids } = this;
    const silence = probabilities[this.blank];
    // From the last token on: each needs what was remembered of the one before.
    for (let i = ids.length - 1; i >= 0; i--) {
      const own = at + i * FIELDS;
      if (i + 1 < ids.length) this.#blank(state, own, silence);
      if (i === 0) enterFirst(state, own, probabilities[ids[0]], us);
      else this.#label(state, own, probabilities[ids[i]], ids[i] !== ids[i - 1]);
    }
    return Math.min(1, state[at + this.#last + LABEL] ** (1 / ids.length));
  }

  /** When the keyword began that the last score is of: the step in which its first token came. */
  startUs(state: Float64Array, at: number): Micros {
    return state[at + this.#last + LABEL_START];
  }

  /** Nothing was heard before what comes next. */
  forget(state: Float64Array, at: number): void {
    state.fill(0, at, at + this.size);
  }

  #blank(state: Float64Array, own: number, silence: number): void {
    const [label, blank] = [state[own + LABEL], state[own + BLANK]];
    if (label > blank) state[own + BLANK_START] = state[own + LABEL_START];
    state[own + BLANK] = silence * (label + blank);
  }

  /** @param differs from the token before, so that no blank is needed between them */
  #label(state: Float64Array, own: number, probability: number, differs: boolean): void {
    const before = own - FIELDS;
    const stayed = state[own + LABEL];
    const paused = state[before + BLANK];
    const followed = differs ? state[before + LABEL] : 0;
    if (followed > Math.max(stayed, paused)) state[own + LABEL_START] = state[before + LABEL_START];
    else if (paused > stayed) state[own + LABEL_START] = state[before + BLANK_START];
    state[own + LABEL] = probability * (stayed + paused + followed);
  }
}

/** The first token may come at any time: after itself with a(1, t − 1), else anew. */
function enterFirst(state: Float64Array, own: number, probability: number, us: Micros): void {
  if (state[own + LABEL] <= 0.5) state[own + LABEL_START] = us;
  state[own + LABEL] = probability;
}
