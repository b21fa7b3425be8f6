/** Irregular readings of many channels → fixed time steps, with what is missing marked as missing. */
import { BugError, UserError } from '../core/errors.js';
import { DEFAULT_GAP_STEPS, type AlignedChannel, type Alignment } from '../core/alignment.js';
import type { Aligner, Frame, Micros, Slot } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import { loadNumbers, saveNumbers } from '../core/saved-state.js';
import { forgetStamps, HEAD, knowsStamp, Layout, MEMORY, PHASE, STEP } from './layout.js';
import { ChannelPlaces } from './names.js';
import { OpenSteps } from './open-steps.js';
import { clearWindow, seenBefore } from './sequence.js';

/** The `align` section with its channels filled in (from the configuration or the model card). */
export type ResolvedAlignment = Alignment & { readonly channels: readonly AlignedChannel[] };

type Emit = (frame: Frame) => void;

/** Readings in a row that must agree before a clock that was set back is believed. */
const BACK_READINGS = 5;
const VERSION = 1;

/**
 * Step k holds the readings with floor(us / stepUs) = k. It closes, and its row is emitted, when a reading comes that is
 * more than `lateMs` of steps newer. What happens to the rest, each counted:
 *
 * - `align.late`: the step has closed. A device whose clock went back by no more than `maxGapMs` is late until it
 *   has caught up.
 * - `align.clock-back`: further back than that. After five such readings in a row that agree with each other (within
 *   `maxGapMs`) the fifth is believed: the stream starts anew there, marked `gap`.
 * - Steps missing: up to `maxGapMs` they are emitted as rows without observations (`align.filled`); beyond that the
 *   stream starts anew, marked `gap`. `align.gap` when the readings stayed away as long as that, `align.clock-forward`
 *   when the device's clock jumped (readings went on arriving).
 * - A time line that is left before it completed a row, such as one stray stamp years ahead, is dropped:
 *   `align.stray-time`.
 * - `align.duplicate`: a message number seen before (of the newest 64; a window for each leading channel, because
 *   devices number the messages of every topic by themselves), or a time stamp seen before in the channel (of the last
 *   16). Readings without a stamp of their own are told apart by the message number only.
 * - `align.unknown-channel`: a value of a channel that is not watched. `align.bad-time`, `align.not-finite`: no numbers.
 *
 * A step without readings of a channel: `mean` and `last` are missing; `sum` and `count` are 0 and observed while the
 * stream lives, that is, when the step has a reading of any channel, or when all channels are sums and counts and
 * silence is their usual way of saying 0. The result does not depend on how the input is split into calls.
 */
export class StepAligner implements Aligner {
  readonly stepUs: Micros;
  readonly #places: ChannelPlaces;
  readonly #layout: Layout;
  readonly #steps: OpenSteps;
  readonly #lateSteps: number;
  readonly #gapSteps: number;
  readonly #gapUs: Micros;
  readonly #dedupe: boolean;
  readonly #states: (Float64Array | undefined)[] = [];
  readonly #streams: string[] = [];

  /** @param options `channels` must be those of the model, in its order */
  constructor(
    options: ResolvedAlignment,
    private readonly counters: Counters,
  ) {
    const { stepMs, lateMs, maxGapMs = DEFAULT_GAP_STEPS * stepMs, channels, dedupe } = options;
    this.stepUs = stepMs * 1000;
    this.#places = new ChannelPlaces(channels.map(({ name }) => name));
    this.#lateSteps = Math.ceil(lateMs / stepMs);
    this.#gapSteps = Math.floor(maxGapMs / stepMs);
    this.#gapUs = maxGapMs * 1000;
    this.#dedupe = dedupe;
    this.#layout = new Layout(channels.length, this.#lateSteps + 1);
    this.#steps = new OpenSteps(channels, this.stepUs, this.#layout, counters);
  }

