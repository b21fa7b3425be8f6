/** A backtest as a person sees it: files that are done, and how long the rest may take. */
import type { Io } from './output.js';
import { gauge, StatusLine } from './status-line.js';

const EVERY_MS = 200;
/** Without a terminal: a line every so often. */
const LINE_EVERY_MS = 5000;
const BAR_CELLS = 20;

export class BacktestBar {
  readonly #line: StatusLine | undefined;
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #done = 0;
  #rows = 0;

  /** @param rows of all files together: their number says how long it takes, not that of the files */
  constructor(
    private readonly io: Io,
    private readonly files: number,
    private readonly rows: number,
  ) {
    if (io.stderr.isTTY) this.#line = new StatusLine(io.stderr);
    this.#timer = setInterval(() => this.#draw(), this.#line === undefined ? LINE_EVERY_MS : EVERY_MS);
  }

  /** @param rows of the file, judged or not */
  fileDone(rows: number): void {
    this.#done += 1;
    this.#rows += rows;
  }

  /** Takes the bar away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#line?.clear();
  }

  #draw(): void {
    const pastS = (performance.now() - this.#startedMs) / 1000;
    const left = this.#rows === 0 ? '-' : `${Math.ceil((pastS * (this.rows - this.#rows)) / this.#rows)} s left`;
    const said = `${this.#done} of ${this.files} files | ${left} | ${this.#rows} rows`;
    if (this.#line === undefined) this.io.note(`backtest ${said}`);
    else this.#line.show(`backtest [${gauge(this.#rows / this.rows, BAR_CELLS)}] ${said}`);
  }
}
