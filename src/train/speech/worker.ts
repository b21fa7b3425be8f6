/** Entry of the thread that trains a recogniser. */
import { workerData } from 'node:worker_threads';
import { postOutcome } from '../training-thread.js';
import { learnFromManifests, type ManifestJob } from './manifest-job.js';

export interface SpeechWorkerInput {
  readonly job: ManifestJob;
  /** See `stopFlag`. */
  readonly stop: Int32Array;
}

const { job, stop } = workerData as SpeechWorkerInput;
await postOutcome(stop, (hooks) => learnFromManifests(job, hooks));
