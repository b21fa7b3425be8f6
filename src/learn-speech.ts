/** From the manifests of a configuration to the model folder of a recogniser that `run` and `transcribe` can use. */
import { relative, resolve } from 'node:path';
import { cwd } from 'node:process';
import type { Config } from './config/config.js';
import type { Log } from './core/log.js';
import type { SpeechOptions } from './core/speech-training.js';
import { checkpointIn, removeCheckpoint, warnOfReplaced } from './train/checkpoint.js';
import { isFinished } from './train/loop.js';
import { exportRecogniser, type RecogniserCard } from './train/speech/export-recogniser.js';
import { learnInThread } from './train/speech/learn-in-thread.js';
import type { LearntFromManifests } from './train/speech/manifest-job.js';
import { recogniserRecord, type RecogniserRecord } from './train/speech/recogniser-record.js';
import type { TrainHooks } from './train/training-thread.js';

export interface LearnSpeechParts extends TrainHooks {
  readonly log: Log;
  /** Go on from the checkpoint that an unfinished training of the same recordings and options left. */
  readonly resume: boolean;
}

export interface LearntSpeech {
  readonly card: RecogniserCard;
  /** `aborted` and `time`: there is more to learn, and a checkpoint from which to go on. */
  readonly stopped: LearntFromManifests['learnt']['stopped'];
  readonly manifests: LearntFromManifests['manifests'];
  readonly record: RecogniserRecord;
}

/**
 * Trains in a worker thread and writes the model to `config.model`, on the way also checkpoints. Aborted, it writes the best
 * weights so far, or the last ones where nothing is held out.
 * @throws UserError `DATA_MISSING`, `DATA_INVALID` (a manifest), `TRAINING`, `DISK`, `SNAPSHOT_INVALID` (the checkpoint to
 * resume from)
 */
export async function learnSpeech(
  config: Config,
  speech: SpeechOptions,
  { log, resume, ...hooks }: LearnSpeechParts,
): Promise<LearntSpeech> {
  const { baseDir, file, model, name, train } = config;
  const manifest = resolve(baseDir, speech.manifest);
  const heldOut = speech.heldOut && resolve(baseDir, speech.heldOut);
  const checkpoint = { file: checkpointIn(model), resume };
  if (!resume) warnOfReplaced(checkpoint.file, log);
  const made = await learnInThread({ manifest, heldOut, speech, train, checkpoint }, hooks);
  const { stopped } = made.learnt;
  const card = await exportRecogniser(model, made, {
    name,
    licence: speech.licence,
    command: `kioku train ${relative(cwd(), file)}`,
    seed: train.seed,
    createdAt: new Date(),
  });
  if (isFinished(stopped)) await removeCheckpoint(checkpoint.file);
  return { card, stopped, manifests: made.manifests, record: recogniserRecord(made) };
}
