/** How long the event loop of this process is held up. */

const TICK_MS = 10;

/**
 * The longest lateness of a timer. `monitorEventLoopDelay` of Node would do, but after every reset it misses the first
 * interval, and with it a delay that begins just then; and the 99th percentile of so few is the longest anyway.
 */
export class LoopDelay {
  readonly #timer: NodeJS.Timeout;
  #lastMs = performance.now();
  #longestMs = 0;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  /** @returns the longest delay since the last call, ms ≥ 0, with what is going on now */
  take(): number {
    // Counted now, and not once more by the timer that is late.
    this.#tick();
    const ms = this.#longestMs;
    this.#longestMs = 0;
    return ms;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs - TICK_MS);
    this.#lastMs = nowMs;
  }
}
