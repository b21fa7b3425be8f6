/**
 * A configuration as a running stream: source → decode → [prepare audio] → lane (feature → step → decide) → sinks. Read
 * this file to see how everything hangs together.
 */
import {
  concat,
  defer,
  EMPTY,
  ignoreElements,
  lastValueFrom,
  merge,
  type Observable,
  Subject,
  takeUntil,
  tap,
} from 'rxjs';
import type { Config } from './config/config.js';
import type { Engine, Frame, LaneOut, Packet, Sink, Source } from './core/contracts.js';
import { Counters } from './core/counters.js';
import { messageOf, UserError } from './core/errors.js';
import type { KiokuEvent } from './core/events.js';
import type { Hotword } from './core/hotwords.js';
import type { StageContext } from './core/kind.js';
import type { Log } from './core/log.js';
import { ArrivalClock } from './arrival-clock.js';
import { Delivery } from './delivery.js';
import type { LaneHost } from './lane-host.js';
import { openLaneHost } from './open-lane-host.js';
import { DropReport } from './drop-report.js';
import { EmbeddedBroker } from './mqtt/broker.js';
import type { HotwordControl } from './mqtt/hotword-control.js';
import { Preparation } from './preparation.js';
import { contextOf } from './stage-context.js';
import { decodeWith, fromSource } from './stream.js';

export interface PipelineParts {
  /** For nets that run on this thread; absent: what the configuration asks for, as on other threads. */
  readonly engine?: Engine;
  readonly log: Log;
  readonly counters?: Counters;
}

/** What went through, for the end of a run. */
export interface RunSummary {
  readonly packets: number;
  /** Time steps taken through the net. */
  readonly steps: number;
  /** Sensors that are remembered at the end; of audio, all streams that began. */
  readonly streams: number;
  /** Incidents that were opened. */
  readonly incidents: number;
  /** Segments of speech whose text is final. */
  readonly transcripts: number;
  /** Times that a keyword was spoken. */
  readonly keywords: number;
  readonly counters: Record<string, number>;
}

type Startable = Pick<Sink, 'start' | 'stop'>;

