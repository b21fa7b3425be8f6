/** The training loop: epochs of optimiser steps, ended early and the best weights kept where data are held out. */
import { UserError } from '../core/errors.js';
import type { TrainOptions } from '../core/training.js';
import { Curve, type CurveState } from './curve.js';
import { ProgressMeter, type MeterState, type Progress } from './progress.js';
import type { Validation } from './record.js';
import { scheduledRate, type ScheduleOptions } from './schedule.js';
import type { TrainerState } from './trainer.js';

export type LoopOptions = ScheduleOptions &
  Pick<TrainOptions, 'clipNorm' | 'maxEpochs' | 'patienceEpochs' | 'maxSeconds' | 'checkpointSeconds'>;

/** How good a net is on held-out data. */
export interface Evaluation {
  /** What chooses the best weights and ends training: the loss, or an error rate. */
  readonly loss: number;
}

/**
 * A net that is being trained. `E` is undefined where nothing is held out.
 * @typeParam S where training stands between two steps
 */
export interface Learner<E extends Evaluation | undefined, S = TrainerState> {
  /** Optimiser steps an epoch, ≥ 1. */
  readonly perEpoch: number;
  /** Optimiser steps taken. */
  readonly steps: number;
  /** Of the last step, before clipping. */
  readonly gradientNorm: number;
  /** [N], valid until the next step. */
  readonly parameters: Float32Array;
  /**
   * One optimiser step on part `index` of `epoch`. The same place in training, the same data.
   * @returns the loss before the step, a mean over so many entries
   */
  learn(epoch: number, index: number, learningRate: number): { readonly loss: number; readonly counted: number };
  /** Of the present weights. */
  evaluate(): E;
  /** Its arrays are valid until the next step. */
  state(): S;
  /** The inverse of {@link state}. */
  restore(state: S): void;
}

/** Why training ended: all epochs done, no better for a while, out of time, or asked to. */
export type StopReason = 'epochs' | 'patience' | 'time' | 'aborted';

/** Whether a training that ended so has nothing left to do: it needs no checkpoint any more. */
export function isFinished(stopped: StopReason): boolean {
  return stopped === 'epochs' || stopped === 'patience';
}

export interface LoopResult<E extends Evaluation | undefined> {
  /** [N], those with the lowest validation loss; the last ones where nothing is held out. */
  readonly parameters: Float32Array;
  readonly stopped: StopReason;
  /** Epochs begun. */
  readonly epochs: number;
  readonly optimiserSteps: number;
  /** Of the epochs in order of time, of a long training evenly thinned. */
  readonly validations: readonly Validation[];
  /** Of the epoch that ended with these weights. */
  readonly best: Validation;
  /** Of these weights. */
  readonly evaluation: E;
  readonly seconds: number;
}

/** The weights to keep, as far as is known. */
export interface Best<E extends Evaluation | undefined> {
  readonly parameters: Float32Array;
  readonly validation: Validation;
  readonly evaluation: E;
}

/** Over the optimiser steps of the present epoch that are done. */
interface EpochSums {
  windows: number;
  /** Loss times counted entries. */
  loss: number;
  counted: number;
  gradientNorm: number;
  clipped: number;
}

const NOTHING: EpochSums = { windows: 0, loss: 0, counted: 0, gradientNorm: 0, clipped: 0 };

/** Where training stands between two optimiser steps: all that it takes to go on bit for bit. */
export interface LoopState<E extends Evaluation | undefined, S = TrainerState> {
  readonly trainer: S;
  readonly epoch: number;
  readonly sums: Readonly<EpochSums>;
  readonly curve: CurveState;
  /** Absent until an epoch is over. */
  readonly best?: Best<E>;
  readonly progress: MeterState;
}

export interface LoopHooks<E extends Evaluation | undefined, S = TrainerState> {
  /** Asked after every optimiser step; true ends training with the best weights so far. */
  readonly shouldStop?: () => boolean;
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Called every `checkpointSeconds`, and when time or `shouldStop` ends training; the arrays of `state` are valid until
   * it returns.
   */
  readonly save?: (state: LoopState<E, S>) => void;
  /** What `save` was given by a training with the same arguments; training goes on from there. */
  readonly resumeFrom?: LoopState<E, S>;
}

/**
 * Trains until the epochs, the patience or the time is used up, or until asked to stop; at least one step. Every epoch,
 * whole or cut short, ends with an evaluation; without held-out data patience never ends. Blocks the thread. Same
 * arguments, same parameters, bit for bit, unless time or the caller ends it, and however often it was killed and resumed
 * on the way.
 * @throws UserError `TRAINING` when a loss is not a finite number
 */
