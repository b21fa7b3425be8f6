/**
 * A lane whose streams are shared out among threads, one lane in each, for nets whose step takes long. What it says comes
 * in the order of what went in, whichever thread was faster, so that the threads cannot be told from the outside.
 */
import { Subject } from 'rxjs';
import type { Config } from './config/config.js';
import type { Frame, LaneOut, Micros } from './core/contracts.js';
import { BugError } from './core/errors.js';
import type { KiokuEvent } from './core/events.js';
import type { Hotword } from './core/hotwords.js';
import type { StageContext } from './core/kind.js';
import { Dispatcher } from './dispatcher.js';
import type { LaneHost } from './lane-host.js';
import type { LaneAnswer, ThreadOpened } from './lane-thread.js';
import { streamIdleUsOf } from './stream-idle.js';
import { ThreadedLane } from './threaded-lane.js';

export interface Sharing {
  /** 1 … most streams; each is started when the first stream comes for which no other shall be taken. */
  readonly threads: number;
  /** See `DispatchLimits`. */
  readonly together: number;
}

/** What was handed over at one time, and its answers so far. */
interface Batch {
  /** Threads that have not answered. */
  waiting: number;
  /** By thread. */
  readonly events: (readonly KiokuEvent[])[];
  steps: number;
  /** Of everything up to this batch. */
  readonly through: ReadonlyMap<number, number>;
}

interface Thread {
  readonly lane: ThreadedLane;
  /** What it has to answer, in this order. */
  readonly batches: Batch[];
}

export class ShardedLane implements LaneHost {
  readonly out = new Subject<LaneOut>();
  sampleRateHz: number | undefined;
  readonly #config: Config;
  readonly #context: StageContext;
  readonly #dispatcher: Dispatcher;
  /** A thread is started when its first stream comes: it takes time and memory. */
  readonly #threads: (Thread | undefined)[];
  /** Not told yet, the oldest first. */
  readonly #batches: Batch[] = [];
  readonly #through = new Map<number, number>();
  /** Of the first thread: the others step them as well. */
  #sessions: ThreadOpened['sessions'] = new Map();
  #ending = false;
  #over = false;

  private constructor(config: Config, { threads, together }: Sharing, context: StageContext) {
    const { maxStreams } = config.limits;
    const streamIdleUs = streamIdleUsOf(config);
    const stepUs = config.decide.task === 'forecast' ? config.align.stepMs * 1000 : undefined;
    this.#config = config;
    this.#context = context;
    this.#threads = Array.from({ length: threads }, () => undefined);
    const limits = { maxStreams, streamIdleUs, together, ...(stepUs === undefined ? {} : { stepUs }) };
    this.#dispatcher = new Dispatcher(limits, threads);
  }

  /**
   * Opens the lane in the first of its threads.
   * @throws UserError as `openLane`
   */
  static async open(config: Config, sharing: Sharing, context: StageContext): Promise<ShardedLane> {
    const lane = new ShardedLane(config, sharing, context);
    try {
      const { sampleRateHz, sessions } = await lane.#thread(0).lane.ready();
      lane.sampleRateHz = sampleRateHz;
      lane.#sessions = sessions;
    } catch (error) {
      await lane.close();
      throw error;
    }
    return lane;
  }

  get streams(): number {
    return this.#dispatcher.streams;
  }

  push(frames: readonly Frame[]): void {
    if (frames.length === 0) return;
    this.#dispatcher.push(frames);
    for (const { source, seq } of frames) this.#through.set(source, seq);
    this.#hand();
  }

  /** The slowest thread counts. */
  hold(): Promise<void> | undefined {
    const held: Promise<void>[] = [];
    for (const thread of this.#threads) {
      const promise = thread?.lane.hold();
      if (promise !== undefined) held.push(promise);
    }
    return held.length === 0 ? undefined : allOf(held);
  }

  tick(nowUs: Micros): void {
    // What came before now may still wait in front of this lane: who sent it was not silent.
    if (this.hold() !== undefined) return;
    this.#dispatcher.tick(nowUs);
    this.#hand();
  }

  forgive(nowUs: Micros): void {
    this.#dispatcher.forgive(nowUs);
    this.#hand();
  }

  setHotwords(hotwords: readonly Hotword[]): void {
    this.#dispatcher.setHotwords(hotwords);
    this.#hand();
  }

  end(): void {
    this.#ending = true;
    this.#dispatcher.end();
    this.#hand();
  }

  async close(): Promise<void> {
    const [first, ...others] = this.#threads;
    await Promise.all(others.flatMap((thread) => thread?.lane.close() ?? []));
    // Last, because its sessions are lent to the others.
    await first?.lane.close();
  }

  #thread(shard: number): Thread {
    const known = this.#threads[shard];
    if (known !== undefined) return known;
    const batches: Batch[] = [];
    const lane = new ThreadedLane(this.#config, this.#dispatcher.capacityOf(shard), this.#sessions, this.#context, {
      done: (answer) => this.#answered(shard, batches.splice(0, answer.messages), answer),
      failed: (error) => this.#fail(error),
    });
    return (this.#threads[shard] = { lane, batches });
  }

  #hand(): void {
    const batch: Batch = { waiting: 0, events: [], steps: 0, through: new Map(this.#through) };
    this.#batches.push(batch);
    for (let shard = 0; shard < this.#threads.length; shard++) {
      const work = this.#dispatcher.take(shard);
      if (work.length === 0) continue;
      const { lane, batches } = this.#thread(shard);
      batch.waiting++;
      batches.push(batch);
      lane.post(work);
    }
    this.#tell();
  }

  #answered(shard: number, batches: readonly Batch[], { events, steps, streams }: LaneAnswer): void {
    const [first] = batches;
    if (first === undefined) throw new BugError('a thread answers what it was not asked');
    const expected = this.#dispatcher.streamsOf(shard);
    if (streams !== undefined && streams !== expected) {
      return this.#fail(new BugError(`a thread holds ${streams} streams, not ${expected}`));
    }
    for (const batch of batches) batch.waiting--;
    // No later than it may be: what another thread says of a stream that has moved there comes behind.
    first.events[shard] = events;
    first.steps += steps;
    this.#tell();
  }

  #tell(): void {
    if (this.#over) return;
    for (let batch = this.#batches[0]; batch?.waiting === 0; batch = this.#batches[0]) {
      this.#batches.shift();
      const { events, steps, through } = batch;
      this.out.next({ events: events.flat(), steps, through });
    }
    if (!this.#ending || this.#batches.length > 0) return;
    this.#over = true;
    this.out.complete();
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.out.error(error);
  }
}

async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  await Promise.all(promises);
}
