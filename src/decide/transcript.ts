/** A hypothesis as the world sees it: text, tokens and words with their times. */
import type { Micros } from '../core/contracts.js';
import type { Alternative, Token, Word } from '../core/events.js';
import { OUTPUT_FRAME_US } from '../core/recogniser.js';
import type { Hypothesis } from './hypothesis.js';
import type { Reading } from './token-search.js';
import type { Spelling } from './words.js';

/**
 * A token ends where the next begins, but a pause behind it is not part of it: neither CTC nor a transducer says how long
 * a token lasts, and few take longer.
 */
const LONGEST_TOKEN_US = 10 * OUTPUT_FRAME_US;

export interface Transcript {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly words: readonly Word[];
}

/** @returns the first `count` tokens of a hypothesis as text, all with times */
export function transcriptOf<M>(hypothesis: Hypothesis<M>, count: number, spelling: Spelling): Transcript {
  const ids = hypothesis.ids.slice(0, count);
  const startUs = hypothesis.startUs.slice(0, count);
  const { logProbs } = hypothesis;
  const tokens = ids.map((id, i) => ({
    text: spelling.token(id),
    startUs: startUs[i],
    endUs: endOf(startUs, i),
    logProb: logProbs[i],
  }));
  const words = spelling.words(ids).map(({ from, to, text }) => ({
    text,
    startUs: startUs[from],
    endUs: endOf(startUs, to - 1),
    confidence: confidenceOf(logProbs, from, to),
  }));
  return { text: spelling.text(ids), tokens, words };
}

/** @returns what the readings say, each text once, in their order */
export function alternativesOf(readings: readonly Reading[], spelling: Spelling): Alternative[] {
  const confidences = new Map<string, number>();
  for (const { ids, probability } of readings) {
    const text = spelling.text(ids);
    confidences.set(text, (confidences.get(text) ?? 0) + probability);
  }
  return Array.from(confidences, ([text, confidence]) => ({ text, confidence }));
}

/** The last token of a segment is given its one frame. */
function endOf(startUs: readonly Micros[], i: number): Micros {
  if (i + 1 === startUs.length) return startUs[i] + OUTPUT_FRAME_US;
  return Math.min(startUs[i + 1], startUs[i] + LONGEST_TOKEN_US);
}

/** Geometric mean of the probabilities of tokens `from … to` (exclusive). */
function confidenceOf(logProbs: readonly number[], from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += logProbs[i];
  return Math.exp(sum / (to - from));
}
