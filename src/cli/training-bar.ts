/** Training as a person sees it: a bar with loss, validation loss, steps/s and time left; plain lines without a terminal. */
import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from '../train/progress.js';
import type { Io } from './output.js';

const FORMAT =
  'training [{bar}] {percentage}% | epoch {epoch} | loss {loss} | validation {validation} (best {best}) | {rate} steps/s | {left} left';

/** Without a terminal: a line every so often. */
const LINE_EVERY_MS = 5000;

export class TrainingBar {
  readonly #bar: SingleBar | undefined;
  #lastLineMs = -Infinity;

  constructor(private readonly io: Io) {
    if (!io.stderr.isTTY) return;
    this.#bar = new SingleBar(
      { format: FORMAT, stream: io.stderr, barsize: 20, hideCursor: true, clearOnComplete: false },
      Presets.shades_classic,
    );
    this.#bar.start(100, 0, { epoch: 0, loss: '-', validation: '-', best: '-', rate: '-', left: '-' });
  }

  readonly update = (progress: Progress): void => {
    const shown = {
      epoch: progress.epoch,
      loss: digits(progress.loss),
      validation: digits(progress.validationLoss),
      best: digits(progress.bestValidationLoss),
      rate: Math.round(progress.stepsPerSecond),
      left: duration(progress.secondsLeft),
    };
    if (this.#bar !== undefined) {
      this.#bar.update(Math.round(100 * progress.fraction), shown);
      return;
    }
    const now = performance.now();
    if (now - this.#lastLineMs < LINE_EVERY_MS) return;
    this.#lastLineMs = now;
    this.io.note(
      `training ${Math.round(100 * progress.fraction)} %, epoch ${shown.epoch}, loss ${shown.loss}, ` +
        `validation ${shown.validation} (best ${shown.best}), ${shown.rate} steps/s, ${shown.left} left`,
    );
  };

  /** Training is over, early or not. */
  stop(): void {
    this.#bar?.update(100, { left: '0 s' });
    this.#bar?.stop();
  }
}

function digits(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(4) : '-';
}

/** At most so long: early stopping may come sooner. */
function duration(seconds: number): string {
  return seconds < 90 ? `≤ ${Math.ceil(seconds)} s` : `≤ ${Math.ceil(seconds / 60)} min`;
}
