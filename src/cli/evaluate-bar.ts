/** An evaluation as a person sees it: recordings that were played. */
import type { Io } from './output.js';
import { gauge, StatusLine } from './status-line.js';

const EVERY_MS = 200;
/** Without a terminal: a line every so often. */
const LINE_EVERY_MS = 5000;
const BAR_CELLS = 20;

export class EvaluateBar {
  readonly #line: StatusLine | undefined;
  readonly #timer: NodeJS.Timeout;
  #done = 0;

  constructor(
    private readonly io: Io,
    private readonly recordings: number,
  ) {
    if (io.stderr.isTTY) this.#line = new StatusLine(io.stderr);
    this.#timer = setInterval(() => this.#draw(), this.#line === undefined ? LINE_EVERY_MS : EVERY_MS);
  }

  recordingDone(): void {
    this.#done += 1;
  }

  /** Takes the bar away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#line?.clear();
  }

  #draw(): void {
    const said = `${this.#done} of ${this.recordings} recordings`;
    if (this.#line === undefined) this.io.note(`evaluate ${said}`);
    else this.#line.show(`evaluate [${gauge(this.#done / this.recordings, BAR_CELLS)}] ${said}`);
  }
}
