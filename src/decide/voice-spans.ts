/**
 * Spans of speech from probabilities, one machine a stream, all times event time:
 *
 *     quiet ──p ≥ on──► stirring ──longer than minSpeech──► speaking
 *       ▲                  │                                   │
 *       └──────────────────┴── minSilence since p < off, and no p ≥ on in between
 *
 * The definitions of Silero's own `get_speech_timestamps` (snakers4/silero-vad, utils_vad.py), made causal: a span is
 * told when nothing that comes can undo it. A window is as long as the hop of the net; its time is that of its start.
 * Silence shorter than the padding does not end a span, so that padding after it never reaches into the unheard.
 */
import type { Micros, Slot } from '../core/contracts.js';
import { loadNumbers, saveNumbers, unfitState } from '../core/saved-state.js';
import { offThresholdOf, type VoiceOptions } from '../core/voice.js';

/** What a window changed. */
export type VoiceChange = 'none' | 'start' | 'end';

const QUIET = 0;
const STIRRING = 1;
const SPEAKING = 2;

/** Layout of one stream's numbers. */
const PHASE = 0;
/** A span must not begin before: the end of the last one, or where the audio begins; NaN = at the next window. */
const FLOOR = 1;
/** First window of this span. */
const ONSET = 2;
/** First window below `off` since the last one above `on`; NaN = none. */
const QUIET_SINCE = 3;
/** End of the last window. */
const HEARD = 4;
/** Padded borders of the latest span. */
const START = 5;
const END = 6;
/** Spans so far. */
const SPANS = 7;
/** Probability of the last window. */
const PROBABILITY = 8;
const FIELDS = 9;

const VERSION = 1;
const SAVED = 'voice activity';

export class VoiceSpans {
  readonly #state: Float64Array;
  readonly #on: number;
  readonly #off: number;
  readonly #minSpeechUs: Micros;
  readonly #minSilenceUs: Micros;
  readonly #padUs: Micros;

  /** @param windowUs time between two probabilities @param capacity slots, ≥ 1 */
  constructor(
    options: VoiceOptions,
    private readonly windowUs: Micros,
    capacity: number,
  ) {
    this.#on = options.threshold;
    this.#off = offThresholdOf(options);
    this.#minSpeechUs = 1000 * options.minSpeechMs;
    this.#padUs = Math.round(1000 * options.padMs);
    this.#minSilenceUs = Math.max(1000 * options.minSilenceMs, this.#padUs);
    this.#state = new Float64Array(capacity * FIELDS);
  }

  open(slot: Slot): void {
    const at = slot * FIELDS;
    this.#state.fill(0, at, at + FIELDS);
    this.#state[at + FLOOR] = this.#state[at + QUIET_SINCE] = Number.NaN;
  }

  /** Takes one window. @param us its start @param probability of speech, 0 … 1 */
  step(slot: Slot, us: Micros, probability: number): VoiceChange {
    const at = slot * FIELDS;
    const state = this.#state;
    if (Number.isNaN(state[at + FLOOR])) state[at + FLOOR] = us;
    state[at + HEARD] = us + this.windowUs;
    state[at + PROBABILITY] = probability;
    if (probability >= this.#on) {
      state[at + QUIET_SINCE] = Number.NaN;
      if (state[at + PHASE] === QUIET) {
        state[at + PHASE] = STIRRING;
        state[at + ONSET] = us;
      }
    }
    if (state[at + PHASE] === QUIET) return 'none';
    if (probability < this.#off) return this.#fallSilent(at, us);
    return this.#isLongEnough(at) ? this.#begin(at) : 'none';
  }

  /**
   * Nothing follows the audio up to `us` (a gap, the end of the stream). A span that is open ends there, although it may
   * just have fallen silent; what was too short so far is forgotten. Later spans begin in later audio, padding included.
   * @returns whether a span ended
   */
  stop(slot: Slot, us: Micros): boolean {
    const at = slot * FIELDS;
    const state = this.#state;
    const spoke = state[at + PHASE] === SPEAKING;
    state[at + PHASE] = QUIET;
    if (spoke) state[at + END] = Math.max(state[at + START], Math.min(us, state[at + HEARD]));
    state[at + QUIET_SINCE] = state[at + FLOOR] = Number.NaN;
    return spoke;
  }

  /** Start of the latest span, with padding. */
  startUs(slot: Slot): Micros {
    return this.#state[slot * FIELDS + START];
  }

  /** End of the latest span that has ended, with padding. */
  endUs(slot: Slot): Micros {
    return this.#state[slot * FIELDS + END];
  }

  /** First window below the off threshold since the last one above the on threshold; NaN = none. */
  quietSinceUs(slot: Slot): Micros {
    return this.#state[slot * FIELDS + QUIET_SINCE];
  }

  /** Number of the latest span, from 0. */
  segment(slot: Slot): number {
    return this.#state[slot * FIELDS + SPANS] - 1;
  }

  /** Of the last window. */
  probability(slot: Slot): number {
    return this.#state[slot * FIELDS + PROBABILITY];
  }

  save(slot: Slot): Uint8Array {
    return saveNumbers(VERSION, this.#state.subarray(slot * FIELDS, (slot + 1) * FIELDS));
  }

  /** @throws UserError `SNAPSHOT_INVALID` */
  load(slot: Slot, bytes: Uint8Array): void {
    const saved = loadNumbers(VERSION, bytes, SAVED);
    if (saved.length !== FIELDS) throw unfitState(SAVED);
    this.#state.set(saved, slot * FIELDS);
  }

  /** Speech that paused is judged by what comes after the pause. */
  #isLongEnough(at: number): boolean {
    const state = this.#state;
    if (state[at + PHASE] !== STIRRING || !Number.isNaN(state[at + QUIET_SINCE])) return false;
    return state[at + HEARD] - state[at + ONSET] > this.#minSpeechUs;
  }

  #begin(at: number): VoiceChange {
    const state = this.#state;
    state[at + PHASE] = SPEAKING;
    state[at + SPANS]++;
    state[at + START] = Math.max(state[at + FLOOR], state[at + ONSET] - this.#padUs);
    return 'start';
  }

  #fallSilent(at: number, us: Micros): VoiceChange {
    const state = this.#state;
    if (Number.isNaN(state[at + QUIET_SINCE])) state[at + QUIET_SINCE] = us;
    if (us - state[at + QUIET_SINCE] < this.#minSilenceUs) return 'none';
    const spoke = state[at + PHASE] === SPEAKING;
    const endUs = state[at + QUIET_SINCE] + this.#padUs;
    state[at + PHASE] = QUIET;
    if (!spoke) return 'none';
    state[at + END] = state[at + FLOOR] = endUs;
    return 'end';
  }
}
