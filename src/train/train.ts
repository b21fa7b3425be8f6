/** Training in a thread of its own, so that the caller's event loop goes on. */
import { startThread } from '../core/thread.js';
import { disableTelemetry } from '../step/telemetry.js';
import type { TrainedNet, TrainJob } from './job.js';
import { outcomeOf, stopFlag, type TrainHooks } from './training-thread.js';
import type { WorkerInput } from './worker.js';

/**
 * Trains in a worker thread. Sequences that are in memory move there and are empty afterwards.
 * @throws UserError `TRAINING` (the loss is not a number, out of memory), `ENGINE`, `PLATFORM`; BugError when the thread
 * dies for a reason of its own
 */
export function trainInWorker(job: TrainJob, hooks: TrainHooks = {}): Promise<TrainedNet> {
  disableTelemetry();
  const input: WorkerInput = { job, stop: stopFlag() };
  const moved = new Set<ArrayBufferLike>();
  for (const one of job.sequences) if ('x' in one) moved.add(one.x.buffer).add(one.observed.buffer);
  const worker = startThread(import.meta.url, 'worker', {
    workerData: input,
    transferList: [...moved].filter((buffer) => buffer instanceof ArrayBuffer),
  });
  return outcomeOf(worker, input.stop, hooks);
}
