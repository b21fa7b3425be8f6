/**
 * Many devices and the lane that watches them, fed as the pipeline feeds it: each message is the bytes of a topic and a
 * hundred of JSON, which are routed, decoded and handed to the lane some hundreds at a time. No broker, no sinks.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from '../../src/config/load.js';
import type { Decoder, Engine, Frame, Lane, LaneOut, Micros, Packet } from '../../src/core/contracts.js';
import { Counters } from '../../src/core/counters.js';
import { normal } from '../../src/core/random.js';
import { KnownTopics } from '../../src/mqtt/known-topics.js';
import { openLane } from '../../src/open-lane.js';
import { Router } from '../../src/source/router.js';
import { contextOf } from '../../src/stage-context.js';
import { kiokuModel, writeModel } from '../../test/support/step-model.js';

export const HIDDEN = 64;
export const STEP_US = 1_000_000;
/** What a broker sends in a few milliseconds under load. */
export const BATCH = 512;
export const START_US: Micros = 1_700_000_000_000_000;

const TEMPLATE = 'plant/{device}';

/** One message as it is on the wire; made outside of what is measured. */
export interface Message {
  readonly topic: Buffer;
  readonly bytes: Buffer;
  readonly us: Micros;
}

/** The stream of a device, as `TEMPLATE` names it. */
export function streamOf(device: number): string {
  return `device-${device}`;
}

export function messageOf(device: number, us: Micros, value: number): Message {
  const text = `{"time":${us / 1000},"temperature":${value.toFixed(3)},"humidity":41.5,"state":"running","firmware":"2.14.3-r1"}`;
  return { topic: Buffer.from(`plant/${streamOf(device)}`), bytes: Buffer.from(text), us };
}

/** What a calm device measures. */
export function calmValue(device: number, step: number): number {
  return 20 + 2 * Math.sin(step / 9 + device) + 0.3 * normal(device, 0, step);
}

/** Writes an LSTM of 64 for one channel, its weights random: what a step costs does not depend on them. */
export async function withFleetModel<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-bench-'));
  try {
    const { onnx, card } = kiokuModel({
      cell: 'lstm',
      inputs: 1,
      hidden: HIDDEN,
      layers: 1,
      channels: 1,
      objective: 'gaussian',
      dropout: 0,
      skip: true,
    });
    await writeModel(folder, { onnx, card: { ...card, channels: [{ name: 'temperature', aggregate: 'mean' }] } });
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export interface FleetOptions {
  readonly maxStreams: number;
  readonly streamIdleMs?: number;
}

export class Fleet {
  readonly #router = new Router(TEMPLATE);
  readonly #topics = new KnownTopics((topic) => this.#router.route(topic));
  readonly #frames: Frame[] = [];
  #seq = 0;

  private constructor(
    readonly lane: Lane,
    readonly counters: Counters,
    private readonly decoder: Decoder,
  ) {}

  static async open(model: string, limits: FleetOptions, engine: Engine): Promise<Fleet> {
    const config = await defineConfig({
      source: { kind: 'mqtt', url: 'mqtt://127.0.0.1', topic: TEMPLATE },
      decode: { kind: 'json', time: { field: 'time', format: 'ms' }, channels: { temperature: 'temperature' } },
      align: { stepMs: STEP_US / 1000 },
      decide: { kind: 'anomaly', scores: true },
      model,
      sinks: [],
      limits,
    });
    const counters = new Counters();
    const context = contextOf(config, { counters });
    return new Fleet(await openLane(config, engine, context), counters, config.decode.create(context));
  }

  /** Routes and decodes. @returns frames that are valid until the next call */
  decode(messages: readonly Message[]): readonly Frame[] {
    this.#frames.length = 0;
    for (const { topic: topicBytes, bytes, us } of messages) {
      const { text, route } = this.#topics.at(topicBytes, 0, topicBytes.length);
      if (route === undefined) throw new Error(`the topic ${text} fits no template`);
      const packet: Packet = { source: 0, seq: ++this.#seq, topic: text, route, bytes, arrivedUs: us };
      this.decoder.decode(packet, this.#emit);
    }
    return this.#frames;
  }

  /** Steps whatever the frames complete. */
  take(frames: readonly Frame[]): LaneOut {
    this.lane.push(frames);
    return this.lane.turn();
  }

  /** The device has said that it sends no more. */
  endOf(stream: string, us: Micros): Frame {
    const signal = { kind: 'channels', names: ['temperature'], stepUs: 0 } as const;
    const data = new Float64Array(0);
    return { stream, source: 0, seq: ++this.#seq, us, arrivedUs: us, signal, data, mark: 'end' };
  }

  readonly #emit = (frame: Frame): void => {
    this.#frames.push(frame);
  };
}

/** Resident bytes of this process, and bytes that JavaScript holds, after everything that can go has gone. */
export async function settledMemory(): Promise<{ readonly resident: number; readonly held: number }> {
  if (gc === undefined) throw new Error('run with --expose-gc');
  // Pages are given back to the system, and finalisers run, between collections.
  for (let i = 0; i < 4; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss, held: heapUsed + external };
}
