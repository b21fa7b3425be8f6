/**
 * A trained net → a model folder: the step model and its card, replaced as one.
 *
 * Two files cannot be renamed in one go, so the card is the commit: the ONNX file goes to the one of two names that the
 * present card does not refer to, is synced to the disk, and only then does an atomic rename put the new card in place.
 * A crash at any moment leaves a card that names a whole model, the old or the new one.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cardSchema, type Aggregate, type ModelCard } from '../core/card.js';
import type { Micros } from '../core/contracts.js';
import { BugError, messageOf, systemCodeOf, UserError } from '../core/errors.js';
import { toIso } from '../core/time.js';
import type { TrainOptions } from '../core/training.js';
import { kiokuVersion } from '../core/version.js';
import { writeWhole } from '../core/whole-file.js';
import { CARD_FILE } from '../step/card-file.js';
import type { Dataset } from './dataset.js';
import { buildStepGraph, stepFormFor, stepSignature, type StepForm } from './inference-graphs.js';
import type { TrainedNet } from './job.js';
import { parameterCount } from './net-spec.js';

const MODEL_FILES = ['model.onnx', 'model-b.onnx'] as const;

export interface ExportInfo {
  readonly name: string;
  readonly stepUs: Micros;
  /** In the order of the net's inputs. */
  readonly channels: readonly { readonly name: string; readonly aggregate: Aggregate }[];
  readonly data: Pick<Dataset, 'normalisation' | 'rows' | 'streams' | 'fromUs' | 'toUs'>;
  readonly createdAt: Date;
  /** SPDX identifier or a sentence: under what terms the model may be used. */
  readonly licence: string;
}

/**
 * Writes `model.onnx` and `model.json` into `folder`, which is made if need be; a model already there is replaced.
 * @returns the card as written
 * @throws UserError `DISK` when something cannot be written; the former model is then still whole
 */
export async function exportModel(folder: string, trained: TrainedNet, info: ExportInfo): Promise<ModelCard> {
  const { spec, parameters } = trained;
  const form = stepFormFor(spec, info.data.streams);
  const bytes = buildStepGraph(spec, parameters, form, metadataOf(trained, info));
  return disk(folder, async () => {
    await mkdir(folder, { recursive: true });
    const present = await presentModelFile(folder);
    const file = MODEL_FILES[present === MODEL_FILES[0] ? 1 : 0];
    const card = describe(trained, info, form, file, createHash('sha256').update(bytes).digest('hex'));
    try {
      await writeSynced(join(folder, file), bytes);
      await syncFolder(folder);
      await writeCard(folder, card);
    } catch (error) {
      // The rename may have happened before the failure: then the file is in use.
      if ((await presentModelFile(folder)) !== file) await rm(join(folder, file), { force: true });
      throw error;
    }
    if (present !== undefined) await rm(join(folder, present), { force: true });
    return card;
  });
}

/**
 * Replaces the card of a model whose ONNX file stays as it is.
 * @throws UserError `DISK`; the former card is then still whole
 */
export async function updateCard(folder: string, card: ModelCard): Promise<void> {
  await disk(folder, () => writeCard(folder, card));
}

/** What another program needs to know to use the ONNX file without the card; values are strings, as in other models. */
function metadataOf({ spec }: TrainedNet, info: ExportInfo): Record<string, string> {
  return {
    model_type: 'kioku-forecast',
    cell: spec.cell,
    objective: spec.objective,
    channels: info.channels.map(({ name }) => name).join(','),
    step_us: String(info.stepUs),
  };
}

function describe(
  trained: TrainedNet,
  info: ExportInfo,
  form: StepForm,
  model: string,
  modelSha256: string,
): ModelCard {
  const { spec, options } = trained;
  return {
    format: 'kioku-model',
    version: 1,
    name: info.name,
    task: 'forecast',
    model,
    modelSha256,
    ...stepSignature(spec, form),
    stepUs: info.stepUs,
    channels: [...info.channels],
    calendar: options.calendar,
    objective: spec.objective,
    normalisation: info.data.normalisation,
    training: {
      cell: spec.cell,
      hidden: spec.hidden,
      ...(spec.projection === undefined ? {} : { projection: spec.projection }),
      layers: spec.layers,
      dropout: spec.dropout,
      ...(spec.likelihood === undefined ? {} : { likelihood: spec.likelihood }),
      parameters: parameterCount(spec),
      seed: options.seed,
      optimiserSteps: trained.optimiserSteps,
      epochs: trained.epochs,
      bestEpoch: trained.record.best.epoch,
      optimiser: optimiserOf(options),
      trainLoss: trained.record.best.trainLoss,
      validationLoss: trained.record.best.validationLoss,
      persistenceMse: trained.persistenceMse,
      validationMse: trained.validationMse,
      seconds: trained.seconds,
      rows: info.data.rows,
      streams: info.data.streams,
      from: toIso(info.data.fromUs),
      to: toIso(info.data.toUs),
      createdAt: info.createdAt.toISOString(),
      kioku: kiokuVersion(),
    },
    licence: info.licence,
  };
}

function optimiserOf(options: TrainOptions): ModelCard['training']['optimiser'] {
  const { learningRate, schedule, warmUp, weightDecay, clipNorm, sequenceLength } = options;
  return { learningRate, schedule, warmUp, weightDecay, clipNorm, sequenceLength };
}

/** The ONNX file that a valid card in the folder refers to. */
async function presentModelFile(folder: string): Promise<string | undefined> {
  try {
    return cardSchema.parse(JSON.parse(await readFile(join(folder, CARD_FILE), 'utf8'))).model;
  } catch {
    // No card, or none that anybody could load: nothing to preserve.
    return undefined;
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes new names in the folder survive a power loss. */
async function syncFolder(folder: string): Promise<void> {
  // Windows can neither open nor sync a folder.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeCard(folder: string, card: ModelCard): Promise<void> {
  const checked = cardSchema.safeParse(card);
  if (!checked.success) throw new BugError(`the card is not valid: ${checked.error.message}`);
  await writeWhole(join(folder, CARD_FILE), `${JSON.stringify(checked.data, null, 2)}\n`);
  await syncFolder(folder);
}

/** @throws UserError `DISK` for what the file system refuses */
export async function disk<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error;
    throw new UserError('DISK', `the model cannot be written to ${folder}: ${messageOf(error)}`, {
      hint: 'make room or choose a folder that may be written to',
      cause: error,
    });
  }
}
