/** From the manifests of a configuration to the model folder of a recogniser that `run` and `transcribe` can use. */
import { basename, resolve } from 'node:path';
import type { Config } from './config/config.js';
import type { SpeechOptions } from './core/speech-training.js';
import { exportRecogniser, type RecogniserCard } from './train/speech/export-recogniser.js';
import { learnInThread } from './train/speech/learn-in-thread.js';
import type { LearntFromManifests } from './train/speech/manifest-job.js';
import type { TrainHooks } from './train/training-thread.js';

export interface LearntSpeech {
  readonly card: RecogniserCard;
  readonly stopped: LearntFromManifests['learnt']['stopped'];
  readonly manifests: LearntFromManifests['manifests'];
}

/**
 * Trains in a worker thread and writes the model to `config.model`. Aborted, it
 * writes the best weights so far, or the last ones where nothing is held out.
 * @throws UserError `DATA_MISSING`, `DATA_INVALID` (a manifest), `TRAINING`, `DISK`
 */
export async function learnSpeech(
  config: Config,
  speech: SpeechOptions,
  hooks: TrainHooks = {},
): Promise<LearntSpeech> {
  const { baseDir, file, model, name, train } = config;
  const manifest = resolve(baseDir, speech.manifest);
  const heldOut = speech.heldOut && resolve(baseDir, speech.heldOut);
  const made = await learnInThread({ manifest, heldOut, speech, train }, hooks);
  const card = await exportRecogniser(model, made, {
    name,
    licence: speech.licence,
    command: `kioku train ${basename(file)}`,
    seed: train.seed,
    createdAt: new Date(),
  });
  return { card, stopped: made.learnt.stopped, manifests: made.manifests };
}
