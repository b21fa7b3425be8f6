/** Training in a thread of its own, so that the caller's event loop goes on. */
import type { Worker } from 'node:worker_threads';
import { BugError, messageOf, systemCodeOf, UserError } from '../core/errors.js';
import { receivedError, startThread } from '../core/thread.js';
import { disableTelemetry } from '../step/telemetry.js';
import type { TrainedNet, TrainJob } from './job.js';
import type { Progress } from './progress.js';
import type { WorkerInput, WorkerMessage } from './worker.js';

export interface TrainHooks {
  /** Ends training after the present step; the promise resolves with the best weights so far, `stopped: 'aborted'`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Trains in a worker thread. Sequences that are in memory move there and are empty afterwards.
 * @throws UserError `TRAINING` (the loss is not a number, out of memory), `ENGINE`, `PLATFORM`; BugError when the thread
 * dies for a reason of its own
 */
export function trainInWorker(job: TrainJob, hooks: TrainHooks = {}): Promise<TrainedNet> {
  disableTelemetry();
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const worker = startWorker({ job, stop });
  const onAbort = (): void => void Atomics.store(stop, 0, 1);
  if (hooks.signal?.aborted === true) onAbort();
  hooks.signal?.addEventListener('abort', onAbort);
  return new Promise<TrainedNet>((resolve, reject) => {
    worker.on('message', (message: WorkerMessage) => {
      switch (message.type) {
        case 'progress':
          hooks.onProgress?.(message.progress);
          break;
        case 'done':
          resolve(message.trained);
          break;
        case 'failed':
          reject(receivedError(message.error));
          break;
      }
    });
    worker.on('error', (error) => reject(crash(error)));
    // After 'done' or 'failed' the promise is settled and this changes nothing.
    worker.on('exit', (code) => reject(new BugError(`the training thread ended without a result (exit code ${code})`)));
  }).finally(() => hooks.signal?.removeEventListener('abort', onAbort));
}

function startWorker(input: WorkerInput): Worker {
  const moved = new Set<ArrayBufferLike>();
  for (const one of input.job.sequences) if ('x' in one) moved.add(one.x.buffer).add(one.observed.buffer);
  return startThread(import.meta.url, 'worker', {
    workerData: input,
    transferList: [...moved].filter((buffer) => buffer instanceof ArrayBuffer),
  });
}

function crash(error: unknown): Error {
  if (systemCodeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new UserError('TRAINING', 'training ran out of memory', {
      hint: 'choose a smaller train.hidden, train.lanes or train.sequenceLength, or train on less data',
      cause: error,
    });
  }
  return new BugError(`the training thread crashed: ${messageOf(error)}`, { cause: error });
}
