/**
 * When a live stream is silent: the arrival clock of a lane goes on without data, but only while the source is up, and
 * is set anew when the source comes back, this machine's clock is set, or this process was held up.
 */
import { EMPTY, filter, ignoreElements, interval, Observable, tap } from 'rxjs';
import type { Micros, Packet, Source, SourceStatus } from './core/contracts.js';
import type { Counters } from './core/counters.js';

/** What is told of time: a lane or its host. */
interface Told {
  tick(nowUs: Micros): void;
  forgive(nowUs: Micros): void;
}

const TICK_MS = 250;

/** A step of the wall clock against the monotonic one above this is a clock that was set, not a slow event loop. */
const CLOCK_SET_US = 1_000_000;

/** Not having looked for so long, this process was held up (suspended, starved): what devices sent meanwhile is still unread. */
const STALL_US = 1_000_000;

const wallUs = (): Micros => Date.now() * 1000;
const monotonicUs = (): Micros => performance.now() * 1000;

export class ArrivalClock {
  #status: SourceStatus = 'down';
  /** Wall minus monotonic clock. */
  #offsetUs = wallUs() - monotonicUs();
  /** Monotonic; when this last looked. */
  #lookedUs = monotonicUs();

  constructor(
    private readonly source: Source,
    private readonly lane: Told,
    private readonly counters: Counters,
  ) {}

  /** Must see every batch before the lane does. */
  arrived(packets: readonly Packet[]): void {
    if (this.source.clock === 'data') return;
    this.#followWallClock();
    // A broker may deliver before it has confirmed the subscription.
    if (this.#status === 'down') this.lane.forgive(packets[0].arrivedUs);
  }

  /** Tells the lane, while subscribed, that time passes; completes at once for a source whose time is in the data. */
  ticks(): Observable<never> {
    if (this.source.clock === 'data') return EMPTY;
    return new Observable<never>((subscriber) => {
      const status = this.source.status.subscribe((now) => {
        if (this.#status === 'down' && now === 'up') this.lane.forgive(wallUs());
        this.#status = now;
      });
      const ticks = interval(TICK_MS)
        .pipe(
          tap(() => this.#followWallClock()),
          filter(() => this.#status === 'up'),
          tap(() => this.lane.tick(wallUs())),
          ignoreElements(),
        )
        .subscribe(subscriber);
      return () => {
        status.unsubscribe();
        ticks.unsubscribe();
      };
    });
  }

  #followWallClock(): void {
    const nowUs = monotonicUs();
    const offsetUs = wallUs() - nowUs;
    if (Math.abs(offsetUs - this.#offsetUs) > CLOCK_SET_US) {
      this.counters.count('pipeline.clock-set');
      this.lane.forgive(wallUs());
    } else if (nowUs - this.#lookedUs > STALL_US) {
      this.counters.count('pipeline.stalled');
      this.lane.forgive(wallUs());
    }
    this.#offsetUs = offsetUs;
    this.#lookedUs = nowUs;
  }
}
