/** Entry of the training thread: runs one job and posts what comes of it. */
import { workerData } from 'node:worker_threads';
import { runJob, type TrainJob } from './job.js';
import { postOutcome } from './training-thread.js';

export interface WorkerInput {
  readonly job: TrainJob;
  /** See `stopFlag`. */
  readonly stop: Int32Array;
}

const { job, stop } = workerData as WorkerInput;
await postOutcome(stop, (hooks) => runJob(job, hooks));
