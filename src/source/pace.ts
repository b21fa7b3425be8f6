/** When the rows of a replay, or the pieces of a recording, are due. */
import { setTimeout } from 'node:timers/promises';
import type { Micros } from '../core/contracts.js';

/** The longest that a timer of Node can wait. */
const LONGEST_MS = 2_147_483_647;

/** Monotonic; replaced in tests. */
export interface Clock {
  nowMs(): number;
  /** Resolves after `ms`, or early when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** What is due at a time. */
interface Timed {
  readonly us: Micros;
}

const systemClock: Clock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => {}),
};

export class Pace {
  readonly #clock: Clock;
  readonly #speed: number | 'full';
  readonly #signal: AbortSignal;
  /** Time of the first row, in the data and on the (monotonic) clock of the process. */
  #start: { readonly us: Micros; readonly ms: number } | undefined;

  /** @param speed event time by wall-clock time; `full`: everything is due at once */
  constructor(speed: number | 'full', signal: AbortSignal, clock = systemClock) {
    this.#clock = clock;
    this.#speed = speed;
    this.#signal = signal;
  }

  /**
   * Calls `emit` with the rows, in order, when they are due: together those that are due together, at once those whose
   * time lies before that of the first row. Returns early, without the rest, when the signal is aborted.
   */
  async walk<R extends Timed>(rows: readonly R[], emit: (due: readonly R[]) => void): Promise<void> {
    if (this.#speed === 'full') return emit(rows);
    this.#start ??= { us: rows[0].us, ms: this.#clock.nowMs() };
    let from = 0;
    while (from < rows.length && !this.#signal.aborted) {
      const nowUs = this.#start.us + (this.#clock.nowMs() - this.#start.ms) * 1000 * this.#speed;
      let to = from;
      while (to < rows.length && rows[to].us <= nowUs) to += 1;
      if (to > from) emit(rows.slice(from, to));
      else await this.#wait((rows[from].us - nowUs) / 1000 / this.#speed);
      from = to;
    }
  }

  #wait(ms: number): Promise<void> {
    // Rounded up: a timer that is early by a fraction would go round once more for nothing.
    return this.#clock.sleep(Math.min(Math.ceil(ms), LONGEST_MS), this.#signal);
  }
}
