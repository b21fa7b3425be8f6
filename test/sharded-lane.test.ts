import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { firstValueFrom, lastValueFrom, tap } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Config } from '../src/config/config.js';
import { defineConfig } from '../src/config/load.js';
import type { Engine, Frame } from '../src/core/contracts.js';
import { Counters } from '../src/core/counters.js';
import { UserError } from '../src/core/errors.js';
import type { KiokuEvent } from '../src/core/events.js';
import { LocalLane, type LaneHost } from '../src/lane-host.js';
import { openLaneHost } from '../src/open-lane-host.js';
import { ShardedLane } from '../src/sharded-lane.js';
import { nodeEngine } from '../src/step/node-engine.js';
import { readings } from './support/lanes.js';
import { frameOf, RATE_HZ, sound } from './support/sound.js';
import { writeLstmTransducer } from './support/speech-models/models.js';
import { RecordingLog, stageContext } from './support/stages.js';
import { GRU, kiokuModel, writeModel } from './support/step-model.js';

/** Threads of this one that are open, vitest's own among them. */
function threads(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
}

/** Seconds of three streams, which are two at a time. */
function pieces(): Frame[] {
  const frames: Frame[] = [];
  for (const [i, stream] of ['a', 'b', 'c'].entries()) {
    const samples = sound(i, 3);
    for (let from = 0; from < samples.length; from += RATE_HZ) {
      // A view into a larger buffer must not take all of it along.
      const data = samples.subarray(from, from + RATE_HZ);
      frames.push({ ...frameOf(stream, samples, from, from + RATE_HZ), data });
    }
  }
  return frames;
}

interface Heard {
  readonly events: Readonly<Record<string, readonly KiokuEvent[]>>;
  /** Through which packets each turn said it had come. */
  readonly through: readonly number[];
  readonly steps: number;
}

async function everything(lane: LaneHost, batches: readonly (readonly Frame[])[]): Promise<Heard> {
  const events: Record<string, KiokuEvent[]> = {};
  const through: number[] = [];
  let steps = 0;
  const over = lastValueFrom(
    lane.out.pipe(
      tap((out) => {
        for (const event of out.events) (events[event.stream] ??= []).push(event);
        through.push(out.through.get(0) ?? 0);
        steps += out.steps;
      }),
    ),
  );
  for (const batch of batches) {
    await lane.hold();
    lane.push(batch);
  }
  lane.end();
  await over;
  return { events, through, steps };
}

async function open(config: Config, counters = new Counters()): Promise<LaneHost> {
  const lane = await openLaneHost(config, undefined, stageContext({ counters }));
  onTestFinished(() => lane.close());
  return lane;
}

async function chosen(config: Config, engine?: Engine): Promise<{ lane: LaneHost; log: RecordingLog }> {
  const log = new RecordingLog();
  const lane = await openLaneHost(config, engine, { ...stageContext({}), log });
  onTestFinished(() => lane.close());
  return { lane, log };
}

async function heard(config: Config, batches: readonly (readonly Frame[])[]): Promise<Heard & { counts: object }> {
  const counters = new Counters();
  const lane = await open(config, counters);
  expect(lane).toBeInstanceOf(config.runtime.threads === 0 ? LocalLane : ShardedLane);
  const told = await everything(lane, batches);
  return { ...told, counts: { ...counters.toJSON(), streams: lane.streams } };
}

