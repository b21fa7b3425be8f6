/** One training, from a prepared data set to a trained net; the same in a worker thread and in the caller's. */
import type { TrainOptions } from '../core/training.js';
import { persistenceMse } from './batches.js';
import type { Dataset, Sequence } from './dataset.js';
import { runLoop, type LoopHooks, type LoopResult } from './loop.js';
import type { NetSpec } from './net-spec.js';
import { trainingWindows, validationWindows } from './windows.js';

export interface TrainJob {
  readonly spec: NetSpec;
  readonly options: TrainOptions;
  readonly sequences: readonly Sequence[];
}

export interface TrainedNet extends LoopResult {
  readonly spec: NetSpec;
  readonly options: TrainOptions;
  /** Mean squared error of "repeat the last value" on the same held-out tail, normalised units. */
  readonly persistenceMse: number;
}

/** Samples without which training is not worth starting; for `DatasetOptions.fewestSamples`. */
export function fewestSamples(options: TrainOptions): number {
  return 2 * options.sequenceLength;
}

/** What the options say about the net, for data of this width. */
export function trainJob(dataset: Dataset, options: TrainOptions): TrainJob {
  const { cell, hidden, layers, objective, dropout } = options;
  const { inputs, channels, sequences } = dataset;
  // skip: what is learnt is the change since the last value, so an untrained net is already as good as persistence.
  return { spec: { cell, inputs, hidden, layers, channels, objective, dropout, skip: true }, options, sequences };
}

/** Trains in the calling thread and blocks it. @throws UserError as {@link runLoop} */
export function runJob(job: TrainJob, hooks: LoopHooks = {}): TrainedNet {
  const { spec, options, sequences } = job;
  const shape = { inputs: spec.inputs, channels: spec.channels, length: options.sequenceLength, lanes: options.lanes };
  const validation = validationWindows(sequences, shape);
  const result = runLoop(spec, trainingWindows(sequences, shape), validation, options, hooks);
  return { ...result, spec, options, persistenceMse: persistenceMse(validation) };
}
