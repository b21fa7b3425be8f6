/** Events to all sinks, in order, without making the stream wait; a bound on what is outstanding. */
import { delay, firstValueFrom, from, fromEvent, merge, type Observable, of } from 'rxjs';
import type { Sink } from './core/contracts.js';
import type { Counters } from './core/counters.js';
import { messageOf } from './core/errors.js';
import type { KiokuEvent } from './core/events.js';
import type { Log } from './core/log.js';

/** Writes under way, over all sinks, above which the source gets no more credit. */
const WRITES_OUTSTANDING = 256;

/** How long whoever wants to stop waits for sinks that do not get rid of what they have, as with a broker that is away. */
const PATIENCE_MS = 3000;

export class Delivery {
  #outstanding = 0;
  #drained: (() => void)[] = [];

  constructor(
    private readonly sinks: readonly Sink[],
    private readonly counters: Counters,
    private readonly log: Log,
  ) {}

  write(events: readonly KiokuEvent[]): void {
    // Not the events: what is under way must not keep them in memory.
    const { length } = events;
    if (length === 0) return;
    for (const sink of this.sinks) {
      this.#outstanding++;
      sink
        .write(events)
        .catch((error: unknown) => {
          this.counters.count('sink.failed', length);
          this.log.error({ events: length, error: messageOf(error) }, 'a sink lost events');
        })
        .finally(() => this.#settle());
    }
  }

  /** @returns undefined while the sinks keep up, else a promise that resolves when they do again */
  hold(): Promise<void> | undefined {
    return this.#outstanding < WRITES_OUTSTANDING ? undefined : this.idle();
  }

  /** Resolves when nothing is outstanding. */
  idle(): Promise<void> {
    if (this.#outstanding === 0) return Promise.resolve();
    return new Promise((resolve) => void this.#drained.push(resolve));
  }

  /** Resolves when nothing is outstanding, or a little after `signal` was aborted. */
  async settle(signal: AbortSignal): Promise<void> {
    const stopping: Observable<unknown> = signal.aborted ? of(undefined) : fromEvent(signal, 'abort');
    await firstValueFrom(merge(from(this.idle()), stopping.pipe(delay(PATIENCE_MS))));
  }

  #settle(): void {
    this.#outstanding--;
    if (this.#outstanding > 0) return;
    const waiting = this.#drained;
    this.#drained = [];
    for (const resolve of waiting) resolve();
  }
}
