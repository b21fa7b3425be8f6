/** Says from time to time what was dropped and why, so that nobody has to ask. */
import type { Counters } from './core/counters.js';
import type { Log } from './core/log.js';

const REPORT_EVERY_MS = 60_000;

export class DropReport {
  readonly #timer: NodeJS.Timeout;
  #last: Record<string, number> = {};

  constructor(
    private readonly counters: Counters,
    private readonly log: Log,
  ) {
    this.#timer = setInterval(() => this.report(), REPORT_EVERY_MS);
    // Not a reason to stay alive.
    this.#timer.unref();
  }

  /** Logs the counts that have grown since the last report; nothing when none has. */
  report(): void {
    const now = this.counters.toJSON();
    const grown = Object.entries(now).filter(([reason, count]) => count > (this.#last[reason] ?? 0));
    this.#last = now;
    if (grown.length === 0) return;
    const since = Object.fromEntries(grown);
    this.log.warn({ counts: since }, 'dropped or out of the ordinary since the start, by reason');
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
