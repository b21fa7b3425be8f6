/**
 * What the aligner remembers about one stream, as numbers: fixed size, and saved as they are. Those of many streams lie in
 * one array, so everything here is relative to where a stream's numbers begin (`base`).
 */
import { CELL_FIELDS } from './aggregate.js';
import { WINDOW_FIELDS } from './sequence.js';

/** Time stamps remembered a channel, to know a repeated delivery by. */
const STAMPS = 16;

/** Offsets of the numbers that a stream has once. A step's index is floor(us / stepUs). */
export const HEAD = {
  /** Length of a step: a state of other steps must not be loaded. */
  stepUs: 0,
  /** See `PHASE`. */
  phase: 1,
  /** The oldest step that is open. */
  oldest: 2,
  /** The newest step that has a reading. */
  newest: 3,
  /** Of the last packet in the rows emitted so far. */
  source: 4,
  seq: 5,
  arrivedUs: 6,
  /** Arrival of the last reading that was taken. */
  takenUs: 7,
  /** Step and number of the readings in a row that say that the clock was set back. */
  backStep: 8,
  backCount: 9,
} as const;
const HEAD_FIELDS = 10;

/** Where a stream stands in its time line. */
export const PHASE = {
  /** Nothing was taken yet. */
  empty: 0,
  /** Readings were taken, no row was emitted; the first is marked `start`. */
  start: 1,
  /** The same after missing time; the first is marked `gap`. */
  gap: 2,
  /** Rows were emitted. */
  running: 3,
} as const;

/** Offsets within an open step: whether it has a reading, its last packet, then a cell a channel. */
export const STEP = { readings: 0, source: 1, seq: 2, arrivedUs: 3, cells: 4 } as const;

/** Offsets within a channel's memory of deliveries: sequence window, place of the next stamp, stamps. */
export const MEMORY = { window: 0, next: WINDOW_FIELDS, stamps: WINDOW_FIELDS + 1 } as const;
const MEMORY_FIELDS = WINDOW_FIELDS + 1 + STAMPS;

/** Where everything lies for a number of channels and of open steps. */
export class Layout {
  readonly #stepFields: number;
  readonly #stepsAt: number;
  /** Numbers that a stream takes. */
  readonly fields: number;

  constructor(
    readonly channels: number,
    readonly openSteps: number,
  ) {
    this.#stepFields = STEP.cells + CELL_FIELDS * channels;
    this.#stepsAt = HEAD_FIELDS + MEMORY_FIELDS * channels;
    this.fields = this.#stepsAt + this.#stepFields * openSteps;
  }

  memoryAt(channel: number): number {
    return HEAD_FIELDS + MEMORY_FIELDS * channel;
  }

  /** Open steps lie in a ring. */
  stepAt(step: number): number {
    // Mostly nothing waits for late readings: then there is one place.
    if (this.openSteps === 1) return this.#stepsAt;
    const place = ((step % this.openSteps) + this.openSteps) % this.openSteps;
    return this.#stepsAt + this.#stepFields * place;
  }

  /** Relative to where a step begins. */
  cellAt(channel: number): number {
    return STEP.cells + CELL_FIELDS * channel;
  }

  clearStep(state: Float64Array, base: number, step: number): void {
    const at = base + this.stepAt(step);
    // A loop: `fill` costs more for so few.
    for (let i = at; i < at + this.#stepFields; i++) state[i] = 0;
  }

  clearSteps(state: Float64Array, base: number): void {
    state.fill(0, base + this.#stepsAt, base + this.fields);
  }
}

/** Notes a time stamp; the oldest of the `STAMPS` is forgotten. @param at where the channel's memory begins */
export function rememberStamp(state: Float64Array, at: number, us: number): void {
  const next = state[at + MEMORY.next];
  state[at + MEMORY.stamps + next] = us;
  state[at + MEMORY.next] = next + 1 === STAMPS ? 0 : next + 1;
}

export function knowsStamp(state: Float64Array, at: number, us: number): boolean {
  for (let i = at + MEMORY.stamps; i < at + MEMORY.stamps + STAMPS; i++) if (state[i] === us) return true;
  return false;
}

/** NaN equals no time stamp. */
export function forgetStamps(state: Float64Array, at: number): void {
  state.fill(Number.NaN, at + MEMORY.stamps, at + MEMORY.stamps + STAMPS);
}