  open(slot: Slot, stream: string): void {
    const state = (this.#states[slot] ??= new Float64Array(this.#layout.fields));
    state.fill(0);
    state[HEAD.stepUs] = this.stepUs;
    this.#streams[slot] = stream;
    for (let c = 0; c < this.#layout.channels; c++) {
      clearWindow(state, this.#layout.memoryAt(c) + MEMORY.window);
      forgetStamps(state, this.#layout.memoryAt(c));
    }
  }

  /**
   * Takes a reading, or the time steps that somebody upstream has already made. Channels may be any subset, in any order.
   * @param slot opened before
   */
  push(slot: Slot, frame: Frame, emit: Emit): void {
    const { signal } = frame;
    if (signal.kind !== 'channels') throw new BugError('the aligner takes channels, not audio');
    const state = this.#stateOf(slot);
    const places = this.#places.of(signal.names);
    const width = signal.names.length;
    if (places.unknown > 0) this.counters.count('align.unknown-channel', (places.unknown * frame.data.length) / width);
    if (places.first < 0) return;
    if (this.#dedupe && frame.sequence !== undefined) {
      const window = this.#layout.memoryAt(places.first) + MEMORY.window;
      if (seenBefore(state, window, frame.sequence)) return this.counters.count('align.duplicate');
    }
    const stamped = this.#dedupe && frame.unstamped === undefined;
    for (let row = 0; row * width < frame.data.length; row++) {
      const us = frame.us + row * signal.stepUs;
      const step = Math.floor(us / this.stepUs);
      if (!Number.isSafeInteger(step)) {
        this.counters.count('align.bad-time');
      } else if (step < state[HEAD.oldest] && stamped && knowsStamp(state, this.#layout.memoryAt(places.first), us)) {
        // Before the clock is doubted: a burst of old deliveries is no clock that was set back.
        this.counters.count('align.duplicate');
      } else if (this.#reach(slot, state, step, frame, emit)) {
        this.#steps.take(state, step, us, frame, places, row * width, stamped);
      }
    }
  }

  flush(slot: Slot, emit: Emit): void {
    const state = this.#stateOf(slot);
    if (state[HEAD.phase] !== PHASE.empty) this.#close(slot, state, state[HEAD.newest], emit);
  }

  leave(slot: Slot): void {
    this.#states[slot] = undefined;
  }

  save(slot: Slot): Uint8Array {
    return saveNumbers(VERSION, this.#stateOf(slot));
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const state = this.#stateOf(slot);
    const saved = loadNumbers(VERSION, bytes, 'the time steps of a stream');
    if (saved.length !== state.length || saved[HEAD.stepUs] !== this.stepUs) {
      throw new UserError('SNAPSHOT_INVALID', 'the saved time steps of a stream do not fit the settings', {
        hint: 'keep stepMs, lateMs and the channels as they were, or start this stream anew',
      });
    }
    state.set(saved);
  }

  #stateOf(slot: Slot): Float64Array {
    const state = this.#states[slot];
    if (state === undefined) throw new BugError(`slot ${slot} of the aligner was not opened`);
    return state;
  }

  /** Moves the time line on to `step`, if need be. @returns whether a reading of that step may be taken */
  #reach(slot: Slot, state: Float64Array, step: number, frame: Frame, emit: Emit): boolean {
    if (state[HEAD.phase] === PHASE.empty) this.#begin(state, step, PHASE.start);
    const ahead = step - state[HEAD.newest];
    if (ahead - 1 > this.#gapSteps) {
      // Also when nothing but this one step was seen: a stream that is slower than `maxGapMs` must not vanish.
      this.#countJump(state, ahead, frame);
      this.#close(slot, state, state[HEAD.newest], emit);
      this.#begin(state, step, PHASE.gap);
    } else if (step < state[HEAD.oldest]) {
      return this.#reachBack(slot, state, step, emit);
    } else if (ahead > 0) {
      this.#close(slot, state, step - this.#lateSteps - 1, emit);
      state[HEAD.newest] = step;
    }
    state[HEAD.backCount] = 0;
    return true;
  }

  /** The same for a step before the oldest open one. */
  #reachBack(slot: Slot, state: Float64Array, step: number, emit: Emit): boolean {
    const back = state[HEAD.newest] - step;
    const begun = state[HEAD.phase] === PHASE.running;
    if (!begun && back <= this.#lateSteps) {
      state[HEAD.oldest] = step;
      state[HEAD.backCount] = 0;
      return true;
    }
    if (back - 1 <= Math.max(this.#gapSteps, this.#lateSteps)) {
      state[HEAD.backCount] = 0;
      this.counters.count('align.late');
      return false;
    }
    const agrees = Math.abs(step - state[HEAD.backStep]) - 1 <= this.#gapSteps;
    state[HEAD.backCount] = agrees ? state[HEAD.backCount] + 1 : 1;
    state[HEAD.backStep] = step;
    if (state[HEAD.backCount] < BACK_READINGS) {
      this.counters.count('align.clock-back');
      return false;
    }
    if (begun) this.#close(slot, state, state[HEAD.newest], emit);
    else this.#countStray(state);
    this.#begin(state, step, state[HEAD.phase] === PHASE.start ? PHASE.start : PHASE.gap);
    return true;
  }

  #begin(state: Float64Array, step: number, phase: number): void {
    state[HEAD.phase] = phase;
    state[HEAD.oldest] = step;
    state[HEAD.newest] = step;
    state[HEAD.backCount] = 0;
    this.#layout.clearSteps(state);
    // After the clock was set back, the same times come again with other readings.
    for (let c = 0; c < this.#layout.channels; c++) forgetStamps(state, this.#layout.memoryAt(c));
  }

  /** Arrival tells a device that was away from one whose clock jumped while it went on sending. */
  #countJump(state: Float64Array, ahead: number, frame: Frame): void {
    const unexplainedUs = ahead * this.stepUs - (frame.arrivedUs - state[HEAD.takenUs]);
    this.counters.count(unexplainedUs > this.#gapUs ? 'align.clock-forward' : 'align.gap');
  }

  #countStray(state: Float64Array): void {
    for (let step = state[HEAD.oldest]; step <= state[HEAD.newest]; step++) {
      this.counters.count('align.stray-time', state[this.#layout.stepAt(step) + STEP.readings]);
    }
  }

  /** Emits the open steps up to `last`, and the missing ones among them. */
  #close(slot: Slot, state: Float64Array, last: number, emit: Emit): void {
    for (let step = state[HEAD.oldest]; step <= last; step++) {
      emit(this.#steps.row(state, step, this.#streams[slot]));
      this.#layout.clearStep(state, step);
      state[HEAD.oldest] = step + 1;
      state[HEAD.phase] = PHASE.running;
    }
  }
}
