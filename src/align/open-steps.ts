/** What is in the steps that are still open: readings go in, rows come out. */
import type { AlignedChannel } from '../core/alignment.js';
import type { Frame, Micros, Signal } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import { addReading, cellValue } from './aggregate.js';
import { HEAD, knowsStamp, PHASE, rememberStamp, STEP, type Layout } from './layout.js';
import type { Places } from './names.js';

type NewFrame = { -readonly [K in keyof Frame]: Frame[K] };

/** Works on the state of whichever stream it is given. */
export class OpenSteps {
  readonly #signal: Signal;
  readonly #emptyIsZero: boolean;

  constructor(
    private readonly channels: readonly AlignedChannel[],
    private readonly stepUs: Micros,
    private readonly layout: Layout,
    private readonly counters: Counters,
  ) {
    this.#signal = { kind: 'channels', names: channels.map(({ name }) => name), stepUs };
    this.#emptyIsZero = channels.every(({ aggregate }) => aggregate === 'sum' || aggregate === 'count');
  }

  /**
   * Adds one row of `frame` to an open step.
   * @param from where the row begins in `frame.data`
   * @param stamped whether a time stamp seen before in a channel proves a repeated delivery
   */
  take(
    state: Float64Array,
    step: number,
    us: Micros,
    frame: Frame,
    places: Places,
    from: number,
    stamped: boolean,
  ): void {
    let taken = 0;
    for (let i = 0; i < places.of.length; i++) {
      const channel = places.of[i];
      if (channel < 0 || frame.mask?.[from + i] === 0) continue;
      const value = frame.data[from + i];
      const memory = this.layout.memoryAt(channel);
      if (!Number.isFinite(value)) this.counters.count('align.not-finite');
      else if (stamped && knowsStamp(state, memory, us)) this.counters.count('align.duplicate');
      else {
        if (stamped) rememberStamp(state, memory, us);
        addReading(state, this.layout.cellAt(step, channel), this.channels[channel].aggregate, value, us);
        taken++;
      }
    }
    if (taken === 0) return;
    const at = this.layout.stepAt(step);
    state[at + STEP.readings]++;
    state[at + STEP.source] = frame.source;
    state[at + STEP.seq] = frame.seq;
    state[at + STEP.arrivedUs] = frame.arrivedUs;
    state[HEAD.takenUs] = frame.arrivedUs;
  }

  /** The row of a step that closes, as the callee's own copy; the step is left as it is. */
  row(state: Float64Array, step: number, stream: string): Frame {
    const at = this.layout.stepAt(step);
    const lives = this.#emptyIsZero || state[at + STEP.readings] > 0;
    if (state[at + STEP.readings] > 0) {
      state[HEAD.source] = state[at + STEP.source];
      state[HEAD.seq] = state[at + STEP.seq];
      state[HEAD.arrivedUs] = state[at + STEP.arrivedUs];
    } else this.counters.count('align.filled');
    const data = new Float64Array(this.channels.length);
    const mask = new Uint8Array(this.channels.length);
    for (let c = 0; c < data.length; c++) {
      const value = cellValue(state, this.layout.cellAt(step, c), this.channels[c].aggregate, lives);
      if (Number.isNaN(value)) continue;
      if (!Number.isFinite(value)) {
        this.counters.count('align.not-finite');
        continue;
      }
      data[c] = value;
      mask[c] = 1;
    }
    const frame: NewFrame = {
      stream,
      source: state[HEAD.source],
      seq: state[HEAD.seq],
      us: step * this.stepUs,
      arrivedUs: state[HEAD.arrivedUs],
      signal: this.#signal,
      data,
      mask,
    };
    if (state[HEAD.phase] === PHASE.start) frame.mark = 'start';
    if (state[HEAD.phase] === PHASE.gap) frame.mark = 'gap';
    return frame;
  }
}
