/** Where a lane runs, as the pipeline sees it: on this thread (here) or on others (`sharded-lane.ts`). */
import { type Observable, Subject } from 'rxjs';
import type { Frame, Lane, LaneOut, Micros } from './core/contracts.js';
import { type Hotword, takesHotwords } from './core/hotwords.js';

export interface LaneHost {
  /** What the lane says, in order; completes after `end`. Errors when the lane cannot go on. */
  readonly out: Observable<LaneOut>;
  /** Of audio: the rate that frames must have; one channel. */
  readonly sampleRateHz: number | undefined;
  /** Streams that the lane holds. */
  readonly streams: number;
  /** Takes frames and steps them, now or soon. */
  push(frames: readonly Frame[]): void;
  /** @returns undefined while the lane keeps up, else a promise that resolves when it does again */
  hold(): Promise<void> | undefined;
  /** See `Lane.tick`. */
  tick(nowUs: Micros): void;
  /** See `Lane.forgive`. */
  forgive(nowUs: Micros): void;
  /** Of a recogniser, for the frames that follow: see `HotwordDecider`. */
  setHotwords(hotwords: readonly Hotword[]): void;
  /** The source has ended: judges what waits, ends what is open. */
  end(): void;
  close(): Promise<void>;
}

/** In runs of more rows a row becomes no cheaper. */
const FULL_BATCH_ROWS = 256;

/**
 * A lane on this thread. It is stepped when a batch is full, or when the oldest row has waited for `maxDelayMs`: messages
 * that come one by one share the runs of the net. What the lane says does not depend on it.
 */
export class LocalLane implements LaneHost {
  readonly out = new Subject<LaneOut>();
  /** Runs while something waits that was not stepped. */
  #deadline: NodeJS.Timeout | undefined;

  /** @param maxDelayMs wall clock; 0: all frames are stepped as they come */
  constructor(
    private readonly lane: Lane,
    private readonly maxDelayMs = 0,
  ) {}

  get sampleRateHz(): number | undefined {
    return this.lane.sampleRateHz;
  }

  get streams(): number {
    return this.lane.streams.length;
  }

  push(frames: readonly Frame[]): void {
    this.lane.push(frames);
    if (this.maxDelayMs === 0 || this.lane.rowsWaiting >= FULL_BATCH_ROWS) this.#tell(this.lane.turn());
    else this.#deadline ??= setTimeout(this.#turnLate, this.maxDelayMs);
  }

  hold(): undefined {
    return undefined;
  }

  tick(nowUs: Micros): void {
    this.#tell(this.lane.tick(nowUs));
  }

  forgive(nowUs: Micros): void {
    this.lane.forgive(nowUs);
  }

  setHotwords(hotwords: readonly Hotword[]): void {
    if (takesHotwords(this.lane)) this.lane.setHotwords(hotwords);
  }

  end(): void {
    this.#tell(this.lane.end());
    this.out.complete();
  }

  async close(): Promise<void> {
    clearTimeout(this.#deadline);
    this.lane.close();
    await this.lane.untilClosed?.();
  }

  #tell(out: LaneOut): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    this.out.next(out);
  }

  readonly #turnLate = (): void => {
    try {
      this.#tell(this.lane.turn());
    } catch (error) {
      // Nobody called: whoever listens is told, as when a push fails.
      this.out.error(error);
    }
  };
}
