/** Entry of the thread in which a running net is taught: one update for each message, in order. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { BugError } from '../core/errors.js';
import { postedError, type PostedError } from '../core/thread.js';
import { Learner, type LearnerStart, type Update } from './learner.js';
import type { Lesson } from './lesson.js';

export type ToLearner =
  | { readonly type: 'learn'; readonly lessons: readonly Lesson[] }
  /** The thread ends by itself; ended from outside amid a run, ONNX Runtime takes the whole process down. */
  | { readonly type: 'close' };

export type FromLearner =
  { readonly type: 'update'; readonly update: Update } | { readonly type: 'failed'; readonly error: PostedError };

const port = parentPort;
if (isMainThread || port === null) throw new BugError('learning-thread.ts is the entry of a worker thread');

/** @returns undefined when it failed, which was told */
function told<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    port?.postMessage({ type: 'failed', error: postedError(error) } satisfies FromLearner);
    port?.close();
    return undefined;
  }
}

const learner = told(() => new Learner(workerData as LearnerStart));
port.on('message', (message: ToLearner) => {
  if (message.type === 'close') {
    learner?.close();
    return port.close();
  }
  const update = told(() => learner?.learn(message.lessons));
  if (update === undefined) return undefined;
  const { knowledge, model } = update;
  const moved = [knowledge.parameters, knowledge.m, knowledge.v, ...(model === undefined ? [] : [model])];
  return port.postMessage(
    { type: 'update', update } satisfies FromLearner,
    moved.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer),
  );
});
