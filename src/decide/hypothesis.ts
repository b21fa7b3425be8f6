/** What greedy search has recognised of the present segment of one stream, and what it needs to go on. */
import type { Micros } from '../core/contracts.js';
import { OUTPUT_FRAME_US } from '../core/recogniser.js';
import { loadNumbers, saveNumbers, unfitState } from '../core/saved-state.js';

const VERSION = 1;
const SAVED = 'the transcript of a stream';
/** Saved before the context and the tokens. */
const HEAD = { segment: 0, frames: 1, blanks: 2, told: 3, heardUs: 4, fields: 5 } as const;
const TOKEN_FIELDS = 3;

export class Hypothesis {
  /** Number of the segment in its stream. */
  segment = 0;
  /** Output frames heard in the segment. */
  frames = 0;
  /** Output frames since the last one that was not blank; `frames` when there was none. */
  blanks = 0;
  /** Tokens of the partial result that was given last. */
  told = 0;
  /** End of what was heard; NaN: nothing yet. */
  heardUs: Micros = Number.NaN;
  /** Tokens of the segment: vocabulary ids, times of their output frames, natural logarithms of their probabilities. */
  readonly ids: number[] = [];
  readonly startUs: Micros[] = [];
  readonly logProbs: number[] = [];

  /** @param context what the search looks back at, outlives the segment; its meaning is the search's */
  constructor(readonly context: Int32Array) {}

  /** One output frame more. */
  hear(blank: boolean): void {
    this.frames++;
    this.blanks = blank ? this.blanks + 1 : 0;
  }

  add(id: number, startUs: Micros, logProb: number): void {
    this.ids.push(id);
    this.startUs.push(startUs);
    this.logProbs.push(logProb);
  }

  /** Forgets the first `count` tokens, a segment of their own; what follows them begins the next one. */
  cut(count: number): void {
    this.ids.splice(0, count);
    this.startUs.splice(0, count);
    this.logProbs.splice(0, count);
    this.frames = this.ids.length === 0 ? 0 : (this.heardUs - this.startUs[0]) / OUTPUT_FRAME_US;
    this.blanks = Math.min(this.blanks, this.frames);
    this.told = 0;
  }

  /** @returns its numbers, the version in the first byte */
  save(): Uint8Array {
    const { context, ids, startUs, logProbs } = this;
    const tokensAt = HEAD.fields + context.length;
    const numbers = new Float64Array(tokensAt + TOKEN_FIELDS * ids.length);
    numbers.set([this.segment, this.frames, this.blanks, this.told, this.heardUs]);
    numbers.set(context, HEAD.fields);
    ids.forEach((id, i) => numbers.set([id, startUs[i], logProbs[i]], tokensAt + TOKEN_FIELDS * i));
    return saveNumbers(VERSION, numbers);
  }

  /** @throws UserError `SNAPSHOT_INVALID` for another version or size */
  load(bytes: Uint8Array): void {
    const { context } = this;
    const tokensAt = HEAD.fields + context.length;
    const numbers = loadNumbers(VERSION, bytes, SAVED);
    const tokens = (numbers.length - tokensAt) / TOKEN_FIELDS;
    if (!Number.isInteger(tokens) || tokens < 0) throw unfitState(SAVED);
    this.cut(this.ids.length);
    this.segment = numbers[HEAD.segment];
    this.frames = numbers[HEAD.frames];
    this.blanks = numbers[HEAD.blanks];
    this.told = numbers[HEAD.told];
    this.heardUs = numbers[HEAD.heardUs];
    for (let i = 0; i < context.length; i++) context[i] = numbers[HEAD.fields + i];
    for (let at = tokensAt; at < numbers.length; at += TOKEN_FIELDS) {
      this.add(numbers[at], numbers[at + 1], numbers[at + 2]);
    }
  }
}
