/**
 * Connectionist temporal classification in the training graph (Graves et al., ICML 2006): −ln of the probability of all
 * paths that spell a transcript, by the forward recursion alone; its gradient is what back-propagation through the loop
 * gives, so there is no second recursion that could disagree with the first.
 */
import type { Value } from '../../onnx/graph.js';
import type { TensorGraph } from '../../onnx/tensor-graph.js';
import { scan } from '../scan.js';
import { IMPOSSIBLE, stateCount } from './ctc-targets.js';

/** Below any real sum of weights; makes the mean over no utterance 0 instead of NaN. */
const LEAST_WEIGHT = 2 ** -40;

/** What is fed beside the net's output; see `CtcTargets`, whose arrays these are. S = 2 · maxLabels + 1. */
export interface CtcInputs {
  /** int64 [B, S] token of each state. */
  readonly states: Value;
  /** [B, S] 0, or IMPOSSIBLE where the transcript has no such state. */
  readonly enter: Value;
  /** [B, S] 0 where the state may be entered from the one before the last, else IMPOSSIBLE. */
  readonly skip: Value;
  /** [B, S] 0 where a path may end, else IMPOSSIBLE. */
  readonly final: Value;
  /** [T, B, 1] 1 while the utterance lasts, 0 behind it; it lasts at least one frame. */
  readonly active: Value;
  /** [B, 1] 0: the utterance does not count. */
  readonly weight: Value;
}

/** Inputs `ctc_states`, `ctc_enter`, `ctc_skip`, `ctc_final`, `active` and `weight` of a graph. */
export function ctcInputs(g: TensorGraph, maxLabels: number): CtcInputs {
  const shape = ['B', stateCount(maxLabels)];
  return {
    states: g.input(shape, 'ctc_states', 'int64'),
    enter: g.input(shape, 'ctc_enter'),
    skip: g.input(shape, 'ctc_skip'),
    final: g.input(shape, 'ctc_final'),
    active: g.input(['T', 'B', 1], 'active'),
    weight: g.input(['B', 1], 'weight'),
  };
}

export interface CtcLoss {
  /** Scalar: mean over the utterances that count, nats an utterance; 0 when none does. */
  readonly loss: Value;
  /** [B, 1] nats; about −IMPOSSIBLE where the transcript does not fit into the frames. */
  readonly perUtterance: Value;
}

/**
 * α_t(s) = ln(e^α_{t−1}(s) + e^α_{t−1}(s−1) + e^α_{t−1}(s−2) [if allowed]) + ln p_t(token of s), kept near 0 by taking its
 * largest entry out and adding it up apart: in float32 the digits that the gradient needs would be lost in sums of
 * hundreds of nats. −10³⁰ instead of −∞, whose differences are NaN.
 * @param logProbs [T, B, C] logarithms of probabilities
 */
export function ctcLoss(g: TensorGraph, logProbs: Value, inputs: CtcInputs): CtcLoss {
  const { enter, skip, final, active, weight } = inputs;
  const S = Number(enter.shape[1]);
  const emission = g.add(g.pick(logProbs, g.expand(inputs.states, ['T', 'B', S])), enter);
  const first = [0, ...Array<number>(S - 1).fill(IMPOSSIBLE)];
  const begin = g.expand(g.constant(first, [1, S]), ['B', S]);
  const [none, neither] = [1, 2].map((width) => g.expand(g.scalar(IMPOSSIBLE), ['B', width]));
  const result = scan(g, [begin, g.zeros(['B', 1])], [emission, active], (body, [alpha, taken], [emitted, now]) => {
    const one = shifted(body, alpha, none);
    const two = body.add(shifted(body, alpha, neither), skip);
    const sum = logSumExp(body, [alpha, one, two]);
    const next = body.add(sum, emitted);
    const largest = body.detached(body.largest(next, 1));
    const lasts = body.greater(now, body.scalar(0));
    return {
      next: [body.where(lasts, body.sub(next, largest), alpha), body.where(lasts, body.add(taken, largest), taken)],
      give: [],
    };
  });
  const [alpha, taken] = result.finalStates;
  const ends = g.add(alpha, final);
  const top = g.detached(g.largest(ends, 1));
  const total = g.add(top, g.map('Log', g.sum(g.map('Exp', g.sub(ends, top)), [1], true)));
  const perUtterance = g.map('Neg', g.add(taken, total));
  const count = g.max(g.sum(weight), g.scalar(LEAST_WEIGHT));
  return { loss: g.div(g.sum(g.mul(weight, perUtterance)), count), perUtterance };
}

/** `before`, and of `x` what is left of the room. @param before [B, n] @param x [B, S] */
function shifted(g: TensorGraph, x: Value, before: Value): Value {
  const [size, by] = [Number(x.shape[1]), Number(before.shape[1])];
  return g.concat([before, g.split(x, 1, [size - by, by])[0]], 1);
}

/** ln Σ eˣ entry by entry. The largest only keeps the exponentials in range: the sum does not depend on it. */
function logSumExp(g: TensorGraph, terms: readonly [Value, Value, Value]): Value {
  const largest = g.detached(terms.reduce((a, b) => g.max(a, b)));
  const sum = terms.map((term) => g.map('Exp', g.sub(term, largest))).reduce((a, b) => g.add(a, b));
  return g.add(largest, g.map('Log', sum));
}
