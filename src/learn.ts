/** From gathered series to a model folder that `run` can use: data set → training → export → calibration. */
import type { Config } from './config/config.js';
import type { ModelCard } from './core/card.js';
import type { Engine } from './core/contracts.js';
import type { StageContext } from './core/kind.js';
import { calibrate } from './calibrate.js';
import type { Gathered } from './gather.js';
import { prepareDataset } from './train/dataset.js';
import { exportModel, updateCard } from './train/export.js';
import { fewestSamples, trainJob } from './train/job.js';
import type { StopReason } from './train/loop.js';
import type { Progress } from './train/progress.js';
import { trainInWorker } from './train/train.js';

export interface LearnParts {
  readonly engine: Engine;
  readonly context: StageContext;
  /** Ends training early; the best weights so far become the model. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Learnt {
  readonly card: ModelCard;
  readonly stopped: StopReason;
}

/**
 * Trains on `gathered` in a worker thread and writes the model to `config.model`.
 * @throws UserError `DATA_TOO_SHORT`, `TRAINING`, `DISK`
 */
export async function learn(config: Config, gathered: Gathered, parts: LearnParts): Promise<Learnt> {
  const { channels, series } = gathered;
  const stepUs = config.align.stepMs * 1000;
  const dataset = prepareDataset(series, {
    channels: channels.map(({ name }) => name),
    stepUs,
    calendar: config.train.calendar,
    noiseFloors: channels.map(({ noiseFloor }) => noiseFloor),
    validationFraction: config.train.validationFraction,
    fewestSamples: fewestSamples(config.train),
  });
  const trained = await trainInWorker(trainJob(dataset, config.train), {
    ...(parts.signal === undefined ? {} : { signal: parts.signal }),
    ...(parts.onProgress === undefined ? {} : { onProgress: parts.onProgress }),
  });
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
  return { card, stopped: trained.stopped };
}
