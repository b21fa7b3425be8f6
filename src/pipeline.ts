/**
 * A configuration as a running stream: source → decode → lane (align → feature → step → decide) → sinks. Read this file
 * to see how everything hangs together.
 */
import { finalize, lastValueFrom, merge, type Observable, Subject, takeUntil, tap } from 'rxjs';
import type { Config } from './config/config.js';
import type { Engine, Frame, Lane, LaneOut, Packet, Source } from './core/contracts.js';
import { Counters } from './core/counters.js';
import { messageOf } from './core/errors.js';
import type { KiokuEvent } from './core/events.js';
import type { Log } from './core/log.js';
import { ArrivalClock } from './arrival-clock.js';
import { Delivery } from './delivery.js';
import { openLane } from './open-lane.js';
import { DropReport } from './drop-report.js';
import { EmbeddedBroker } from './mqtt/broker.js';
import { contextOf } from './stage-context.js';
import { decodeWith, fromSource, runLane } from './stream.js';

export interface PipelineParts {
  readonly engine: Engine;
  readonly log: Log;
  readonly counters?: Counters;
}

/** What went through, for the end of a run. */
export interface RunSummary {
  readonly packets: number;
  /** Time steps taken through the net. */
  readonly steps: number;
  readonly streams: number;
  /** Incidents that were opened. */
  readonly incidents: number;
  readonly counters: Record<string, number>;
}

export class Pipeline {
  /** Every batch of decoded readings, before it enters the lane. */
  readonly readings: Observable<readonly Frame[]>;
  /** Every event, as the sinks get it. */
  readonly events: Observable<readonly KiokuEvent[]>;
  readonly counters: Counters;
  readonly #readings = new Subject<readonly Frame[]>();
  readonly #events = new Subject<readonly KiokuEvent[]>();
  #packets = 0;
  #steps = 0;
  #incidents = 0;

  constructor(
    private readonly config: Config,
    private readonly parts: PipelineParts,
  ) {
    this.counters = parts.counters ?? new Counters();
    this.readings = this.#readings.asObservable();
    this.events = this.#events.asObservable();
  }

  /**
   * Runs until the source has no more or `signal` is aborted; then what was taken over is judged, what is open is ended,
   * everything is written and closed.
   * @throws UserError of whatever cannot start: the model, the broker, a sink
   */
  async run(signal: AbortSignal): Promise<RunSummary> {
    const { config } = this;
    const context = contextOf(config, { log: this.parts.log, counters: this.counters });
    const lane = await openLane(config, this.parts.engine, context);
    const broker = new EmbeddedBroker(this.parts.log);
    const sinks = config.sinks.map((sink) => sink.create(context));
    const delivery = new Delivery(sinks, this.counters, this.parts.log);
    const source = config.source.create({ ...context, index: 0 });
    const drops = new DropReport(this.counters, this.parts.log);
    let streams = 0;
    try {
      if (config.broker !== undefined) await broker.start(config.broker);
      for (const sink of sinks) await sink.start(signal);
      const decoder = config.decode.create(context);
      if (!signal.aborted) {
        const out = this.#wire(source, decodeWith(decoder), lane, delivery, signal);
        await lastValueFrom(out, { defaultValue: undefined });
      }
      streams = lane.streams.length;
      await delivery.settle(signal);
    } finally {
      for (const part of [source, ...sinks, broker]) await this.#stop(part);
      lane.close();
      // Last, because what cannot be delivered any more is counted as well.
      drops.report();
      drops.stop();
    }
    return this.#summary(streams);
  }

  /** What cannot stop must not keep the others from it. */
  async #stop(part: { stop(): Promise<void> }): Promise<void> {
    try {
      await part.stop();
    } catch (error) {
      this.parts.log.error({ error: messageOf(error) }, 'could not stop cleanly');
    }
  }

  #wire(
    source: Source,
    decode: ReturnType<typeof decodeWith>,
    lane: Lane,
    delivery: Delivery,
    signal: AbortSignal,
  ): Observable<LaneOut> {
    const clock = new ArrivalClock(source, lane, this.counters);
    const ended = new Subject<void>();
    // A file waits for slow sinks; what lives does not: each sink bounds and counts what it cannot deliver.
    const hold = source.clock === 'data' ? () => delivery.hold() : () => undefined;
    const data = fromSource(source, { hold, signal }).pipe(
      tap((packets: readonly Packet[]) => {
        clock.arrived(packets);
        this.#packets += packets.length;
      }),
      decode,
      tap((frames) => this.#readings.next(frames)),
      runLane(lane),
      finalize(() => ended.next()),
    );
    return merge(data, clock.ticks().pipe(takeUntil(ended))).pipe(
      tap(({ events, steps }) => {
        this.#steps += steps;
        for (const event of events) if (event.type === 'incident' && event.phase === 'new') this.#incidents++;
        if (events.length === 0) return;
        this.#events.next(events);
        delivery.write(events);
      }),
    );
  }

  #summary(streams: number): RunSummary {
    const { counters } = this;
    return {
      packets: this.#packets,
      steps: this.#steps,
      streams,
      incidents: this.#incidents,
      counters: counters.toJSON(),
    };
  }
}
