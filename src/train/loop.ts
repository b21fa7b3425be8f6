/** The training loop: epochs of optimiser steps, early stopping on a held-out source, the best weights kept. */
import { UserError } from '../core/errors.js';
import type { TrainOptions } from '../core/training.js';
import { allocateBatch, type BatchSource, type TrainingBatch } from './batches.js';
import { Evaluator, type Evaluation } from './evaluator.js';
import type { NetSpec } from './net-spec.js';
import { ProgressMeter, type MeterState, type Progress } from './progress.js';
import { scheduledRate, type ScheduleOptions } from './schedule.js';
import { Trainer, type TrainerOptions, type TrainerState } from './trainer.js';

export type LoopOptions = ScheduleOptions &
  TrainerOptions &
  Pick<TrainOptions, 'maxEpochs' | 'patienceEpochs' | 'maxSeconds' | 'checkpointSeconds'>;

/** Why training ended: all epochs done, no better for a while, out of time, or asked to. */
export type StopReason = 'epochs' | 'patience' | 'time' | 'aborted';

export interface LoopResult {
  /** [N], those with the lowest validation loss. */
  readonly parameters: Float32Array;
  readonly stopped: StopReason;
  /** Epochs begun. */
  readonly epochs: number;
  readonly optimiserSteps: number;
  /** Mean loss over the epoch that ended with the best weights. */
  readonly trainLoss: number;
  /** Of the best weights. */
  readonly validationLoss: number;
  readonly validationMse: number;
  readonly seconds: number;
}

export interface Best {
  readonly parameters: Float32Array;
  readonly epoch: number;
  readonly trainLoss: number;
  readonly evaluation: Evaluation;
}

/** Where training stands between two optimiser steps: all that it takes to go on bit for bit. */
export interface LoopState {
  readonly trainer: TrainerState;
  readonly epoch: number;
  /** Windows of the present epoch that are done, and over them: the sum of the losses, and of what was counted. */
  readonly windows: number;
  readonly lossSum: number;
  readonly counted: number;
  /** Absent until an epoch is over. */
  readonly best?: Best;
  readonly progress: MeterState;
}

export interface LoopHooks {
  /** Asked after every optimiser step; true ends training with the best weights so far. */
  readonly shouldStop?: () => boolean;
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Called every `checkpointSeconds`, and when time or `shouldStop` ends training; the arrays of `state` are valid until
   * it returns.
   */
  readonly save?: (state: LoopState) => void;
  /** What `save` was given by a training with the same arguments; training goes on from there. */
  readonly resumeFrom?: LoopState;
}

/**
 * Trains until the epochs, the patience or the time is used up, or until asked to stop; at least one step. Every epoch,
 * whole or cut short, ends with a look at `validation`. Blocks the thread. Same arguments, same parameters, bit for bit,
 * unless time or the caller ends it, and however often it was killed and resumed on the way.
 * @throws UserError `TRAINING` when a loss is not a finite number
 */
export function runLoop(
  spec: NetSpec,
  training: BatchSource,
  validation: BatchSource,
  options: LoopOptions,
  hooks: LoopHooks = {},
): LoopResult {
  const loop = new Loop(spec, training, validation, options, hooks);
  try {
    return loop.run();
  } finally {
    loop.close();
  }
}

class Loop {
  readonly #totalSteps: number;
  readonly #meter: ProgressMeter;
  readonly #batch: TrainingBatch;
  readonly #trainer: Trainer;
  readonly #evaluator: Evaluator;
  #epoch = 0;
  #windows = 0;
  #lossSum = 0;
  #counted = 0;
  #best: Best | undefined;
  #savedMs = performance.now();

  constructor(
    spec: NetSpec,
    private readonly training: BatchSource,
    validation: BatchSource,
    private readonly options: LoopOptions,
    private readonly hooks: LoopHooks,
  ) {
    this.#totalSteps = options.maxEpochs * training.perEpoch;
    this.#meter = new ProgressMeter(this.#totalSteps, options.maxSeconds, hooks.onProgress);
    this.#batch = allocateBatch(training);
    this.#trainer = new Trainer(spec, training, this.#batch, options);
    this.#evaluator = new Evaluator(spec, validation);
    if (hooks.resumeFrom !== undefined) this.#restore(hooks.resumeFrom);
  }

