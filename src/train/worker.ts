/** Entry of the training thread: runs one job and posts what comes of it. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { BugError, UserError, type ErrorCode } from '../core/errors.js';
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
  | {
      readonly type: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string | undefined;
    };

function work({ job, stop }: WorkerInput, post: (message: WorkerMessage) => void): void {
  try {
    const trained = runJob(job, {
      shouldStop: () => Atomics.load(stop, 0) === 1,
      onProgress: (progress) => post({ type: 'progress', progress }),
    });
    post({ type: 'done', trained });
  } catch (error) {
    // A class does not survive the way to the other thread; whatever is not a UserError is a defect and may crash it.
    if (!(error instanceof UserError)) throw error;
    post({ type: 'failed', code: error.code, message: error.message, hint: error.hint });
  }
}

const port = parentPort;
if (isMainThread || port === null) throw new BugError('worker.ts is the entry of a worker thread');
work(workerData as WorkerInput, (message) => port.postMessage(message));
