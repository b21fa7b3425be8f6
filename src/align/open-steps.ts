/** What is in the steps that are still open: readings go in, rows come out. */
import type { AlignedChannel } from '../core/alignment.js';
import type { Frame, Micros } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import { addReading, cellValue } from './aggregate.js';
import { HEAD, knowsStamp, PHASE, rememberStamp, STEP, type Layout } from './layout.js';
import type { Places } from './names.js';

type MutableFrame = { -readonly [K in keyof Frame]: Frame[K] };

/** Works on the numbers of whichever stream it is given: `state[base … )`, see `Layout`. */
export class OpenSteps {
  readonly #emptyIsZero: boolean;
  /** Every row is one of these two, which share data and mask: nothing is allocated a row. */
  readonly #row: MutableFrame;
  readonly #marked: MutableFrame;
  readonly #data: Float64Array;
  readonly #mask: Uint8Array;

  constructor(
    private readonly channels: readonly AlignedChannel[],
    private readonly stepUs: Micros,
    private readonly layout: Layout,
    private readonly counters: Counters,
  ) {
    this.#emptyIsZero = channels.every(({ aggregate }) => aggregate === 'sum' || aggregate === 'count');
    this.#data = new Float64Array(channels.length);
    this.#mask = new Uint8Array(channels.length);
    this.#row = {
      stream: '',
      source: 0,
      seq: 0,
      us: 0,
      arrivedUs: 0,
      signal: { kind: 'channels', names: channels.map(({ name }) => name), stepUs },
      data: this.#data,
      mask: this.#mask,
    };
    this.#marked = { ...this.#row, mark: 'start' };
  }

  /**
   * Adds one row of `frame` to an open step.
   * @param from where the row begins in `frame.data`
   * @param stamped whether a time stamp seen before in a channel proves a repeated delivery
   */
  take(
    state: Float64Array,
    base: number,
    step: number,
    us: Micros,
    frame: Frame,
    places: Places,
    from: number,
    stamped: boolean,
  ): void {
    const { layout, channels } = this;
    const { of } = places;
    const { data, mask } = frame;
    const at = base + layout.stepAt(step);
    let taken = 0;
    for (let i = 0; i < of.length; i++) {
      const channel = of[i];
      if (channel < 0 || (mask !== undefined && mask[from + i] === 0)) continue;
      const value = data[from + i];
      const memory = base + layout.memoryAt(channel);
      if (!Number.isFinite(value)) this.counters.count('align.not-finite');
      else if (stamped && knowsStamp(state, memory, us)) this.counters.count('align.duplicate');
      else {
        if (stamped) rememberStamp(state, memory, us);
        addReading(state, at + layout.cellAt(channel), channels[channel].aggregate, value, us);
        taken++;
      }
    }
    if (taken === 0) return;
    state[at + STEP.readings]++;
    state[at + STEP.source] = frame.source;
    state[at + STEP.seq] = frame.seq;
    state[at + STEP.arrivedUs] = frame.arrivedUs;
    state[base + HEAD.takenUs] = frame.arrivedUs;
  }

  /** The row of a step that closes, borrowed until the next one is made; the step is left as it is. */
  row(state: Float64Array, base: number, step: number, stream: string): Frame {
    const { layout, channels } = this;
    const data = this.#data;
    const mask = this.#mask;
    const at = base + layout.stepAt(step);
    const lives = this.#emptyIsZero || state[at + STEP.readings] > 0;
    if (state[at + STEP.readings] > 0) {
      state[base + HEAD.source] = state[at + STEP.source];
      state[base + HEAD.seq] = state[at + STEP.seq];
      state[base + HEAD.arrivedUs] = state[at + STEP.arrivedUs];
    } else this.counters.count('align.filled');
    for (let c = 0; c < channels.length; c++) {
      const value = cellValue(state, at + layout.cellAt(c), channels[c].aggregate, lives);
      const observed = Number.isFinite(value);
      if (!observed && !Number.isNaN(value)) this.counters.count('align.not-finite');
      data[c] = observed ? value : 0;
      mask[c] = observed ? 1 : 0;
    }
    const phase = state[base + HEAD.phase];
    const frame = phase === PHASE.running ? this.#row : this.#marked;
    frame.stream = stream;
    frame.source = state[base + HEAD.source];
    frame.seq = state[base + HEAD.seq];
    frame.us = step * this.stepUs;
    frame.arrivedUs = state[base + HEAD.arrivedUs];
    if (phase !== PHASE.running) frame.mark = phase === PHASE.start ? 'start' : 'gap';
    return frame;
  }
}
