/** Work as a person sees it: a bar on a terminal, a line every so often without one. */
import type { Io } from './output.js';
import { gauge, StatusLine } from './status-line.js';

const EVERY_MS = 200;
/** Without a terminal. */
const LINE_EVERY_MS = 5000;
const BAR_CELLS = 20;

/** How far it is. */
export interface Reached {
  /** 0 to 1. */
  readonly fraction: number;
  readonly said: string;
}

export class ProgressLine {
  readonly #line: StatusLine | undefined;
  readonly #timer: NodeJS.Timeout;

  /** @param work its name @param reached asked whenever it is shown */
  constructor(
    private readonly io: Io,
    private readonly work: string,
    private readonly reached: () => Reached,
  ) {
    if (io.stderr.isTTY) this.#line = new StatusLine(io.stderr);
    this.#timer = setInterval(() => this.#draw(), this.#line === undefined ? LINE_EVERY_MS : EVERY_MS);
  }

  /** Takes the bar away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#line?.clear();
  }

  #draw(): void {
    const { fraction, said } = this.reached();
    if (this.#line === undefined) this.io.note(`${this.work} ${said}`);
    else this.#line.show(`${this.work} [${gauge(fraction, BAR_CELLS)}] ${said}`);
  }
}
