/** Training as a person sees it: a bar with time left, loss, validation loss and steps/s; plain lines without a terminal. */
import type { Progress } from '../train/progress.js';
import type { Io } from './output.js';
import { gauge, StatusLine } from './status-line.js';

const BAR_CELLS = 20;
/** Without a terminal: a line every so often. */
const LINE_EVERY_MS = 5000;

export class TrainingBar {
  readonly #line: StatusLine | undefined;
  #lastLineMs = performance.now();

  constructor(private readonly io: Io) {
    if (io.stderr.isTTY) this.#line = new StatusLine(io.stderr);
  }

  readonly update = (progress: Progress): void => {
    if (this.#line !== undefined) {
      this.#line.show(`training [${gauge(progress.fraction, BAR_CELLS)}] ${describe(progress)}`);
      return;
    }
    const now = performance.now();
    if (now - this.#lastLineMs < LINE_EVERY_MS) return;
    this.#lastLineMs = now;
    this.io.note(`training ${describe(progress)}`);
  };

  /** Training is over, early or not: what it came to is for others to say. */
  stop(): void {
    this.#line?.clear();
  }
}

/** What matters most comes first, because a narrow terminal cuts the end. */
function describe(progress: Progress): string {
  return [
    `${Math.round(100 * progress.fraction)} %`,
    `${duration(progress.secondsLeft)} left`,
    `epoch ${progress.epoch}`,
    `loss ${digits(progress.loss)}`,
    `validation ${digits(progress.validationLoss)} (best ${digits(progress.bestValidationLoss)})`,
    `${Math.round(progress.stepsPerSecond)} steps/s`,
  ].join(' | ');
}

function digits(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(4) : '-';
}

/** At most so long: early stopping may come sooner. */
function duration(seconds: number): string {
  return seconds < 90 ? `≤ ${Math.ceil(seconds)} s` : `≤ ${Math.ceil(seconds / 60)} min`;
}
