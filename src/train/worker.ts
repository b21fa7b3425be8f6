/** Entry of the training thread: runs one job and posts what comes of it. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { BugError } from '../core/errors.js';
import { postedError, type PostedError } from '../core/thread.js';
import { runJob, type TrainedNet, type TrainJob } from './job.js';
import type { Progress } from './progress.js';

export interface WorkerInput {
  readonly job: TrainJob;
  /** [1], shared: 1 = stop after the present step. A thread that computes hears no messages. */
  readonly stop: Int32Array;
}

export type WorkerMessage =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'done'; readonly trained: TrainedNet }
  | { readonly type: 'failed'; readonly error: PostedError };

function work({ job, stop }: WorkerInput, post: (message: WorkerMessage) => void): void {
  try {
    const trained = runJob(job, {
      shouldStop: () => Atomics.load(stop, 0) === 1,
      onProgress: (progress) => post({ type: 'progress', progress }),
    });
    post({ type: 'done', trained });
  } catch (error) {
    post({ type: 'failed', error: postedError(error) });
  }
}

const port = parentPort;
if (isMainThread || port === null) throw new BugError('worker.ts is the entry of a worker thread');
work(workerData as WorkerInput, (message) => port.postMessage(message));
