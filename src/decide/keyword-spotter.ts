/**
 * From the scores of keywords to events, one for each time that a keyword is spoken:
 *
 *     armed ──score ≥ threshold──► told (an event, unless the last one is too recent) ──score < threshold / 2──► armed
 *
 * Everything is a function of the steps of the net and their times, so nothing depends on how the audio is cut. A stream is
 * remembered in a few numbers a keyword.
 */
import type { Batch, Decider, Emit, Micros, Slot } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import { eventId } from '../core/event-id.js';
import { type CtcModel, OUTPUT_FRAME_US } from '../core/recogniser.js';
import { loadNumbers, saveNumbers, unfitState } from '../core/saved-state.js';
import { vocabularyOf } from './ctc.js';
import { KeywordScore } from './keyword-score.js';

/** What of its threshold a score has to fall below before the keyword can be told again. */
const RELEASE = 0.5;
/** A step in which blank is likelier than everything else together. */
const SILENT = 0.5;

/** A keyword that is listened for. */
export interface SpeltKeyword {
  /** As it was written. */
  readonly phrase: string;
  /** Tokens, at least one. */
  readonly ids: readonly number[];
  /** 0 … 1, above 0. */
  readonly threshold: number;
}

export interface SpotterOptions {
  /** Least time between two events of a keyword. */
  readonly refractoryMs: number;
  /** What parts the words of a keyword, and lets the net begin anew. */
  readonly pauseMs: number;
}

export interface SpotterStages {
  readonly model: CtcModel;
  /** Time of the first sample of the stream in this slot. */
  readonly originUs: (slot: Slot) => Micros;
  /** The encoder's memory of a slot starts anew. */
  readonly resetEncoder: (slot: Slot) => void;
  readonly provider: string;
  readonly counters: Counters;
}

/** Of a stream: events so far, silent steps on end. */
const TOLD = 0;
const SILENT_STEPS = 1;
const HEADER = 2;

/** Of a keyword, before what its score remembers: 1 = told and not yet released, and the time of its last event. */
const HELD = 0;
const LAST = 1;
const TRIGGER = 2;

const VERSION = 1;
const SAVED = 'the keywords of a stream';

interface Entry extends SpeltKeyword {
  readonly score: KeywordScore;
  /** Where its numbers begin among those of a stream. */
  readonly at: number;
}

export class KeywordSpotter implements Decider {
  readonly #entries: readonly Entry[];
  /** Numbers of a stream. */
  readonly #fields: number;
  /** Names the keywords: what was saved with others means something else. */
  readonly #form: number;
  readonly #state: Float64Array;
  readonly #streams: string[];
  /** Tokens of keywords, and the blank. */
  readonly #ids: Int32Array;
  /** Of those, by token, in one step. */
  readonly #probabilities: Float64Array;
  readonly #pauseSteps: number;

