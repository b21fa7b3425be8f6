/** Where a lane runs, as the pipeline sees it: on this thread (here) or on one of its own (`threaded-lane.ts`). */
import { type Observable, Subject } from 'rxjs';
import type { Frame, Lane, LaneOut, Micros } from './core/contracts.js';

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
  /** The source has ended: judges what waits, ends what is open. */
  end(): void;
  close(): Promise<void>;
}

/** A lane on this thread: as fast as it is fed. */
export class LocalLane implements LaneHost {
  readonly out = new Subject<LaneOut>();

  constructor(private readonly lane: Lane) {}

  get sampleRateHz(): number | undefined {
    return this.lane.sampleRateHz;
  }

  get streams(): number {
    return this.lane.streams.length;
  }

  push(frames: readonly Frame[]): void {
    this.lane.push(frames);
    this.out.next(this.lane.turn());
  }

  hold(): undefined {
    return undefined;
  }

  tick(nowUs: Micros): void {
    this.out.next(this.lane.tick(nowUs));
  }

  forgive(nowUs: Micros): void {
    this.lane.forgive(nowUs);
  }

  end(): void {
    this.out.next(this.lane.end());
    this.out.complete();
  }

  close(): Promise<void> {
    this.lane.close();
    return Promise.resolve();
  }
}
