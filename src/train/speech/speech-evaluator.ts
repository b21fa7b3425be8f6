/** How well the net recognises held-out speech: the errors of what greedy decoding reads. */
import { float32Of, OrtSession, tensorOf } from '../../step/ort.js';
import type { NetSpec } from '../net-spec.js';
import { Confusions, type Confusion } from './confusions.js';
import type { Lesson } from './lessons.js';
import { speechBatch } from './speech-batch.js';
import { buildSpeechLossGraph } from './speech-graphs.js';

/** Utterances a run. */
const LANES = 16;

export interface TokenErrors {
  /** Insertions, deletions and substitutions of all utterances together. */
  readonly errors: number;
  /** Tokens that were to be read. */
  readonly tokens: number;
  readonly utterances: number;
  /** Utterances without an error. */
  readonly right: number;
}

export interface SpeechEvaluation {
  /** Token error rate of greedy decoding: what is to be small in the end. */
  readonly loss: number;
  /** Nats an utterance. */
  readonly ctcLoss: number;
  readonly all: TokenErrors;
  readonly bySpeaker: ReadonlyMap<string, TokenErrors>;
  /** Of all utterances together, what was read right included. */
  readonly confusions: readonly Confusion[];
}

const NONE: TokenErrors = { errors: 0, tokens: 0, utterances: 0, right: 0 };

/** Errors by tokens that were to be read; may exceed 1. */
export function tokenErrorRate({ errors, tokens }: TokenErrors): number {
  return errors / Math.max(1, tokens);
}

export class SpeechEvaluator {
  readonly #session: OrtSession;
  readonly #maxLabels: number;

  /** @param lessons held out; each evaluation is over all of them */
  constructor(
    private readonly spec: NetSpec,
    private readonly lessons: readonly Lesson[],
    private readonly blank: number,
  ) {
    this.#maxLabels = lessons.reduce((most, { labels }) => Math.max(most, labels.length), 1);
    this.#session = new OrtSession(buildSpeechLossGraph(spec, this.#maxLabels));
  }

  /** @param parameters [N] */
  evaluate(parameters: Float32Array): SpeechEvaluation {
    const bySpeaker = new Map<string, TokenErrors>();
    const confusions = new Confusions();
    let [all, ctcLoss] = [NONE, 0];
    for (let from = 0; from < this.lessons.length; from += LANES) {
      const lessons = this.lessons.slice(from, from + LANES);
      const { feeds } = speechBatch(lessons, this.spec.inputs, this.#maxLabels, this.blank);
      const { frame_targets: _joins, ...rest } = feeds;
      const fed = { ...rest, parameters: tensorOf(parameters, [parameters.length]) };
      const out = this.#session.run(fed, { log_probs: null, loss: null });
      ctcLoss += float32Of(out, 'loss')[0] * lessons.length;
      const logProbs = float32Of(out, 'log_probs');
      lessons.forEach(({ chunks, labels, speaker }, lane) => {
        const read = greedy(logProbs, chunks.count, { lane, lanes: lessons.length }, this.spec.channels, this.blank);
        const errors = confusions.add(labels, read);
        const found = { errors, tokens: labels.length, utterances: 1, right: errors === 0 ? 1 : 0 };
        all = sum(all, found);
        bySpeaker.set(speaker, sum(bySpeaker.get(speaker) ?? NONE, found));
      });
    }
    const mean = ctcLoss / Math.max(1, this.lessons.length);
    return { loss: tokenErrorRate(all), ctcLoss: mean, all, bySpeaker, confusions: confusions.all() };
  }

  close(): void {
    this.#session.close();
  }
}

interface Lane {
  readonly lane: number;
  readonly lanes: number;
}

/** Best path (Graves et al. 2006): the likeliest token of every step, repeats and blanks removed. @param logProbs [T, B, C] */
function greedy(logProbs: Float32Array, steps: number, { lane, lanes }: Lane, tokens: number, blank: number): number[] {
  const read: number[] = [];
  let last = blank;
  for (let t = 0; t < steps; t++) {
    const row = (t * lanes + lane) * tokens;
    let best = 0;
    for (let token = 1; token < tokens; token++) if (logProbs[row + token] > logProbs[row + best]) best = token;
    if (best !== blank && best !== last) read.push(best);
    last = best;
  }
  return read;
}

function sum(a: TokenErrors, b: TokenErrors): TokenErrors {
  return {
    errors: a.errors + b.errors,
    tokens: a.tokens + b.tokens,
    utterances: a.utterances + b.utterances,
    right: a.right + b.right,
  };
}
