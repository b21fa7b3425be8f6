/** Irregular readings of many channels → fixed time steps, with what is missing marked as missing. */
import { BugError, UserError } from '../core/errors.js';
import { Blocks, slotsForBytes, touchRecords } from '../core/blocks.js';
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
  /** [slots · fields of the layout] */
  readonly #states: Blocks<Float64Array>;
  readonly #streams: Blocks<string[]>;

  /**
   * @param options `channels` must be those of the model, in its order
   * @param capacity streams, ≥ 1
   */
  constructor(
    options: ResolvedAlignment,
    private readonly counters: Counters,
    capacity: number,
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
    const { fields } = this.#layout;
    const blockSlots = slotsForBytes(fields * Float64Array.BYTES_PER_ELEMENT);
    this.#states = new Blocks(capacity, (slots) => new Float64Array(slots * fields), { blockSlots });
    this.#streams = new Blocks(capacity, (slots) => Array.from({ length: slots }, () => ''));
  }

  open(slot: Slot, stream: string): void {
    this.#states.open(slot);
    this.#streams.open(slot);
    this.#streams.of(slot)[this.#streams.place(slot)] = stream;
    const state = this.#states.of(slot);
    const base = this.#baseOf(slot);
    state.fill(0, base, base + this.#layout.fields);
    state[base + HEAD.stepUs] = this.stepUs;
    for (let c = 0; c < this.#layout.channels; c++) {
      const memory = base + this.#layout.memoryAt(c);
      clearWindow(state, memory + MEMORY.window);
      forgetStamps(state, memory);
    }
  }

  leave(slot: Slot): void {
    this.#states.leave(slot);
    this.#streams.leave(slot);
  }

  touch(slots: Int32Array, n: number): number {
    let sum = touchRecords(this.#states, this.#layout.fields, slots, n);
    for (let i = 0; i < n; i++) sum += this.#streams.of(slots[i])[this.#streams.place(slots[i])].length;
    return sum;
  }

  /**
   * Takes a reading, or the time steps that somebody upstream has already made. Channels may be any subset, in any order.
   * @param slot opened before
   */
  push(slot: Slot, frame: Frame, emit: Emit): void {
    const { signal } = frame;
    if (signal.kind !== 'channels') throw new BugError('the aligner takes channels, not audio');
    const state = this.#states.of(slot);
    const base = this.#baseOf(slot);
    const { data, us: firstUs, sequence } = frame;
    const places = this.#places.of(signal.names);
    const width = signal.names.length;
    if (places.unknown > 0) this.counters.count('align.unknown-channel', (places.unknown * data.length) / width);
    if (places.first < 0) return;
    const memory = base + this.#layout.memoryAt(places.first);
    if (this.#dedupe && sequence !== undefined && seenBefore(state, memory + MEMORY.window, sequence)) {
      return this.counters.count('align.duplicate');
    }
    const stamped = this.#dedupe && frame.unstamped === undefined;
    for (let row = 0, from = 0; from < data.length; row++, from += width) {
      const us = firstUs + row * signal.stepUs;
      const step = Math.floor(us / this.stepUs);
      if (!Number.isSafeInteger(step)) {
        this.counters.count('align.bad-time');
      } else if (step < state[base + HEAD.oldest] && stamped && knowsStamp(state, memory, us)) {
        // Before the clock is doubted: a burst of old deliveries is no clock that was set back.
        this.counters.count('align.duplicate');
      } else if (this.#reach(slot, state, base, step, frame, emit)) {
        this.#steps.take(state, base, step, us, frame, places, from, stamped);
      }
    }
  }

  flush(slot: Slot, emit: Emit): void {
    const state = this.#states.of(slot);
    const base = this.#baseOf(slot);
    if (state[base + HEAD.phase] !== PHASE.empty) this.#close(slot, state, base, state[base + HEAD.newest], emit);
  }

  save(slot: Slot): Uint8Array {
    return saveNumbers(VERSION, this.#numbersOf(slot));
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const saved = loadNumbers(VERSION, bytes, 'the time steps of a stream');
    if (saved.length !== this.#layout.fields || saved[HEAD.stepUs] !== this.stepUs) {
      throw new UserError('SNAPSHOT_INVALID', 'the saved time steps of a stream do not fit the settings', {
        hint: 'keep stepMs, lateMs and the channels as they were, or start this stream anew',
      });
    }
    this.#numbersOf(slot).set(saved);
  }

  /** Where the numbers of a slot begin in its block. */
  #baseOf(slot: Slot): number {
    return this.#layout.fields * this.#states.place(slot);
  }

  #numbersOf(slot: Slot): Float64Array {
    const base = this.#baseOf(slot);
    return this.#states.of(slot).subarray(base, base + this.#layout.fields);
  }

  /** Moves the time line on to `step`, if need be. @returns whether a reading of that step may be taken */
  #reach(slot: Slot, state: Float64Array, base: number, step: number, frame: Frame, emit: Emit): boolean {
    if (state[base + HEAD.phase] === PHASE.empty) this.#begin(state, base, step, PHASE.start);
    const ahead = step - state[base + HEAD.newest];
    if (ahead - 1 > this.#gapSteps) {
      // Also when nothing but this one step was seen: a stream that is slower than `maxGapMs` must not vanish.
      this.#countJump(state, base, ahead, frame);
      this.#close(slot, state, base, state[base + HEAD.newest], emit);
      this.#begin(state, base, step, PHASE.gap);
    } else if (step < state[base + HEAD.oldest]) {
      return this.#reachBack(slot, state, base, step, emit);
    } else if (ahead > 0) {
      this.#close(slot, state, base, step - this.#lateSteps - 1, emit);
      state[base + HEAD.newest] = step;
    }
    state[base + HEAD.backCount] = 0;
    return true;
  }

  /** The same for a step before the oldest open one. */
  #reachBack(slot: Slot, state: Float64Array, base: number, step: number, emit: Emit): boolean {
    const back = state[base + HEAD.newest] - step;
    const begun = state[base + HEAD.phase] === PHASE.running;
    if (!begun && back <= this.#lateSteps) {
      state[base + HEAD.oldest] = step;
      state[base + HEAD.backCount] = 0;
      return true;
    }
    if (back - 1 <= Math.max(this.#gapSteps, this.#lateSteps)) {
      state[base + HEAD.backCount] = 0;
      this.counters.count('align.late');
      return false;
    }
    const agrees = Math.abs(step - state[base + HEAD.backStep]) - 1 <= this.#gapSteps;
    state[base + HEAD.backCount] = agrees ? state[base + HEAD.backCount] + 1 : 1;
    state[base + HEAD.backStep] = step;
    if (state[base + HEAD.backCount] < BACK_READINGS) {
      this.counters.count('align.clock-back');
      return false;
    }
    if (begun) this.#close(slot, state, base, state[base + HEAD.newest], emit);
    else this.#countStray(state, base);
    this.#begin(state, base, step, state[base + HEAD.phase] === PHASE.start ? PHASE.start : PHASE.gap);
    return true;
  }

  #begin(state: Float64Array, base: number, step: number, phase: number): void {
    state[base + HEAD.phase] = phase;
    state[base + HEAD.oldest] = step;
    state[base + HEAD.newest] = step;
    state[base + HEAD.backCount] = 0;
    this.#layout.clearSteps(state, base);
    // After the clock was set back, the same times come again with other readings.
    for (let c = 0; c < this.#layout.channels; c++) forgetStamps(state, base + this.#layout.memoryAt(c));
  }

  /** Arrival tells a device that was away from one whose clock jumped while it went on sending. */
  #countJump(state: Float64Array, base: number, ahead: number, frame: Frame): void {
    const unexplainedUs = ahead * this.stepUs - (frame.arrivedUs - state[base + HEAD.takenUs]);
    this.counters.count(unexplainedUs > this.#gapUs ? 'align.clock-forward' : 'align.gap');
  }

  #countStray(state: Float64Array, base: number): void {
    for (let step = state[base + HEAD.oldest]; step <= state[base + HEAD.newest]; step++) {
      this.counters.count('align.stray-time', state[base + this.#layout.stepAt(step) + STEP.readings]);
    }
  }

  /** Emits the open steps up to `last`, and the missing ones among them. */
  #close(slot: Slot, state: Float64Array, base: number, last: number, emit: Emit): void {
    const stream = this.#streams.of(slot)[this.#streams.place(slot)];
    for (let step = state[base + HEAD.oldest]; step <= last; step++) {
      emit(this.#steps.row(state, base, step, stream));
      this.#layout.clearStep(state, base, step);
      state[base + HEAD.oldest] = step + 1;
      state[base + HEAD.phase] = PHASE.running;
    }
  }
}
