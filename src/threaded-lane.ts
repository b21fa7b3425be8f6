/**
 * A lane on a thread of its own: this thread only hands over work and takes what it led to, so it never waits for a net.
 * What is handed over and not yet answered is bounded by `hold`.
 */
import type { Worker } from 'node:worker_threads';
import type { Config } from './config/config.js';
import { deferred, type Deferred } from './core/deferred.js';
import { BugError, messageOf } from './core/errors.js';
import type { StageContext } from './core/kind.js';
import { receivedError, startThread } from './core/thread.js';
import type { LaneWork } from './dispatcher.js';
import type { FromLane, LaneAnswer, LaneThreadInput, PostedWork, ThreadOpened, ToLane } from './lane-thread.js';
import { blocksOf, packFrames } from './posted-frames.js';
import { disableTelemetry } from './step/telemetry.js';

/** Messages that the thread may have before the source is held back, and those at which it goes on. */
const MOST_AHEAD = 4;
const FEW_AHEAD = 2;

export interface ThreadListener {
  /** The answers come in the order of the work. */
  done(answer: LaneAnswer): void;
  /** Nothing follows. */
  failed(error: Error): void;
}

export class ThreadedLane {
  readonly #worker: Worker;
  readonly #context: StageContext;
  readonly #listener: ThreadListener;
  readonly #ready = deferred<ThreadOpened>();
  readonly #exited = deferred();
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  #unanswered = 0;
  #closing = false;
  #room: Deferred | undefined;

  /**
   * Starts the thread; what it is given before it is `ready` waits.
   * @param maxStreams of those of the configuration, how many are for this thread
   * @param sessions of a thread that is closed after this one
   */
  constructor(
    config: Config,
    maxStreams: number,
    sessions: ThreadOpened['sessions'],
    context: StageContext,
    listener: ThreadListener,
  ) {
    disableTelemetry();
    this.#context = context;
    this.#listener = listener;
    // Whoever does not ask whether it is ready hears of the failure anyway.
    this.#ready.promise.catch(() => {});
    const { value, file } = config;
    const workerData: LaneThreadInput = { value: value as object, file, maxStreams, sessions, stop: this.#stop };
    this.#worker = startThread(import.meta.url, 'lane-thread', { workerData });
    this.#worker.on('message', (message: FromLane) => this.#take(message));
    this.#worker.on('error', (cause) => {
      this.#fail(new BugError(`the lane's thread crashed: ${messageOf(cause)}`, { cause }));
    });
    this.#worker.on('exit', (code) => {
      this.#exited.resolve();
      if (!this.#closing) this.#fail(new BugError(`the lane's thread ended by itself (exit code ${code})`));
    });
  }

  /**
   * Resolves when the lane is open.
   * @throws UserError as `openLane`
   */
  ready(): Promise<ThreadOpened> {
    return this.#ready.promise;
  }

  /** Hands over work; one answer may be for several calls. */
  post(work: readonly LaneWork[]): void {
    this.#unanswered++;
    const blocks: ArrayBuffer[] = [];
    const posted = work.map((one): PostedWork => {
      if (one.type !== 'frames') return one;
      const frames = packFrames(one.frames);
      blocks.push(...blocksOf(frames));
      return { type: 'frames', frames };
    });
    this.#send({ type: 'work', work: posted }, blocks);
  }

  /** @returns undefined while it keeps up, else a promise that resolves when it does again */
  hold(): Promise<void> | undefined {
    if (this.#unanswered < MOST_AHEAD) return undefined;
    this.#room ??= deferred();
    return this.#room.promise;
  }

  /** Ends the thread after the step that it is at. */
  async close(): Promise<void> {
    Atomics.store(this.#stop, 0, 1);
    this.#send({ type: 'close' }, []);
    this.#closing = true;
    this.#room?.resolve();
    await this.#exited.promise;
  }

  #send(message: ToLane, blocks: readonly ArrayBuffer[]): void {
    if (!this.#closing) this.#worker.postMessage(message, blocks);
  }

  #take(message: FromLane): void {
    switch (message.type) {
      case 'ready':
        return this.#ready.resolve(message);
      case 'done':
        return this.#answered(message.answer);
      case 'log':
        return this.#context.log[message.level](message.fields, message.message);
      case 'failed':
        return this.#fail(receivedError(message.error));
    }
  }

  #answered(answer: LaneAnswer): void {
    this.#unanswered -= answer.messages;
    this.#context.counters.add(answer.counts);
    if (this.#unanswered <= FEW_AHEAD) {
      this.#room?.resolve();
      this.#room = undefined;
    }
    this.#listener.done(answer);
  }

  #fail(error: Error): void {
    this.#ready.reject(error);
    this.#room?.resolve();
    this.#listener.failed(error);
  }
}
