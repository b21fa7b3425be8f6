/** How far training is and how long it will take. */

export interface Progress {
  /** 0, 1, 2, … */
  readonly epoch: number;
  /** Optimiser steps done. */
  readonly step: number;
  /** Optimiser steps a second of computing, validation included. */
  readonly stepsPerSecond: number;
  /** Training loss, mean over the last 20 steps or so. */
  readonly loss: number;
  /** Of the last epoch that is over; NaN before, and where nothing is held out. */
  readonly validationLoss: number;
  readonly bestValidationLoss: number;
  /** 0 … 1, of the steps or of the time, whichever is used up first. */
  readonly fraction: number;
  /** Upper bound: early stopping may come sooner. */
  readonly secondsLeft: number;
}

/** What a training that goes on later needs to report as if it had never stopped; losses NaN before the first. */
export interface MeterState {
  readonly elapsedSeconds: number;
  readonly step: number;
  readonly loss: number;
  readonly validationLoss: number;
  readonly bestValidationLoss: number;
}

const REPORT_EVERY_MS = 100;
/** Weight of one step in the running mean of the loss. */
const SMOOTHING = 0.05;

export class ProgressMeter {
  /** By which a training that began in another process would have begun in this one. */
  #startedMs = performance.now();
  #reportedMs = -Infinity;
  #epoch = 0;
  #step = 0;
  #loss = NaN;
  #validationLoss = NaN;
  #bestValidationLoss = NaN;

  constructor(
    private readonly totalSteps: number,
    private readonly maxSeconds: number,
    private readonly report: ((progress: Progress) => void) | undefined,
  ) {}

  get elapsedSeconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  state(): MeterState {
    return {
      elapsedSeconds: this.elapsedSeconds,
      step: this.#step,
      loss: this.#loss,
      validationLoss: this.#validationLoss,
      bestValidationLoss: this.#bestValidationLoss,
    };
  }

  restore(state: MeterState): void {
    this.#startedMs = performance.now() - 1000 * state.elapsedSeconds;
    this.#step = state.step;
    this.#loss = state.loss;
    this.#validationLoss = state.validationLoss;
    this.#bestValidationLoss = state.bestValidationLoss;
  }

  /** One optimiser step is done; reports at most ten times a second. */
  step(epoch: number, loss: number): void {
    this.#epoch = epoch;
    this.#step++;
    this.#loss = Number.isNaN(this.#loss) ? loss : this.#loss + SMOOTHING * (loss - this.#loss);
    if (performance.now() - this.#reportedMs >= REPORT_EVERY_MS) this.#send();
  }

  /** An epoch is over; always reports. */
  validated(loss: number, best: number): void {
    this.#validationLoss = loss;
    this.#bestValidationLoss = best;
    this.#send();
  }

  #send(): void {
    if (this.report === undefined) return;
    this.#reportedMs = performance.now();
    const elapsed = this.elapsedSeconds;
    const stepsPerSecond = this.#step / elapsed;
    const byTime = this.maxSeconds - elapsed;
    this.report({
      epoch: this.#epoch,
      step: this.#step,
      stepsPerSecond,
      loss: this.#loss,
      validationLoss: this.#validationLoss,
      bestValidationLoss: this.#bestValidationLoss,
      fraction: Math.min(1, Math.max(this.#step / this.totalSteps, elapsed / this.maxSeconds)),
      secondsLeft: Math.max(0, Math.min((this.totalSteps - this.#step) / stepsPerSecond, byTime)),
    });
  }
}
