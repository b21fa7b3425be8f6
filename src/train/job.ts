/** One training, from a prepared data set to a trained net; the same in a worker thread and in the caller's. */
import { createHash } from 'node:crypto';
import type { Micros } from '../core/contracts.js';
import type { TrainOptions } from '../core/training.js';
import { persistenceMse } from './batches.js';
import { checkpointHooks, fixedOptions, type Checkpoint, type TrainingIdentity } from './checkpoint.js';
import type { Dataset } from './dataset.js';
import type { ForecastEvaluation } from './evaluator.js';
import { learnForecasting } from './forecast-learner.js';
import { gradientFlow, type GradientFlow } from './gradient-flow.js';
import { heldOutRecord } from './held-out-record.js';
import type { LoopHooks, LoopResult } from './loop.js';
import { initialParameters, type NetSpec } from './net-spec.js';
import type { NetRecord } from './record.js';
import { bytesOf, type MeasuredSequence } from './sequence.js';
import type { TrainerState } from './trainer.js';
import { trainingWindows, validationWindows } from './windows.js';

export interface TrainJob {
  readonly spec: NetSpec;
  readonly options: TrainOptions;
  readonly sequences: readonly MeasuredSequence[];
  readonly stepUs: Micros;
  /** Whether the result says how the gradient flows back through time. */
  readonly diagnose?: boolean;
  /** Absent: nothing is written on the way, and a training that is killed is lost. */
  readonly checkpoint?: Checkpoint;
}

/** Before the first step and with the weights that were kept. */
export interface GradientFlows {
  readonly initial: GradientFlow;
  readonly learnt: GradientFlow;
}

export interface TrainedNet extends Omit<LoopResult<ForecastEvaluation>, 'validations' | 'best' | 'evaluation'> {
  readonly spec: NetSpec;
  readonly options: TrainOptions;
  /** Mean squared error of the best weights on the held-out tail, normalised units. */
  readonly validationMse: number;
  /** Mean squared error of "repeat the last value" on the same held-out tail, normalised units. */
  readonly persistenceMse: number;
  readonly record: NetRecord;
  /** If the job asked for it. */
  readonly gradients?: GradientFlows;
}

/** Samples without which training is not worth starting; for `DatasetOptions.fewestSamples`. */
export function fewestSamples(options: TrainOptions): number {
  return 2 * options.sequenceLength;
}

/** What the options say about the net, for data of this width. */
export function trainJob(
  dataset: Dataset,
  options: TrainOptions,
  rest: Pick<TrainJob, 'diagnose' | 'checkpoint'> = {},
): TrainJob {
  const { cell, hidden, projection, layers, dropout } = options;
  const { inputs, channels, sequences, stepUs } = dataset;
  // skip: what is learnt is the change since the last value, so an untrained net is already as good as persistence.
  const shape = { cell, inputs, hidden, projection, layers, channels };
  const spec: NetSpec = { ...shape, ...headOf(options), dropout, skip: true };
  return { spec, options, sequences, stepUs, ...rest };
}

function headOf({ objective }: TrainOptions): Pick<NetSpec, 'objective' | 'likelihood'> {
  if (objective === 'gaussian' || objective === 'mse') return { objective };
  return { objective: 'gaussian', likelihood: objective };
}

/**
 * Trains in the calling thread and blocks it. The checkpoint stays; who has put the result in a safe place removes it.
 * @throws UserError as {@link learnForecasting} and {@link checkpointHooks}
 */
export function runJob(job: TrainJob, hooks: LoopHooks<ForecastEvaluation> = {}): TrainedNet {
  const { spec, options, sequences, stepUs } = job;
  const shape = { inputs: spec.inputs, channels: spec.channels, length: options.sequenceLength, lanes: options.lanes };
  const validation = validationWindows(sequences, shape);
  const training = trainingWindows(sequences, shape);
  const saving = job.checkpoint && checkpointHooks<ForecastEvaluation, TrainerState>(job.checkpoint, identityOf(job));
  const allHooks = { ...hooks, ...saving };
  const loop = learnForecasting(spec, training, validation, options, allHooks);
  const { validations, best, evaluation, ...result } = loop;
  const heldOut = heldOutRecord(spec, result.parameters, validation, sequences, stepUs);
  const record = { validations, best, ...heldOut };
  const validationMse = evaluation.mse;
  const trained = { ...result, spec, options, validationMse, persistenceMse: persistenceMse(validation), record };
  if (job.diagnose !== true) return trained;
  const initial = gradientFlow(spec, training, initialParameters(spec, options.seed));
  return { ...trained, gradients: { initial, learnt: gradientFlow(spec, training, result.parameters) } };
}

function identityOf({ spec, options, sequences }: TrainJob): TrainingIdentity {
  const hash = createHash('sha256').update(JSON.stringify(spec));
  for (const sequence of sequences) {
    hash.update(`${sequence.rows} ${sequence.split}`);
    for (const bytes of bytesOf(sequence, spec.inputs, spec.channels)) hash.update(bytes);
  }
  return { options: fixedOptions(options), data: hash.digest('hex') };
}
