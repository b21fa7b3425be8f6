/** This machine as a source: one JSON object a sample, such as `{"time": 1769860800000, "cpu": 12.5, "cpu.0": 20, …}`. */
import os from 'node:os';
import { BehaviorSubject, Subject } from 'rxjs';
import { z } from 'zod';
import type { Packet, Source, SourceStatus } from '../core/contracts.js';
import type { SourceContext, SourceKind } from '../core/kind.js';
import type { Route } from '../core/topic.js';
import { HostSampler } from './host-sampler.js';
import { PacketQueue } from './packet-queue.js';

/** Samples kept while nobody takes them: 16 s at the usual rate. */
const KEPT = 64;

const schema = z.strictObject({
  kind: z.literal('host').meta({ title: 'Kind', description: 'What this machine is doing.' }),
  intervalMs: z.int().min(20).max(3_600_000).default(250).meta({
    title: 'Interval',
    description: 'Time between two samples.',
    unit: 'ms',
  }),
  stream: z.string().min(1).optional().meta({
    title: 'Stream',
    description: 'Name of the stream; absent: the host name.',
  }),
});

type Options = z.output<typeof schema>;

class HostSource implements Source {
  readonly mode = 'dropOldest';
  readonly clock = 'live';
  readonly packets = new Subject<readonly Packet[]>();
  readonly status = new BehaviorSubject<SourceStatus>('down');
  readonly #intervalMs: number;
  readonly #route: Route;
  readonly #context: SourceContext;
  readonly #queue: PacketQueue;
  #sampler: HostSampler | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: Options, context: SourceContext) {
    this.#intervalMs = options.intervalMs;
    this.#route = { stream: options.stream ?? os.hostname() };
    this.#context = context;
    this.#queue = new PacketQueue(this.packets);
  }

  start(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#sampler = new HostSampler();
    this.#timer = setInterval(() => this.#sample(), this.#intervalMs);
    this.status.next('up');
    return Promise.resolve();
  }

  stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#sampler?.close();
    this.#sampler = undefined;
    const { packets } = this.#queue.close();
    if (packets > 0) this.#context.counters.count('source.no-credit', packets);
    if (this.status.value === 'up') this.status.next('down');
    this.packets.complete();
    return Promise.resolve();
  }

  credit(packets: number): void {
    this.#queue.credit(packets);
  }

  /** What was not taken in time is gone. */
  ackThrough(): void {}

  #sample(): void {
    const values = this.#sampler?.sample();
    if (values === undefined) return;
    const ms = Date.now();
    if (this.#queue.length >= KEPT) {
      this.#queue.drop();
      this.#context.counters.count('source.no-credit');
    }
    this.#queue.push({
      source: this.#context.index,
      seq: 0,
      topic: 'host',
      route: this.#route,
      bytes: Buffer.from(JSON.stringify({ time: ms, ...values }), 'utf8'),
      arrivedUs: ms * 1000,
    });
  }
}

export const hostKind: SourceKind<typeof schema> = {
  schema,
  create: (options, context) => new HostSource(options, context),
};
