/** Listening as a person sees it: how long still, and that something comes in. */
import type { Io } from './output.js';
import { gauge, StatusLine } from './status-line.js';

const EVERY_MS = 200;
const BAR_CELLS = 20;

export class ListeningBar {
  readonly #line: StatusLine | undefined;
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;
  #messages = 0;

  /** @param forMs how long it will take; absent: unknown, nothing is shown */
  constructor(io: Io, forMs: number | undefined) {
    if (forMs === undefined) return;
    if (!io.stderr.isTTY) {
      io.note(`listening for ${Math.round(forMs / 1000)} s`);
      return;
    }
    this.#line = new StatusLine(io.stderr);
    this.#draw(forMs);
    this.#timer = setInterval(() => this.#draw(forMs), EVERY_MS);
  }

  /** Heard so far. */
  get messages(): number {
    return this.#messages;
  }

  update(messages: number): void {
    this.#messages += messages;
  }

  /** Takes the bar away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#line?.clear();
  }

  #draw(forMs: number): void {
    const pastMs = performance.now() - this.#startedMs;
    const left = Math.max(0, Math.ceil((forMs - pastMs) / 1000));
    this.#line?.show(`listening [${gauge(pastMs / forMs, BAR_CELLS)}] ${left} s left | ${this.#messages} messages`);
  }
}
