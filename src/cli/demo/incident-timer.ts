/** When incidents open and end, against the burn that should cause one. */
import { deferred } from '../../core/deferred.js';
import type { KiokuEvent } from '../../core/events.js';
import type { DemoResult } from './demo.js';

export class IncidentTimer {
  readonly #over = deferred();
  #before = 0;
  #burnStartMs: number | undefined;
  #burnStopMs: number | undefined;
  #openedMs: number | undefined;
  #endedMs: number | undefined;

  /** Resolves when the incident of the burn has ended. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  readonly events = (events: readonly KiokuEvent[]): void => {
    for (const event of events) {
      if (event.type !== 'incident') continue;
      if (event.phase === 'new') this.#opened();
      else if (event.phase === 'end' && this.#openedMs !== undefined) this.#ended();
    }
  };

  burnStarts(): void {
    this.#burnStartMs = performance.now();
  }

  burnStops(): void {
    this.#burnStopMs = performance.now();
  }

  result(): DemoResult {
    const opened = since(this.#burnStartMs, this.#openedMs);
    const ended = since(this.#burnStopMs, this.#endedMs);
    return {
      incidentsBeforeBurn: this.#before,
      ...(opened === undefined ? {} : { openedAfterMs: opened }),
      ...(ended === undefined ? {} : { endedAfterMs: ended }),
    };
  }

  describe(): string {
    const { openedAfterMs, endedAfterMs } = this.result();
    if (openedAfterMs === undefined) return 'no incident was raised; was the machine busy while it was learnt?';
    const opened = `an incident was raised ${seconds(openedAfterMs)} after the burn began`;
    return endedAfterMs === undefined
      ? `${opened}; it has not ended yet`
      : `${opened} and ended ${seconds(endedAfterMs)} after it stopped`;
  }

  #opened(): void {
    if (this.#burnStartMs === undefined) this.#before++;
    else this.#openedMs ??= performance.now();
  }

  #ended(): void {
    this.#endedMs ??= performance.now();
    this.#over.resolve();
  }
}

function since(fromMs: number | undefined, toMs: number | undefined): number | undefined {
  return fromMs === undefined || toMs === undefined ? undefined : Math.round(toMs - fromMs);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
