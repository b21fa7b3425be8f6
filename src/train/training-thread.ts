/** Both ends of a training in a thread of its own: what is asked, what is told on the way, and what comes of it. */
import { isMainThread, parentPort, type Worker } from 'node:worker_threads';
import { BugError, messageOf, systemCodeOf, UserError } from '../core/errors.js';
import { postedError, receivedError, type PostedError } from '../core/thread.js';
import type { Progress } from './progress.js';

export interface TrainHooks {
  /** Ends training after the present step; the promise resolves with the best weights so far, `stopped: 'aborted'`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

type Message<T> =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'done'; readonly result: T }
  | { readonly type: 'failed'; readonly error: PostedError };

/** What a thread is given beside its job: [1], shared; 1 = stop after the present step. It hears no messages while it computes. */
export function stopFlag(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4));
}

/**
 * @param stop as the thread was given it
 * @throws UserError what the thread threw, or `TRAINING` (out of memory); BugError when it dies for a reason of its own
 */
export function outcomeOf<T>(worker: Worker, stop: Int32Array, hooks: TrainHooks): Promise<T> {
  const onAbort = (): void => void Atomics.store(stop, 0, 1);
  if (hooks.signal?.aborted === true) onAbort();
  hooks.signal?.addEventListener('abort', onAbort);
  return new Promise<T>((resolve, reject) => {
    worker.on('message', (message: Message<T>) => {
      switch (message.type) {
        case 'progress':
          hooks.onProgress?.(message.progress);
          break;
        case 'done':
          resolve(message.result);
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

/** The other end. @param run trains; what it throws and is no `UserError` crashes the thread */
export async function postOutcome<T>(
  stop: Int32Array,
  run: (hooks: { shouldStop: () => boolean; onProgress: (progress: Progress) => void }) => T | Promise<T>,
): Promise<void> {
  const port = parentPort;
  if (isMainThread || port === null) throw new BugError('this is the entry of a worker thread');
  const post = (message: Message<T>): void => port.postMessage(message);
  try {
    const result = await run({
      shouldStop: () => Atomics.load(stop, 0) === 1,
      onProgress: (progress) => post({ type: 'progress', progress }),
    });
    post({ type: 'done', result });
  } catch (error) {
    post({ type: 'failed', error: postedError(error) });
  }
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