  run(): LoopResult {
    for (;;) {
      const stopped = this.#runEpoch();
      // Before the best weights may become those of half an epoch, which a training that nobody cut short never sees.
      if (stopped !== undefined) this.#save();
      const best = this.#validate();
      const reason = stopped ?? endOf(this.#epoch, best.epoch, this.options);
      if (reason !== undefined) return this.#result(best, reason);
      this.#epoch++;
      this.#windows = 0;
      this.#lossSum = 0;
      this.#counted = 0;
    }
  }

  close(): void {
    this.#trainer.close();
    this.#evaluator.close();
  }

  /** The rest of the present epoch. @returns why it was cut short; undefined when it is whole */
  #runEpoch(): StopReason | undefined {
    const { training, options, hooks } = this;
    while (this.#windows < training.perEpoch) {
      training.fill(this.#epoch, this.#windows, this.#batch);
      const loss = this.#trainer.step(scheduledRate(options, this.#trainer.steps, this.#totalSteps));
      requireFinite(loss, 'training', this.#trainer.steps);
      this.#windows++;
      this.#lossSum += loss * this.#batch.counted;
      this.#counted += this.#batch.counted;
      this.#meter.step(this.#epoch, loss);
      if (hooks.shouldStop?.() === true) return 'aborted';
      if (this.#meter.elapsedSeconds >= options.maxSeconds) return 'time';
      if (performance.now() - this.#savedMs >= 1000 * options.checkpointSeconds) this.#save();
    }
    return undefined;
  }

  #validate(): Best {
    const { parameters, steps } = this.#trainer;
    const evaluation = this.#evaluator.evaluate(parameters);
    requireFinite(evaluation.loss, 'validation', steps);
    if (this.#best === undefined || evaluation.loss < this.#best.evaluation.loss) {
      const trainLoss = this.#counted > 0 ? this.#lossSum / this.#counted : 0;
      this.#best = { parameters: parameters.slice(), epoch: this.#epoch, trainLoss, evaluation };
    }
    this.#meter.validated(evaluation.loss, this.#best.evaluation.loss);
    return this.#best;
  }

  #save(): void {
    this.hooks.save?.({
      trainer: this.#trainer.state(),
      epoch: this.#epoch,
      windows: this.#windows,
      lossSum: this.#lossSum,
      counted: this.#counted,
      ...(this.#best === undefined ? {} : { best: this.#best }),
      progress: this.#meter.state(),
    });
    this.#savedMs = performance.now();
  }

  #restore(state: LoopState): void {
    this.#trainer.restore(state.trainer);
    this.#meter.restore(state.progress);
    this.#epoch = state.epoch;
    this.#windows = state.windows;
    this.#lossSum = state.lossSum;
    this.#counted = state.counted;
    this.#best = state.best && { ...state.best, parameters: state.best.parameters.slice() };
  }

  #result(best: Best, stopped: StopReason): LoopResult {
    return {
      parameters: best.parameters,
      stopped,
      epochs: this.#epoch + 1,
      optimiserSteps: this.#trainer.steps,
      trainLoss: best.trainLoss,
      validationLoss: best.evaluation.loss,
      validationMse: best.evaluation.mse,
      seconds: this.#meter.elapsedSeconds,
    };
  }
}

function endOf(epoch: number, bestEpoch: number, options: LoopOptions): StopReason | undefined {
  if (epoch + 1 >= options.maxEpochs) return 'epochs';
  return epoch - bestEpoch >= options.patienceEpochs ? 'patience' : undefined;
}

function requireFinite(loss: number, which: string, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new UserError('TRAINING', `the ${which} loss is ${loss} after ${step} optimiser steps`, {
    hint: 'choose a smaller train.learningRate or train.clipNorm, and look for wild values in the data',
  });
}
