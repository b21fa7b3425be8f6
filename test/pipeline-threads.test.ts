import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { of, Subject } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../src/config/config.js';
import { defineConfig } from '../src/config/load.js';
import type { Decoder, Frame, Packet, Sink, Source } from '../src/core/contracts.js';
import { UserError } from '../src/core/errors.js';
import type { KiokuEvent } from '../src/core/events.js';
import { Pipeline } from '../src/pipeline.js';
import { nodeEngine } from '../src/step/node-engine.js';
import { packetOf } from './support/readings.js';
import { frameOf, RATE_HZ, sound } from './support/sound.js';
import { writeLstmTransducer } from './support/speech-models/models.js';
import { RecordingLog } from './support/stages.js';

const SECONDS = 12;
const samples = sound(0, SECONDS);
const never = new AbortController().signal;

/** Half seconds of one stream; a packet's `seq` says which. */
function pieceOf({ seq }: Packet): Frame {
  const from = ((seq - 1) * RATE_HZ) / 2;
  const mark = seq === 1 ? 'start' : seq === 2 * SECONDS ? 'end' : undefined;
  return frameOf('a', samples, from, from + RATE_HZ / 2, mark);
}

/** The eighth is no audio at all. */
function brokenPieceOf(packet: Packet): Frame {
  const frame = pieceOf(packet);
  return packet.seq === 8 ? { ...frame, signal: { kind: 'channels', names: ['x'], stepUs: 0 } } : frame;
}

/** Threads of this one that are open, vitest's own among them. */
function threads(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
}

function cannotBeMade(): never {
  throw new UserError('CONFIG_INVALID', 'cannot be made');
}

/** Gives a packet for each credit, and remembers what was done to it. */
class FedSource implements Source {
  readonly mode = 'pause';
  readonly clock = 'data';
  readonly status = of('up' as const);
  readonly packets = new Subject<readonly Packet[]>();
  given = 0;
  credited = 0;
  stopped = 0;

  constructor(private readonly onGive: (given: number) => void = () => {}) {}

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.stopped++;
    return Promise.resolve();
  }

  credit(n: number): void {
    this.credited += n;
    while (this.given < this.credited && this.given < 2 * SECONDS && this.stopped === 0) {
      this.packets.next([packetOf('', { seq: ++this.given })]);
      this.onGive(this.given);
    }
    if (this.given === 2 * SECONDS) this.packets.complete();
  }

  ackThrough(): void {}
}

describe('a pipeline whose lane has a thread of its own', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kioku-pipeline-thread-'));
    await writeLstmTransducer(join(folder, 'model'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** What is not as it would be. */
  interface Parts {
    readonly decode?: (packet: Packet) => Frame;
    readonly audio?: boolean;
    readonly sinks?: Config['sinks'];
  }

  interface Run {
    readonly source: FedSource;
    readonly events: KiokuEvent[];
    readonly stops: string[];
    readonly pipeline: Pipeline;
  }

  async function made(source: FedSource, { decode = pieceOf, audio = true, sinks }: Parts = {}): Promise<Run> {
    const written = { model: 'model', source: { kind: 'microphone' }, decide: { kind: 'transcribe' }, sinks: [] };
    const config = await defineConfig(written, join(folder, 'test.yaml'));
    const stops: string[] = [];
    const events: KiokuEvent[] = [];
    const decoder: Decoder = { decode: (packet, emit) => emit(decode(packet)) };
    const sink: Sink = {
      start: async () => {},
      stop: async () => void stops.push('sink'),
      write: async (batch) => void events.push(...batch),
    };
    const replaced: Config = {
      ...config,
      source: { ...config.source, create: () => source },
      decode: { ...config.decode, audio, create: () => decoder },
      sinks: sinks ?? [{ kind: 'test', options: {}, create: () => sink }],
    };
    const pipeline = new Pipeline(replaced, { engine: nodeEngine, log: new RecordingLog() });
    return { source, events, stops, pipeline };
  }

  it('writes the last words before it ends', async () => {
    const { source, events, stops, pipeline } = await made(new FedSource());
    const summary = await pipeline.run(never);
    expect(source.given).toBe(2 * SECONDS);
    expect(summary).toMatchObject({ packets: 2 * SECONDS, streams: 1 });
    expect(summary.transcripts).toBeGreaterThan(0);
    expect(events.filter(({ type }) => type === 'final')).toHaveLength(summary.transcripts);
    expect(stops).toEqual(['sink']);
  });

  it('says what the source could not go on for, and leaves nothing running', async () => {
    const before = threads();
    const lost = new UserError('DATA_INVALID', 'the disk was pulled out');
    const failing: FedSource = new FedSource((given) => {
      if (given === 6) failing.packets.error(lost);
    });
    const { source, stops, pipeline } = await made(failing);
    await expect(pipeline.run(never)).rejects.toBe(lost);
    expect(source.stopped).toBeGreaterThan(0);
    expect(stops).toEqual(['sink']);
    expect(threads()).toBe(before);
  });

  it('ends with the defect that ended the thread, although the source is held back', async () => {
    const before = threads();
    // Not audio: the frames go to the lane as they are.
    const { source, stops, pipeline } = await made(new FedSource(), { audio: false, decode: brokenPieceOf });
    await expect(pipeline.run(never)).rejects.toThrow(/the lane's thread crashed: stream 'a' is not audio/);
    expect(source.stopped).toBeGreaterThan(0);
    expect(stops).toEqual(['sink']);
    expect(threads()).toBe(before);
  });

  it('judges what it has taken over when it is stopped', async () => {
    const stop = new AbortController();
    const stopping = new FedSource((given) => {
      if (given === 10) stop.abort();
    });
    const { source, events, pipeline } = await made(stopping);
    const summary = await pipeline.run(stop.signal);
    expect(source.given).toBe(10);
    expect(summary.packets).toBe(10);
    // 5 s of sound, the silence that is put behind it included: 100 frames a second, steps of 4.
    expect(summary.steps).toBeGreaterThanOrEqual(125);
    expect(events.at(-1)).toMatchObject({ type: 'final' });
  });

  it('starts no source when it is stopped while the model is opened', async () => {
    const before = threads();
    const stop = new AbortController();
    const { source, stops, pipeline } = await made(new FedSource());
    const run = pipeline.run(stop.signal);
    stop.abort();
    expect(await run).toMatchObject({ packets: 0, steps: 0 });
    expect(source.given).toBe(0);
    expect(stops).toEqual(['sink']);
    expect(threads()).toBe(before);
  });

  it('leaves no thread behind when something else cannot be made', async () => {
    const before = threads();
    const { pipeline } = await made(new FedSource(), { sinks: [{ kind: 'test', options: {}, create: cannotBeMade }] });
    await expect(pipeline.run(never)).rejects.toThrow('cannot be made');
    expect(threads()).toBe(before);
  });
});
