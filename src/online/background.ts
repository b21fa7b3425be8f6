/** Updates that are made in a thread, so that what is measured meanwhile does not wait. */
import type { Worker } from 'node:worker_threads';
import { deferred } from '../core/deferred.js';
import { BugError, messageOf } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { receivedError, startThread } from '../core/thread.js';
import { disableTelemetry } from '../step/telemetry.js';
import type { LearnerStart, Update } from './learner.js';
import type { FromLearner, ToLearner } from './learning-thread.js';
import type { Learning } from './learning.js';
import type { Lesson } from './lesson.js';

export class BackgroundLearning implements Learning {
  readonly #worker: Worker;
  readonly #log: Log;
  readonly #exited = deferred();
  #busy = false;
  #over = false;
  #closing = false;
  #update: Update | undefined;

  /** @param log is told when the thread has failed; the net then stays as it is */
  constructor(start: LearnerStart, log: Log) {
    disableTelemetry();
    this.#log = log;
    this.#worker = startThread(import.meta.url, 'learning-thread', { workerData: start });
    this.#worker.on('message', (message: FromLearner) => this.#take(message));
    this.#worker.on('error', (cause) => this.#fail(cause));
    this.#worker.on('exit', (code) => {
      if (!this.#closing) this.#fail(new BugError(`the thread ended by itself (exit code ${code})`));
      this.#exited.resolve();
    });
  }

  get busy(): boolean {
    return this.#busy;
  }

  get over(): boolean {
    return this.#over;
  }

  learn(lessons: readonly Lesson[]): void {
    if (this.#over) return;
    this.#busy = true;
    this.#post({ type: 'learn', lessons });
  }

  take(): Update | undefined {
    const update = this.#update;
    this.#update = undefined;
    return update;
  }

  close(): Promise<void> {
    // Not `over`: what it is at comes before it ends.
    this.#post({ type: 'close' });
    this.#closing = true;
    return this.#exited.promise;
  }

  #post(message: ToLearner): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromLearner): void {
    if (message.type === 'failed') return this.#fail(receivedError(message.error));
    this.#busy = false;
    this.#update = message.update;
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#busy = false;
    this.#log.warn(
      { reason: messageOf(error) },
      'online learning has ended: the net goes on with what it has learnt so far',
    );
  }
}
