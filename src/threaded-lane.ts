/**
 * A lane on a thread of its own, for nets whose step takes longer than about a millisecond: this thread only hands over
 * frames and takes events, so it never waits for a net. What is handed over and not yet answered is bounded by `hold`.
 */
import type { Worker } from 'node:worker_threads';
import { Subject } from 'rxjs';
import type { Config } from './config/config.js';
import type { Frame, LaneOut, Micros } from './core/contracts.js';
import { deferred, type Deferred } from './core/deferred.js';
import { BugError, messageOf } from './core/errors.js';
import type { StageContext } from './core/kind.js';
import { receivedError, startThread } from './core/thread.js';
import type { LaneHost } from './lane-host.js';
import type { FromLane, LaneThreadInput, ToLane } from './lane-thread.js';
import { disableTelemetry } from './step/telemetry.js';

/** Batches that the thread may have before the source is held back, and those at which it goes on. */
const MOST_AHEAD = 4;
const FEW_AHEAD = 2;

export class ThreadedLane implements LaneHost {
  readonly out = new Subject<LaneOut>();
  sampleRateHz: number | undefined;
  streams = 0;
  readonly #worker: Worker;
  readonly #context: StageContext;
  readonly #ready = deferred();
  readonly #exited = deferred();
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  #unanswered = 0;
  #ending = false;
  #closing = false;
  #room: Deferred | undefined;

  private constructor(config: Config, context: StageContext) {
    disableTelemetry();
    this.#context = context;
    const workerData: LaneThreadInput = { value: config.value as object, file: config.file, stop: this.#stop };
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
   * Starts the thread and opens the lane in it.
   * @throws UserError as `openLane`
   */
  static async open(config: Config, context: StageContext): Promise<ThreadedLane> {
    const lane = new ThreadedLane(config, context);
    try {
      await lane.#ready.promise;
    } catch (error) {
      await lane.close();
      throw error;
    }
    return lane;
  }

  push(frames: readonly Frame[]): void {
    if (frames.length > 0) this.#ask({ type: 'frames', frames: frames.map(alone) });
  }

  hold(): Promise<void> | undefined {
    if (this.#unanswered < MOST_AHEAD) return undefined;
    this.#room ??= deferred();
    return this.#room.promise;
  }

  tick(nowUs: Micros): void {
    // A thread that is still at work needs nobody to tell it that time passes.
    if (this.#unanswered === 0) this.#ask({ type: 'tick', nowUs });
  }

  forgive(nowUs: Micros): void {
    this.#post({ type: 'forgive', nowUs });
  }

  end(): void {
    this.#ending = true;
    this.#ask({ type: 'end' });
  }

  /** Ends the thread after the step that it is at. */
  async close(): Promise<void> {
    Atomics.store(this.#stop, 0, 1);
    this.#post({ type: 'close' });
    this.#closing = true;
    this.#room?.resolve();
    await this.#exited.promise;
  }

  #ask(message: ToLane): void {
    this.#unanswered++;
    this.#post(message);
  }

  #post(message: ToLane): void {
    if (!this.#closing) this.#worker.postMessage(message);
  }

  #take(message: FromLane): void {
    switch (message.type) {
      case 'ready':
        this.sampleRateHz = message.sampleRateHz;
        return this.#ready.resolve();
      case 'out':
        return this.#answered(message);
      case 'log':
        return this.#context.log[message.level](message.fields, message.message);
      case 'failed':
        return this.#fail(receivedError(message.error));
    }
  }

  #answered({ out, streams, counts }: Extract<FromLane, { type: 'out' }>): void {
    this.#unanswered--;
    this.streams = streams;
    this.#context.counters.add(counts);
    this.out.next(out);
    if (this.#unanswered <= FEW_AHEAD) {
      this.#room?.resolve();
      this.#room = undefined;
    }
    if (this.#ending && this.#unanswered === 0) this.out.complete();
  }

  #fail(error: Error): void {
    this.#ready.reject(error);
    this.#room?.resolve();
    this.out.error(error);
  }
}

/** A view would take the whole of its buffer along to the other thread. */
function alone(frame: Frame): Frame {
  const { data } = frame;
  return data.byteLength === data.buffer.byteLength ? frame : { ...frame, data: data.slice() };
}