describe('a lane whose streams are shared out among threads', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kioku-threads-'));
    await writeLstmTransducer(join(folder, 'recogniser'));
    await writeModel(join(folder, 'forecaster'), kiokuModel(GRU));
  });
  afterAll(() => rm(folder, { recursive: true }));

  function defined(sections: object): Promise<Config> {
    return defineConfig({ source: { kind: 'microphone' }, sinks: [], ...sections }, join(folder, 'test.yaml'));
  }

  function recogniser(count: number | 'auto', model = 'recogniser'): Promise<Config> {
    const decide = { kind: 'transcribe' };
    return defined({ model, decide, runtime: { threads: count }, limits: { maxStreams: 2 } });
  }

  function forecaster(count: number | 'auto'): Promise<Config> {
    const limits = { maxStreams: 6, streamIdleMs: 30_000 };
    const decide = { kind: 'anomaly', scores: true, warmupSteps: 50, silentAfterSteps: 5 };
    const feature = { kind: 'normalise', warmupSteps: 20 };
    const source = { kind: 'replay', files: 'none.csv' };
    const align = { stepMs: 1000 };
    return defined({
      source,
      model: 'forecaster',
      align,
      feature,
      decide,
      runtime: { threads: count },
      limits,
    });
  }

  it('writes down the same whatever their number, and comes as far in the same order', async () => {
    const batches = pieces().map((piece) => [piece]);
    const expected = await heard(await recogniser(0), batches);
    expect(Object.keys(expected.events)).toEqual(['a', 'b', 'c']);
    expect(
      Object.values(expected.events)
        .flat()
        .some(({ type }) => type === 'final'),
    ).toBe(true);
    expect(expected.counts).toMatchObject({ 'step.evicted': 1, streams: 2 });
    for (const count of [1, 2]) expect(await heard(await recogniser(count), batches)).toEqual(expected);
  });

  it('watches the same whatever their number: anomalies, silence, who is forgotten', async () => {
    const all = readings(['a', 'b', 'c', 'd', 'e'], 150, 100);
    // One stream falls silent and comes back, another never does, and at the end there is one more than there is room for.
    const gone = all.filter(
      ({ stream, seq }) => !(stream === 'b' && seq > 80 && seq < 95) && !(stream === 'c' && seq > 60),
    );
    const late = readings(['h', 'i', 'k'], 150, 1000).filter(({ stream, seq }) => seq > (stream === 'k' ? 147 : 110));
    const frames = [...gone, ...late].toSorted((x, y) => x.arrivedUs - y.arrivedUs);
    const batches: Frame[][] = [];
    for (let from = 0; from < frames.length; from += 37) batches.push(frames.slice(from, from + 37));
    const expected = await heard(await forecaster(0), batches);
    const incidents = Object.values(expected.events)
      .flat()
      .flatMap((event) => (event.type === 'incident' ? [event.reason] : []));
    expect(incidents).toContain('silent');
    expect(incidents).toContain('anomaly');
    expect(expected.counts).toMatchObject({ 'lane.stream-idle': 1 });
    for (const count of [1, 2, 4]) {
      const { through, ...told } = await heard(await forecaster(count), batches);
      expect(told).toEqual({ events: expected.events, steps: expected.steps, counts: expected.counts });
      expect(through).toEqual(expected.through);
    }
  });

  it('holds the source back while one is behind, and lets it go on', async () => {
    const lane = await open(await recogniser(2));
    let answered = 0;
    lane.out.subscribe(() => answered++);
    expect(lane.hold()).toBeUndefined();
    const [first, second] = pieces();
    for (const piece of [first, second, first, second]) lane.push([piece]);
    const held = lane.hold();
    expect(held).toBeInstanceOf(Promise);
    await held;
    expect(answered).toBeGreaterThanOrEqual(2);
    expect(lane.hold()).toBeUndefined();
  });

  it('does not keep this thread from its work while it computes', async () => {
    const lane = await open(await recogniser(1));
    const answered = firstValueFrom(lane.out);
    let turns = 0;
    const turning = setInterval(() => turns++);
    for (const piece of pieces()) lane.push([piece]);
    await answered;
    clearInterval(turning);
    // On one thread nothing else would have its turn before the answer.
    expect(turns).toBeGreaterThan(0);
  });

  it('starts no more threads than streams have come, and leaves none behind, busy or not', async () => {
    const before = threads();
    const lane = await open(await recogniser(2));
    expect(threads()).toBe(before + 1);
    const [first] = pieces();
    for (let i = 0; i < 4; i++) lane.push([first]);
    expect(threads()).toBe(before + 1);
    lane.push([{ ...first, stream: 'other' }]);
    expect(threads()).toBe(before + 2);
    await lane.close();
    expect(threads()).toBe(before);
  });

  it('hands on what a thread cannot do, as the error that it was', async () => {
    const before = threads();
    await expect(open(await recogniser(2, 'nowhere'))).rejects.toMatchObject({
      name: 'UserError',
      code: 'MODEL_MISSING',
      hint: expect.any(String) as string,
    });
    expect(threads()).toBe(before);
    const lane = await open(await recogniser(2));
    const [first, , , other] = pieces();
    const failed = lastValueFrom(lane.out);
    lane.push([first]);
    // The second thread crashes, the first is well.
    lane.push([{ ...other, signal: { kind: 'channels', names: ['x'], stepUs: 0 } }]);
    await expect(failed).rejects.toThrow(/the lane's thread crashed: stream 'b' is not audio/);
    await lane.hold();
    await lane.close();
    expect(threads()).toBe(before);
  });

  it('says that a thread was killed', async () => {
    const before = threads();
    const started: Worker[] = [];
    const note = (worker: Worker): unknown => started.push(worker);
    process.on('worker', note);
    onTestFinished(() => void process.off('worker', note));
    const lane = await open(await forecaster(2));
    const failed = lastValueFrom(lane.out);
    await started[0].terminate();
    await expect(failed).rejects.toThrow(/the lane's thread ended by itself \(exit code 1\)/);
    await lane.close();
    expect(threads()).toBe(before);
  });

  it('is chosen for a recogniser, and for another net when its step was measured to be long', async () => {
    /** A step of two milliseconds. */
    const slow: Engine = {
      ...nodeEngine,
      open: async (model, capacity) => {
        const net = await nodeEngine.open(model, capacity);
        const step = net.step.bind(net);
        net.step = (slots, n) => {
          const untilMs = performance.now() + 2;
          while (performance.now() < untilMs);
          step(slots, n);
        };
        return net;
      },
    };
    expect((await chosen(await recogniser('auto'))).lane).toBeInstanceOf(ShardedLane);
    const small = await chosen(await forecaster('auto'));
    expect(small.lane).toBeInstanceOf(LocalLane);
    const large = await chosen(await forecaster('auto'), slow);
    expect(large.lane).toBeInstanceOf(ShardedLane);
    expect(small.log.lines.join()).toMatch(/step of the net measured {"stepMs":[\d.e-]{1,6},.*"onThreads":false/);
    expect(large.log.lines.join()).toMatch(/step of the net measured .*"onThreads":true/);
  });

  it('is closed when its net cannot be stepped: nothing else would free the model', async () => {
    const closed: string[] = [];
    const broken: Engine = {
      ...nodeEngine,
      open: async (model, capacity) => {
        const net = await nodeEngine.open(model, capacity);
        const close = net.close.bind(net);
        net.step = () => {
          throw new UserError('ENGINE', 'no memory');
        };
        net.close = () => {
          closed.push(net.provider);
          close();
        };
        return net;
      },
    };
    await expect(chosen(await forecaster('auto'), broken)).rejects.toMatchObject({ code: 'ENGINE' });
    expect(closed).toEqual(['node/cpu']);
  });
});
