/** From gathered series to a model folder that `run` can use: data set → training → export → calibration. */
import type { Config } from './config/config.js';
import type { ModelCard } from './core/card.js';
import type { Engine } from './core/contracts.js';
import type { StageContext } from './core/kind.js';
import { calibrate } from './calibrate.js';
import { spillOptions, type Gathered } from './gather.js';
import { checkpointIn, removeCheckpoint, warnOfReplaced } from './train/checkpoint.js';
import { prepareDataset, type Dataset } from './train/dataset.js';
import { exportModel, updateCard } from './train/export.js';
import { fewestSamples, trainJob, type GradientFlows, type TrainedNet } from './train/job.js';
import { isFinished, type StopReason } from './train/loop.js';
import type { Progress } from './train/progress.js';
import { trainingRecord, type TrainingRecord } from './train/record.js';
import { trainInWorker } from './train/train.js';

export interface LearnParts {
  readonly engine: Engine;
  readonly context: StageContext;
  /** Ends training early; the best weights so far become the model, and the checkpoint stays. */
  readonly signal?: AbortSignal;
  /** Go on from the checkpoint that an unfinished training of the same data and options left. */
  readonly resume?: boolean;
  /** Measure how the gradient flows back through time, before and after. */
  readonly diagnose?: boolean;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Learnt {
  readonly card: ModelCard;
  /** `aborted` and `time`: there is more to learn, and a checkpoint from which to go on. */
  readonly stopped: StopReason;
  readonly record: TrainingRecord;
  /** Names of channels with one value in all that was learnt and no noise floor: nothing tells what change is normal. */
  readonly constant: readonly string[];
  /** With `diagnose`. */
  readonly gradients?: GradientFlows;
}

/**
 * Trains on `gathered` in a worker thread and writes the model to `config.model`, on the way also checkpoints.
 * @throws UserError `DATA_TOO_SHORT`, `TRAINING`, `DISK`, `SNAPSHOT_INVALID` (the checkpoint to resume from)
 */
export async function learn(config: Config, gathered: Gathered, parts: LearnParts): Promise<Learnt> {
  const { channels, series } = gathered;
  const stepUs = config.align.stepMs * 1000;
  const dataset = datasetOf(config, gathered, parts.context);
  const trained = await train(config, dataset, parts).finally(() => dataset.file?.close());
  const exported = await exportModel(config.model, trained, {
    name: config.name,
    stepUs,
    channels: channels.map(({ name, aggregate }) => ({ name, aggregate })),
    data: dataset,
    createdAt: new Date(),
    licence: 'the licence of the data it was trained on',
  });
  const calibration = await calibrate(config, series, parts.engine, parts.context);
  const card: ModelCard = { ...exported, calibration };
  await updateCard(config.model, card);
  if (isFinished(trained.stopped)) await removeCheckpoint(checkpointIn(config.model));
  const { stopped, gradients } = trained;
  const record = trainingRecord(trained, dataset, channels);
  return {
    card,
    stopped,
    record,
    constant: constantOf(channels, dataset),
    ...(gradients === undefined ? {} : { gradients }),
  };
}

function datasetOf(
  config: Config,
  { channels, series, bytes, spilledBytes }: Gathered,
  { log }: StageContext,
): Dataset {
  const { memoryBytes, folder } = spillOptions(config);
  const dataset = prepareDataset(series, {
    channels: channels.map(({ name }) => name),
    stepUs: config.align.stepMs * 1000,
    calendar: config.train.calendar,
    noiseFloors: channels.map(({ noiseFloor }) => noiseFloor),
    validationFraction: config.train.validationFraction,
    fewestSamples: fewestSamples(config.train),
    spill: { memoryBytes: memoryBytes - bytes, folder },
  });
  const constant = constantOf(channels, dataset);
  if (constant.length > 0) {
    log.warn(
      { channels: constant },
      'the same value all the time, which does not tell how much of a change is normal: a noiseFloor in align.channels ' +
        'does; a channel that does not matter can be left out there',
    );
  }
  const inFiles = spilledBytes + (dataset.file?.size ?? 0);
  if (inFiles > 0) {
    const megabytes = Math.round(inFiles / 1e6);
    log.info({ megabytes, folder }, 'the data is larger than train.memoryMb: what is more is in temporary files');
  }
  return dataset;
}

/** Whoever gives a noise floor has thought of it. */
function constantOf(channels: Gathered['channels'], dataset: Dataset): string[] {
  return channels.flatMap(({ name, noiseFloor }) =>
    noiseFloor === 0 && dataset.constant.includes(name) ? [name] : [],
  );
}

async function train(config: Config, dataset: Dataset, parts: LearnParts): Promise<TrainedNet> {
  const checkpoint = checkpointIn(config.model);
  const resume = parts.resume === true;
  if (!resume) warnOfReplaced(checkpoint, parts.context.log);
  const job = trainJob(dataset, config.train, {
    diagnose: parts.diagnose === true,
    checkpoint: { file: checkpoint, resume },
  });
  return trainInWorker(job, {
    ...(parts.signal === undefined ? {} : { signal: parts.signal }),
    ...(parts.onProgress === undefined ? {} : { onProgress: parts.onProgress }),
  });
}
