/** Training of a recogniser in a thread of its own, which reads the recordings itself. */
import { startThread } from '../../core/thread.js';
import { disableTelemetry } from '../../step/telemetry.js';
import { outcomeOf, stopFlag, type TrainHooks } from '../training-thread.js';
import type { LearntFromManifests, ManifestJob } from './manifest-job.js';
import type { SpeechWorkerInput } from './worker.js';

/** @throws UserError as {@link learnFromManifests}, or `TRAINING` (out of memory) */
export function learnInThread(job: ManifestJob, hooks: TrainHooks = {}): Promise<LearntFromManifests> {
  disableTelemetry();
  const input: SpeechWorkerInput = { job, stop: stopFlag() };
  const worker = startThread(import.meta.url, 'worker', { workerData: input });
  return outcomeOf(worker, input.stop, hooks);
}