/** Packets of audio on their way: a fraction of a minute, for a recogniser that is slower than a file. */
const AUDIO_WINDOW_PACKETS = 64;

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
  #transcripts = 0;
  #keywords = 0;
  /** Audio streams that began. */
  #begun = 0;
  /** While it runs. */
  #lane: LaneHost | undefined;
  /** Set before it ran. */
  #hotwords: readonly Hotword[] | undefined;

  constructor(
    private readonly config: Config,
    private readonly parts: PipelineParts,
  ) {
    this.counters = parts.counters ?? new Counters();
    this.readings = this.#readings.asObservable();
    this.events = this.#events.asObservable();
  }

  /**
   * From now on these are the hotwords of a recogniser, in place of those of the configuration; what is being said is heard
   * with them as well. Phrases that the tokens of the model cannot spell are left out, counted and logged.
   * @throws UserError `ARGUMENT` when the configuration is not for a recogniser that searches with a beam
   */
  setHotwords(hotwords: readonly Hotword[]): void {
    const { decide } = this.config;
    if (decide.task !== 'recognise' || decide.needs.hotwords === undefined) {
      throw new UserError('ARGUMENT', 'hotwords are for recognisers that search with a beam', {
        hint: 'set `decide: {kind: transcribe, search: beam}`',
      });
    }
    this.#hotwords = hotwords;
    this.#lane?.setHotwords(hotwords);
  }

  /**
   * Runs until the source has no more or `signal` is aborted; then what was taken over is judged, what is open is ended,
   * everything is written and closed.
   * @throws UserError of whatever cannot start: the model, the broker, a sink
   */
  async run(signal: AbortSignal): Promise<RunSummary> {
    const { config } = this;
    const context = contextOf(config, { log: this.parts.log, counters: this.counters });
    const broker = new EmbeddedBroker(this.parts.log);
    const sinks = config.sinks.map((sink) => sink.create(context));
    const delivery = new Delivery(sinks, this.counters, this.parts.log);
    const source = config.source.create({ ...context, index: 0 });
    const control = await this.#control(context);
    // Last, because it may be a thread, which must not be left behind when something else cannot be made.
    const lane = await openLaneHost(config, this.parts.engine, context);
    if (this.#hotwords !== undefined) lane.setHotwords(this.#hotwords);
    this.#lane = lane;
    const drops = new DropReport(this.counters, this.parts.log);
    let streams = 0;
    try {
      if (await this.#started(broker, [...sinks, ...control], signal)) {
        const out = this.#wire(source, lane, delivery, context, signal);
        await lastValueFrom(out, { defaultValue: undefined });
      }
      streams = config.decode.audio ? this.#begun : lane.streams;
      await delivery.settle(signal);
    } finally {
      this.#lane = undefined;
      for (const part of [...control, source, ...sinks, broker]) await this.#stop(part);
      await lane.close();
      // Last, because what cannot be delivered any more is counted as well.
      drops.report();
      drops.stop();
    }
    return this.#summary(streams);
  }

  /** What changes hotwords over MQTT, if it is asked for. */
  async #control(context: StageContext): Promise<readonly HotwordControl[]> {
    const { control, decide } = this.config;
    if (control === undefined || decide.task !== 'recognise') return [];
    const { HotwordControl } = await import('./mqtt/hotword-control.js');
    const { hotwords: configured = [] } = decide.needs;
    return [new HotwordControl(control, context, (hotwords = configured) => this.setHotwords(hotwords))];
  }

  /** @returns false: it was stopped meanwhile, which is no failure */
  async #started(broker: EmbeddedBroker, parts: readonly Startable[], signal: AbortSignal): Promise<boolean> {
    try {
      if (this.config.broker !== undefined) await broker.start(this.config.broker);
      for (const part of parts) await part.start(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return !signal.aborted;
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
    lane: LaneHost,
    delivery: Delivery,
    context: StageContext,
    signal: AbortSignal,
  ): Observable<unknown> {
    const { config } = this;
    const clock = new ArrivalClock(source, lane, this.counters);
    const preparation = new Preparation(config, context, lane.sampleRateHz);
    // A file waits for slow sinks; what lives does not: each sink bounds and counts what it cannot deliver.
    const slowSinks = source.clock === 'data' ? () => delivery.hold() : () => undefined;
    const hold = (): Promise<void> | undefined => preparation.hold() ?? lane.hold() ?? slowSinks();
    const windowPackets = config.decode.audio ? AUDIO_WINDOW_PACKETS : undefined;
    const fed = fromSource(source, { hold, signal, ...(windowPackets === undefined ? {} : { windowPackets }) }).pipe(
      tap((packets: readonly Packet[]) => {
        clock.arrived(packets);
        this.#packets += packets.length;
      }),
      decodeWith(config.decode.create(context)),
      tap((frames) => {
        for (const { mark } of frames) if (mark === 'start') this.#begun++;
        this.#readings.next(frames);
      }),
      preparation.operator(),
      tap((frames) => lane.push(frames)),
      ignoreElements(),
    );
    const ended = defer(() => {
      lane.end();
      return EMPTY;
    });
    const told = lane.out.pipe(tap((out) => this.#tell(out, delivery)));
    const over = lane.out.pipe(ignoreElements());
    return merge(told, concat(fed, ended), clock.ticks().pipe(takeUntil(concat(over, [true]))));
  }

  #tell({ events, steps }: LaneOut, delivery: Delivery): void {
    this.#steps += steps;
    for (const event of events) {
      if (event.type === 'incident' && event.phase === 'new') this.#incidents++;
      else if (event.type === 'final') this.#transcripts++;
      else if (event.type === 'keyword') this.#keywords++;
    }
    if (events.length === 0) return;
    this.#events.next(events);
    delivery.write(events);
  }

  #summary(streams: number): RunSummary {
    const { counters } = this;
    return {
      packets: this.#packets,
      steps: this.#steps,
      streams,
      incidents: this.#incidents,
      transcripts: this.#transcripts,
      keywords: this.#keywords,
      counters: counters.toJSON(),
    };
  }
}
