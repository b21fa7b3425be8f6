/** Listening as a person sees it: how long still, and that something comes in. */
import { Presets, SingleBar } from 'cli-progress';
import type { Io } from './output.js';

const EVERY_MS = 200;

export class ListeningBar {
  readonly #bar: SingleBar | undefined;
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;
  #messages = 0;

  /** @param forMs how long it will take; absent: unknown, nothing is shown */
  constructor(
    private readonly io: Io,
    private readonly forMs: number | undefined,
  ) {
    if (forMs === undefined) return;
    if (!io.stderr.isTTY) {
      io.note(`listening for ${Math.round(forMs / 1000)} s`);
      return;
    }
    this.#bar = new SingleBar(
      {
        format: 'listening [{bar}] {seconds} s left | {messages} messages',
        stream: io.stderr,
        barsize: 20,
        hideCursor: true,
      },
      Presets.shades_classic,
    );
    this.#bar.start(forMs, 0, this.#shown());
    this.#timer = setInterval(() => this.#draw(), EVERY_MS);
  }

  update(messages: number): void {
    this.#messages += messages;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#draw();
    this.#bar?.stop();
    if (this.forMs !== undefined && !this.io.stderr.isTTY) this.io.note(`heard ${this.#messages} messages`);
  }

  #draw(): void {
    this.#bar?.update(Math.min(this.forMs ?? 0, performance.now() - this.#startedMs), this.#shown());
  }

  #shown(): { seconds: number; messages: number } {
    const leftMs = (this.forMs ?? 0) - (performance.now() - this.#startedMs);
    return { seconds: Math.max(0, Math.ceil(leftMs / 1000)), messages: this.#messages };
  }
}