  /** @param keywords at least one @param capacity streams, ≥ 1 */
  constructor(
    keywords: readonly SpeltKeyword[],
    private readonly options: SpotterOptions,
    private readonly stages: SpotterStages,
    capacity: number,
  ) {
    const { model } = stages;
    let at = HEADER;
    this.#entries = keywords.map((keyword) => {
      const entry = { ...keyword, score: new KeywordScore(keyword.ids, model.blank), at };
      at += TRIGGER + entry.score.size;
      return entry;
    });
    this.#fields = at;
    this.#form = formOf(keywords);
    this.#state = new Float64Array(capacity * at);
    this.#streams = Array.from({ length: capacity }, () => '');
    this.#ids = Int32Array.from(new Set([model.blank, ...keywords.flatMap(({ ids }) => ids)]));
    this.#probabilities = new Float64Array(vocabularyOf(model));
    this.#pauseSteps = Math.max(1, Math.ceil((options.pauseMs * 1000) / OUTPUT_FRAME_US));
    for (let slot = 0; slot < capacity; slot++) this.#clear(slot);
  }

  open(slot: Slot, stream: string): void {
    this.#streams[slot] = stream;
    this.#clear(slot);
  }

  leave(slot: Slot): void {
    this.#streams[slot] = '';
  }

  /** @param output log-probabilities [n, output frames, vocabulary] */
  push(output: Float32Array, input: Batch, emit: Emit): void {
    const { outputFrames } = this.stages.model;
    const width = this.#probabilities.length;
    let at = 0;
    for (let row = 0; row < input.n; row++) {
      const slot = input.slot[row];
      if (input.gap[row] === 1) this.#forget(slot);
      let paused = false;
      for (let t = 0; t < outputFrames; t++, at += width) {
        this.#hear(output, at);
        this.#spot(slot, input.us[row] + t * OUTPUT_FRAME_US, emit);
        if (this.#pauses(slot)) paused = true;
      }
      if (paused) this.stages.resetEncoder(slot);
    }
  }

  /** Nothing is open: a keyword is told at once. What follows is another beginning. */
  end(slot: Slot): void {
    this.#forget(slot);
  }

  /** First byte: version. */
  save(slot: Slot): Uint8Array {
    const from = slot * this.#fields;
    const numbers = new Float64Array(1 + this.#fields);
    numbers[0] = this.#form;
    numbers.set(this.#state.subarray(from, from + this.#fields), 1);
    return saveNumbers(VERSION, numbers);
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const numbers = loadNumbers(VERSION, bytes, SAVED);
    if (numbers.length !== 1 + this.#fields || numbers[0] !== this.#form) throw unfitState(SAVED);
    this.#state.set(numbers.subarray(1), slot * this.#fields);
  }

  /** The probabilities of a step; what is no number is none, and counted. */
  #hear(output: Float32Array, at: number): void {
    const probabilities = this.#probabilities;
    let unfit = false;
    for (const id of this.#ids) {
      const probability = Math.exp(output[at + id]);
      const fit = Number.isFinite(probability);
      probabilities[id] = fit ? probability : 0;
      unfit ||= !fit;
    }
    if (unfit) this.stages.counters.count('decide.score-not-finite');
  }

  #spot(slot: Slot, us: Micros, emit: Emit): void {
    const state = this.#state;
    const first = slot * this.#fields;
    for (const entry of this.#entries) {
      const at = first + entry.at;
      const score = entry.score.step(state, at + TRIGGER, this.#probabilities, us);
      if (state[at + HELD] === 0 && score >= entry.threshold) {
        // What is too soon after an event belongs to it, however long it lasts.
        state[at + HELD] = 1;
        const endUs = us + OUTPUT_FRAME_US;
        // Below 0: the clock was set back, and when the last one was is not known any more.
        const sinceUs = endUs - state[at + LAST];
        if (sinceUs >= 0 && sinceUs < this.options.refractoryMs * 1000) continue;
        state[at + LAST] = endUs;
        this.#tell(slot, entry, score, endUs, emit);
      } else if (score < RELEASE * entry.threshold) state[at + HELD] = 0;
    }
  }

  #tell(slot: Slot, { phrase, threshold, score: way, at }: Entry, score: number, us: Micros, emit: Emit): void {
    const stream = this.#streams[slot];
    const first = slot * this.#fields;
    emit({
      type: 'keyword',
      id: eventId(stream, 'keyword', phrase, threshold, us),
      stream,
      us,
      segment: this.#state[first + TOLD]++,
      originUs: this.stages.originUs(slot),
      startUs: way.startUs(this.#state, first + at + TRIGGER),
      keyword: phrase,
      score,
      threshold,
      provider: this.stages.provider,
    });
  }

  /** Whether silence has lasted for a pause; then it counts anew, and words before it belong to no keyword behind it. */
  #pauses(slot: Slot): boolean {
    const first = slot * this.#fields;
    const silent = this.#probabilities[this.stages.model.blank] > SILENT;
    this.#state[first + SILENT_STEPS] = silent ? this.#state[first + SILENT_STEPS] + 1 : 0;
    if (this.#state[first + SILENT_STEPS] < this.#pauseSteps) return false;
    this.#forget(slot);
    return true;
  }

  /** What was heard; not what was told. */
  #forget(slot: Slot): void {
    const first = slot * this.#fields;
    this.#state[first + SILENT_STEPS] = 0;
    for (const { at, score } of this.#entries) {
      this.#state[first + at + HELD] = 0;
      score.forget(this.#state, first + at + TRIGGER);
    }
  }

  #clear(slot: Slot): void {
    const first = slot * this.#fields;
    this.#state.fill(0, first, first + this.#fields);
    for (const { at } of this.#entries) this.#state[first + at + LAST] = -Infinity;
  }
}

/** FNV-1a (32 bits) of the tokens of all keywords. */
function formOf(keywords: readonly SpeltKeyword[]): number {
  let hash = 0x811c9dc5;
  for (const { ids } of keywords) {
    for (const id of [ids.length, ...ids]) hash = Math.imul(hash ^ id, 0x01000193) >>> 0;
  }
  return hash;
}
