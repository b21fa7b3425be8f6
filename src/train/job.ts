/** One training, from a prepared data set to a trained net; the same in a worker thread and in the caller's. */
import type { TrainOptions } from '../core/training.js';
import { persistenceMse } from './batches.js';
import { CheckpointFile } from './checkpoint.js';
import type { Dataset, Sequence } from './dataset.js';
import { runLoop, type LoopHooks, type LoopResult, type LoopState } from './loop.js';
import type { NetSpec } from './net-spec.js';
import { trainingWindows, validationWindows } from './windows.js';

export interface TrainJob {
  readonly spec: NetSpec;
  readonly options: TrainOptions;
  readonly sequences: readonly Sequence[];
  /** Absent: nothing is written on the way, and a training that is killed is lost. */
  readonly checkpoint?: {
    readonly file: string;
    /** Whether training goes on from what is there. */
    readonly resume: boolean;
  };
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
export function trainJob(dataset: Dataset, options: TrainOptions, checkpoint?: TrainJob['checkpoint']): TrainJob {
  const { cell, hidden, layers, objective, dropout } = options;
  const { inputs, channels, sequences } = dataset;
  // skip: what is learnt is the change since the last value, so an untrained net is already as good as persistence.
  const spec: NetSpec = { cell, inputs, hidden, layers, channels, objective, dropout, skip: true };
  return { spec, options, sequences, ...(checkpoint === undefined ? {} : { checkpoint }) };
}

/**
 * Trains in the calling thread and blocks it. The checkpoint stays; who has put the result in a safe place removes it.
 * @throws UserError as {@link runLoop} and {@link CheckpointFile}
 */
export function runJob(job: TrainJob, hooks: LoopHooks = {}): TrainedNet {
  const { spec, options, sequences } = job;
  const shape = { inputs: spec.inputs, channels: spec.channels, length: options.sequenceLength, lanes: options.lanes };
  const validation = validationWindows(sequences, shape);
  const result = runLoop(spec, trainingWindows(sequences, shape), validation, options, {
    ...hooks,
    ...checkpointHooks(job),
  });
  return { ...result, spec, options, persistenceMse: persistenceMse(validation) };
}

function checkpointHooks(job: TrainJob): Pick<LoopHooks, 'save' | 'resumeFrom'> {
  if (job.checkpoint === undefined) return {};
  const file = new CheckpointFile(job.checkpoint.file, job);
  const save = (state: LoopState): void => file.write(state);
  return job.checkpoint.resume ? { save, resumeFrom: file.read() } : { save };
}
