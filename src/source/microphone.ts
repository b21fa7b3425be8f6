/**
 * A microphone, recorded by `parec`, `arecord` or `ffmpeg`: raw 16-bit samples in packets of 50 ms.
 *
 * What is lost is counted in samples: while a program that died is started again, when the sound card overran, and when
 * nobody took the packets. The packet after a loss is marked `gap`.
 */
import { Subject } from 'rxjs';
import { z } from 'zod';
import { FIRST_PAUSE_MS } from '../core/backoff.js';
import type { Packet, Source } from '../core/contracts.js';
import type { SourceContext, SourceKind } from '../core/kind.js';
import { BYTES_PER_SAMPLE, MAX_CHANNELS } from '../core/pcm-format.js';
import type { Route } from '../core/topic.js';
import { CAPTURE_PROGRAMS, PERIOD_MS } from './capture/commands.js';
import { Recorder } from './capture/recorder.js';
import { SampleClock } from './capture/sample-clock.js';
import { type Arrival, PacketQueue } from './packet-queue.js';

/** Audio kept while nobody takes it. */
const KEPT_MS = 5000;

const schema = z
  .strictObject({
    kind: z.literal('microphone').meta({ title: 'Kind', description: 'What a microphone of this machine hears.' }),
    device: z
      .string()
      .min(1)
      .max(256)
      .regex(/^\P{Cc}+$/u, 'must be a name from kioku devices')
      .optional()
      .meta({
        title: 'Device',
        description: 'Name of the microphone, as kioku devices lists it; absent: the default of the machine.',
      }),
    command: z
      .enum(['auto', ...CAPTURE_PROGRAMS])
      .default('auto')
      .meta({
        title: 'Command',
        description: 'Program that records; auto: the first of parec, arecord and ffmpeg that is there and delivers.',
      }),
    sampleRateHz: z.int().min(4000).max(384_000).default(16_000).meta({
      title: 'Sample rate',
      description: 'Samples a second to ask the device for.',
      unit: 'Hz',
    }),
    channels: z.int().min(1).max(MAX_CHANNELS).default(1).meta({
      title: 'Channels',
      description: 'Channels to ask the device for.',
    }),
    stream: z.string().min(1).default('microphone').meta({ title: 'Stream', description: 'Name of the stream.' }),
    restartMinMs: z.int().min(10).max(60_000).default(FIRST_PAUSE_MS).meta({
      title: 'Shortest pause before restarting',
      description: 'Wait after the program that records has ended, such as when the microphone was unplugged.',
      unit: 'ms',
    }),
    restartMaxMs: z.int().min(10).max(3_600_000).default(5000).meta({
      title: 'Longest pause before restarting',
      description: 'The pause doubles after every failure, up to this.',
      unit: 'ms',
    }),
  })
  .refine(({ restartMinMs, restartMaxMs }) => restartMinMs <= restartMaxMs, {
    path: ['restartMaxMs'],
    message: 'must not be below restartMinMs',
  });

type Options = z.output<typeof schema>;

class MicrophoneSource implements Source {
  readonly mode = 'dropOldest';
  readonly clock = 'live';
  readonly packets = new Subject<readonly Packet[]>();
  readonly #context: SourceContext;
  readonly #sampleRateHz: number;
  readonly #route: Route;
  readonly #properties: Readonly<Record<string, string>>;
  readonly #frameBytes: number;
  readonly #packetBytes: number;
  readonly #queue: PacketQueue;
  readonly #recorder: Recorder;
  readonly #time = new SampleClock();
  #interruption: 'restart' | 'overrun' | undefined;
  /** Arrived, but less than a packet. */
  #rest: Buffer = Buffer.alloc(0);
  #gap = false;

