/** A forecasting net that learns from windows of series. */
import { allocateBatch, type BatchSource, type TrainingBatch } from './batches.js';
import { Evaluator, type ForecastEvaluation } from './evaluator.js';
import { runLoop, type Learner, type LoopHooks, type LoopOptions, type LoopResult } from './loop.js';
import type { NetSpec } from './net-spec.js';
import { Trainer, type TrainerOptions, type TrainerState } from './trainer.js';

/**
 * Trains a net on windows of series; see `runLoop`. Same arguments, same parameters, bit for bit, unless time or the caller
 * ends it.
 * @param validation what the net is evaluated on
 */
export function learnForecasting(
  spec: NetSpec,
  training: BatchSource,
  validation: BatchSource,
  options: LoopOptions & TrainerOptions,
  hooks: LoopHooks<ForecastEvaluation> = {},
): LoopResult<ForecastEvaluation> {
  const learner = new ForecastLearner(spec, training, validation, options);
  try {
    return runLoop(learner, options, hooks);
  } finally {
    learner.close();
  }
}

class ForecastLearner implements Learner<ForecastEvaluation> {
  readonly #batch: TrainingBatch;
  readonly #trainer: Trainer;
  readonly #evaluator: Evaluator;

  constructor(
    spec: NetSpec,
    private readonly training: BatchSource,
    validation: BatchSource,
    options: TrainerOptions,
  ) {
    this.#batch = allocateBatch(training);
    this.#trainer = new Trainer(spec, training, this.#batch, options);
    this.#evaluator = new Evaluator(spec, validation);
  }

  get perEpoch(): number {
    return this.training.perEpoch;
  }

  get steps(): number {
    return this.#trainer.steps;
  }

  get gradientNorm(): number {
    return this.#trainer.gradientNorm;
  }

  get parameters(): Float32Array {
    return this.#trainer.parameters;
  }

  learn(epoch: number, index: number, learningRate: number): { loss: number; counted: number } {
    this.training.fill(epoch, index, this.#batch);
    return { loss: this.#trainer.step(learningRate), counted: this.#batch.counted };
  }

  evaluate(): ForecastEvaluation {
    return this.#evaluator.evaluate(this.#trainer.parameters);
  }

  state(): TrainerState {
    return this.#trainer.state();
  }

  restore(state: TrainerState): void {
    this.#trainer.restore(state);
  }

  close(): void {
    this.#trainer.close();
    this.#evaluator.close();
  }
}
