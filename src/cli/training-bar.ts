/** Training as a person sees it: a bar with time left, loss, validation loss and steps/s; plain lines without a terminal. */
import type { Progress } from '../train/progress.js';
import type { Io } from './output.js';
import { gauge, StatusLine } from './status-line.js';

const BAR_CELLS = 20;
/** Without a terminal: a line every so often. */
const LINE_EVERY_MS = 5000;

/** What the validation figure is called, and how it is written. */
export interface Validated {
  readonly name: string;
  readonly text: (value: number) => string;
}

const LOSS: Validated = { name: 'validation', text: digits };

export class TrainingBar {
  readonly #line: StatusLine | undefined;
  #lastLineMs = performance.now();

  constructor(
    private readonly io: Io,
    private readonly validated = LOSS,
  ) {
    if (io.stderr.isTTY) this.#line = new StatusLine(io.stderr);
  }

  readonly update = (progress: Progress): void => {
    if (this.#line !== undefined) {
      this.#line.show(`training [${gauge(progress.fraction, BAR_CELLS)}] ${this.#describe(progress)}`);
      return;
    }
    const now = performance.now();
    if (now - this.#lastLineMs < LINE_EVERY_MS) return;
    this.#lastLineMs = now;
    this.io.note(`training ${this.#describe(progress)}`);
  };

  /** Training is over, early or not: what it came to is for others to say. */
  stop(): void {
    this.#line?.clear();
  }

  /** What matters most comes first, because a narrow terminal cuts the end. */
  #describe(progress: Progress): string {
    const { name, text } = this.validated;
    const { validationLoss, bestValidationLoss } = progress;
    return [
      `${Math.round(100 * progress.fraction)} %`,
      `${duration(progress.secondsLeft)} left`,
      `epoch ${progress.epoch}`,
      `loss ${digits(progress.loss)}`,
      // None before the first epoch is over, and where nothing is held out.
      ...(Number.isNaN(validationLoss) ? [] : [`${name} ${text(validationLoss)} (best ${text(bestValidationLoss)})`]),
      `${rate(progress.stepsPerSecond)} steps/s`,
    ].join(' | ');
  }
}

/** Large nets take less than ten steps a second. */
function rate(stepsPerSecond: number): string {
  return stepsPerSecond < 10 ? stepsPerSecond.toFixed(1) : String(Math.round(stepsPerSecond));
}

function digits(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(4) : '-';
}

/** At most so long: early stopping may come sooner. */
function duration(seconds: number): string {
  return seconds < 90 ? `≤ ${Math.ceil(seconds)} s` : `≤ ${Math.ceil(seconds / 60)} min`;
}
