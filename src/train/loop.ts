/** The training loop: epochs of optimiser steps, early stopping on a held-out source, the best weights kept. */
import { UserError } from '../core/errors.js';
import type { TrainOptions } from '../core/training.js';
import { allocateBatch, type BatchSource } from './batches.js';
import { Evaluator, type Evaluation } from './evaluator.js';
import type { NetSpec } from './net-spec.js';
import { ProgressMeter, type Progress } from './progress.js';
import { Trainer } from './trainer.js';

export type LoopOptions = Pick<
  TrainOptions,
  'learningRate' | 'clipNorm' | 'maxEpochs' | 'patienceEpochs' | 'maxSeconds' | 'seed'
>;

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

interface Best {
  readonly parameters: Float32Array;
  readonly epoch: number;
  readonly trainLoss: number;
  readonly evaluation: Evaluation;
}

export interface LoopHooks {
  /** Asked after every optimiser step; true ends training with the best weights so far. */
  readonly shouldStop?: () => boolean;
  readonly onProgress?: (progress: Progress) => void;
}

/** Part of the learning rate that is left at the last step. */
const FINAL_RATE = 0.1;

/**
 * Half a cosine from `peak` down to a tenth of it (Loshchilov & Hutter 2017, without restarts and not quite to 0).
 * @param done share of all optimiser steps that is done, 0 … 1
 */
export function scheduledRate(peak: number, done: number): number {
  return peak * (FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + Math.cos(Math.PI * done)));
}

/**
 * Trains until the epochs, the patience or the time is used up, or until asked to stop; at least one step. Every epoch,
 * whole or cut short, ends with a look at `validation`. Blocks the thread. Same arguments, same parameters, bit for bit,
 * unless time or the caller ends it.
 * @throws UserError `TRAINING` when a loss is not a finite number
 */
export function runLoop(
  spec: NetSpec,
  training: BatchSource,
  validation: BatchSource,
  options: LoopOptions,
  hooks: LoopHooks = {},
): LoopResult {
  const totalSteps = options.maxEpochs * training.perEpoch;
  const meter = new ProgressMeter(totalSteps, options.maxSeconds, hooks.onProgress);
  const batch = allocateBatch(training);
  const trainer = new Trainer(spec, training, batch, options);
  const evaluator = new Evaluator(spec, validation);

  /** Cut short by time or caller, or whole (`stopped` undefined). */
  const runEpoch = (epoch: number): { trainLoss: number; stopped: StopReason | undefined } => {
    let lossSum = 0;
    let counted = 0;
    let stopped: StopReason | undefined;
    for (let index = 0; index < training.perEpoch && stopped === undefined; index++) {
      training.fill(epoch, index, batch);
      const loss = trainer.step(scheduledRate(options.learningRate, trainer.steps / totalSteps));
      requireFinite(loss, 'training', trainer.steps);
      lossSum += loss * batch.counted;
      counted += batch.counted;
      meter.step(epoch, loss);
      if (hooks.shouldStop?.() === true) stopped = 'aborted';
      else if (meter.elapsedSeconds >= options.maxSeconds) stopped = 'time';
    }
    return { trainLoss: counted > 0 ? lossSum / counted : 0, stopped };
  };

  try {
    let best: Best | undefined;
    for (let epoch = 0; ; epoch++) {
      const { trainLoss, stopped } = runEpoch(epoch);
      const evaluation = evaluator.evaluate(trainer.parameters);
      requireFinite(evaluation.loss, 'validation', trainer.steps);
      if (best === undefined || evaluation.loss < best.evaluation.loss) {
        best = { parameters: trainer.parameters.slice(), epoch, trainLoss, evaluation };
      }
      meter.validated(evaluation.loss, best.evaluation.loss);
      const reason = stopped ?? endOf(epoch, best.epoch, options);
      if (reason === undefined) continue;
      return {
        parameters: best.parameters,
        stopped: reason,
        epochs: epoch + 1,
        optimiserSteps: trainer.steps,
        trainLoss: best.trainLoss,
        validationLoss: best.evaluation.loss,
        validationMse: best.evaluation.mse,
        seconds: meter.elapsedSeconds,
      };
    }
  } finally {
    trainer.close();
    evaluator.close();
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
