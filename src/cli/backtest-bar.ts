/** A backtest as a person sees it: files that are done, and how long the rest may take. */
import type { Io } from './output.js';
import { ProgressLine, type Reached } from './progress-line.js';

export class BacktestBar {
  readonly #line: ProgressLine;
  readonly #startedMs = performance.now();
  #done = 0;
  #rows = 0;

  /** @param rows of all files together: their number says how long it takes, not that of the files */
  constructor(
    io: Io,
    private readonly files: number,
    private readonly rows: number,
  ) {
    this.#line = new ProgressLine(io, 'backtest', () => this.#reached());
  }

  /** @param rows of the file, judged or not */
  fileDone(rows: number): void {
    this.#done += 1;
    this.#rows += rows;
  }

  /** Takes the bar away. */
  stop(): void {
    this.#line.stop();
  }

  #reached(): Reached {
    const pastS = (performance.now() - this.#startedMs) / 1000;
    const left = this.#rows === 0 ? '-' : `${Math.ceil((pastS * (this.rows - this.#rows)) / this.#rows)} s left`;
    const said = `${this.#done} of ${this.files} files | ${left} | ${this.#rows} rows`;
    return { fraction: this.#rows / this.rows, said };
  }
}