  constructor(options: Options, context: SourceContext) {
    const { sampleRateHz, channels, stream } = options;
    this.#context = context;
    this.#sampleRateHz = sampleRateHz;
    this.#route = { stream };
    this.#properties = { sampleRateHz: String(sampleRateHz), channels: String(channels), format: 's16le' };
    this.#frameBytes = channels * BYTES_PER_SAMPLE.s16le;
    this.#packetBytes = Math.round((sampleRateHz * PERIOD_MS) / 1000) * this.#frameBytes;
    this.#queue = new PacketQueue(this.packets);
    const listener = {
      onBytes: (bytes: Buffer) => this.#take(bytes),
      onInterruption: (why: 'restart' | 'overrun') => this.#interrupt(why),
    };
    this.#recorder = new Recorder(options, listener, context.log);
  }

  get status(): Source['status'] {
    return this.#recorder.status;
  }

  /** @throws UserError `CAPTURE` when no program delivers samples: none installed, no device, device busy, wrong rate */
  start(signal: AbortSignal): Promise<void> {
    return this.#recorder.start(signal);
  }

  async stop(): Promise<void> {
    await this.#recorder.stop();
    this.#flush();
    const { bytes } = this.#queue.close();
    if (bytes > 0) this.#context.counters.count('source.no-credit-samples', bytes / this.#frameBytes);
    this.packets.complete();
  }

  credit(packets: number): void {
    this.#queue.credit(packets);
  }

  /** What was not taken in time is gone. */
  ackThrough(): void {}

  #take(bytes: Buffer): void {
    const ms = this.#msOf(bytes.length);
    const nowMs = performance.now();
    if (this.#interruption === undefined) this.#time.advance(ms, nowMs);
    else this.#goOn(this.#interruption, this.#time.resume(ms, nowMs));
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    for (; this.#rest.length - at >= this.#packetBytes; at += this.#packetBytes) this.#push(at, at + this.#packetBytes);
    this.#rest = this.#rest.subarray(at);
  }

  #interrupt(why: 'restart' | 'overrun'): void {
    if (why === 'overrun') this.#context.counters.count('source.overruns');
    this.#flush();
    this.#interruption = why;
  }

  #goOn(after: 'restart' | 'overrun', lostMs: number): void {
    this.#interruption = undefined;
    this.#gap = true;
    const samples = Math.round((lostMs * this.#sampleRateHz) / 1000);
    if (after === 'restart') this.#context.counters.count('source.restarts');
    if (samples > 0) this.#context.counters.count('source.lost-samples', samples);
    this.#context.log.warn({ after, samples, ms: Math.round(lostMs) }, 'audio was lost');
  }

  /** Hands on what is less than a packet: nothing that follows it will come. */
  #flush(): void {
    const whole = this.#rest.length - (this.#rest.length % this.#frameBytes);
    if (whole > 0) this.#push(0, whole);
    this.#rest = Buffer.alloc(0);
  }

  /** Queues a part of `#rest`. Its time of arrival is that of its last sample, without the delays on the way here. */
  #push(from: number, to: number): void {
    const agoMs = performance.now() - this.#time.endMs + this.#msOf(this.#rest.length - to);
    const packet: Arrival = {
      source: this.#context.index,
      seq: 0,
      topic: 'microphone',
      route: this.#route,
      bytes: this.#rest.subarray(from, to),
      arrivedUs: Math.round((Date.now() - agoMs) * 1000),
      properties: this.#properties,
    };
    if (this.#gap) packet.mark = 'gap';
    this.#gap = false;
    this.#queue.push(packet);
    while (this.#queue.beyondCredit * PERIOD_MS > KEPT_MS) this.#dropOldest();
  }

  #dropOldest(): void {
    const dropped = this.#queue.drop()?.bytes.length ?? 0;
    this.#context.counters.count('source.no-credit-samples', dropped / this.#frameBytes);
  }

  /** Duration of `bytes` of samples. */
  #msOf(bytes: number): number {
    return (bytes / this.#frameBytes / this.#sampleRateHz) * 1000;
  }
}

export const microphoneKind: SourceKind<typeof schema> = {
  schema,
  decoder: 'pcm',
  create: (options, context) => new MicrophoneSource(options, context),
};