export function runLoop<E extends Evaluation | undefined, S = TrainerState>(
  learner: Learner<E, S>,
  options: LoopOptions,
  hooks: LoopHooks<E, S> = {},
): LoopResult<E> {
  return new Loop(learner, options, hooks).run();
}

class Loop<E extends Evaluation | undefined, S> {
  readonly #totalSteps: number;
  readonly #meter: ProgressMeter;
  readonly #curve = new Curve();
  #epoch = 0;
  #sums: EpochSums = { ...NOTHING };
  #best: Best<E> | undefined;
  #savedMs = performance.now();

  constructor(
    private readonly learner: Learner<E, S>,
    private readonly options: LoopOptions,
    private readonly hooks: LoopHooks<E, S>,
  ) {
    this.#totalSteps = options.maxEpochs * learner.perEpoch;
    this.#meter = new ProgressMeter(this.#totalSteps, options.maxSeconds, hooks.onProgress);
    if (hooks.resumeFrom !== undefined) this.#restore(hooks.resumeFrom);
  }

  run(): LoopResult<E> {
    for (;;) {
      const stopped = this.#runEpoch();
      // Before the best weights may become those of half an epoch, which a training that nobody cut short never sees.
      if (stopped !== undefined) this.#save();
      const best = this.#validate();
      const reason = stopped ?? endOf(this.#epoch, best.validation.epoch, this.options);
      if (reason !== undefined) return this.#result(best, reason);
      this.#epoch++;
      this.#sums = { ...NOTHING };
    }
  }

  /** The rest of the present epoch. @returns why it was cut short; undefined when it is whole */
  #runEpoch(): StopReason | undefined {
    const { learner, options, hooks } = this;
    const sums = this.#sums;
    while (sums.windows < learner.perEpoch) {
      const rate = scheduledRate(options, learner.steps, this.#totalSteps);
      const { loss, counted } = learner.learn(this.#epoch, sums.windows, rate);
      requireFinite(loss, 'training', learner.steps);
      const norm = learner.gradientNorm;
      sums.windows++;
      sums.loss += loss * counted;
      sums.counted += counted;
      sums.gradientNorm += norm;
      if (norm > options.clipNorm) sums.clipped++;
      this.#meter.step(this.#epoch, loss);
      if (hooks.shouldStop?.() === true) return 'aborted';
      if (this.#meter.elapsedSeconds >= options.maxSeconds) return 'time';
      if (performance.now() - this.#savedMs >= 1000 * options.checkpointSeconds) this.#save();
    }
    return undefined;
  }

  #validate(): Best<E> {
    const { parameters, steps } = this.learner;
    const evaluation = this.learner.evaluate();
    const loss = evaluation?.loss;
    if (loss !== undefined) requireFinite(loss, 'validation', steps);
    const sums = this.#sums;
    const validation: Validation = {
      epoch: this.#epoch,
      step: steps,
      trainLoss: sums.counted > 0 ? sums.loss / sums.counted : 0,
      validationLoss: loss ?? NaN,
      learningRate: scheduledRate(this.options, steps - 1, this.#totalSteps),
      gradientNorm: sums.gradientNorm / sums.windows,
      clippedShare: sums.clipped / sums.windows,
    };
    this.#curve.push(validation);
    if (this.#best === undefined || loss === undefined || loss < this.#best.validation.validationLoss) {
      this.#best = { parameters: parameters.slice(), validation, evaluation };
    }
    this.#meter.validated(validation.validationLoss, this.#best.validation.validationLoss);
    return this.#best;
  }

  #save(): void {
    this.hooks.save?.({
      trainer: this.learner.state(),
      epoch: this.#epoch,
      sums: this.#sums,
      curve: this.#curve.state(),
      ...(this.#best === undefined ? {} : { best: this.#best }),
      progress: this.#meter.state(),
    });
    this.#savedMs = performance.now();
  }

  #restore(state: LoopState<E, S>): void {
    this.learner.restore(state.trainer);
    this.#meter.restore(state.progress);
    this.#epoch = state.epoch;
    this.#sums = { ...state.sums };
    this.#curve.restore(state.curve);
    this.#best = state.best && { ...state.best, parameters: state.best.parameters.slice() };
  }

  #result(best: Best<E>, stopped: StopReason): LoopResult<E> {
    return {
      parameters: best.parameters,
      stopped,
      epochs: this.#epoch + 1,
      optimiserSteps: this.learner.steps,
      validations: this.#curve.validations,
      best: best.validation,
      evaluation: best.evaluation,
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
