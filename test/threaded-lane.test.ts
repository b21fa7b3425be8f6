import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom, lastValueFrom, tap } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Config } from '../src/config/config.js';
import { defineConfig } from '../src/config/load.js';
import { Counters } from '../src/core/counters.js';
import type { Frame } from '../src/core/contracts.js';
import type { KiokuEvent } from '../src/core/events.js';
import { LocalLane, type LaneHost } from '../src/lane-host.js';
import { openLane } from '../src/open-lane.js';
import { nodeEngine } from '../src/step/node-engine.js';
import { ThreadedLane } from '../src/threaded-lane.js';
import { frameOf, RATE_HZ, sound } from './support/sound.js';
import { writeLstmTransducer } from './support/speech-models/models.js';
import { stageContext } from './support/stages.js';

describe('a lane on a thread of its own', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kioku-thread-'));
    await writeLstmTransducer(join(folder, 'model'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  function config(model = 'model'): Promise<Config> {
    const decide = { kind: 'transcribe' };
    const limits = { maxStreams: 2 };
    return defineConfig(
      { model, source: { kind: 'microphone' }, decide, sinks: [], limits },
      join(folder, 'test.yaml'),
    );
  }

  async function open(counters = new Counters()): Promise<ThreadedLane> {
    const lane = await ThreadedLane.open(await config(), stageContext({ counters }));
    onTestFinished(() => lane.close());
    return lane;
  }

  /** Pieces of three streams, for two slots. */
  const pieces: Frame[] = [];
  for (const [i, stream] of ['a', 'b', 'c'].entries()) {
    const samples = sound(i, 3);
    for (let from = 0; from < samples.length; from += RATE_HZ) {
      const piece = frameOf(stream, samples, from, from + RATE_HZ);
      // A view into a larger buffer must not take all of it along.
      pieces.push({ ...piece, data: samples.subarray(from, from + RATE_HZ) });
    }
  }

  async function everything(lane: LaneHost): Promise<KiokuEvent[]> {
    const events: KiokuEvent[] = [];
    const over = lastValueFrom(lane.out.pipe(tap((out) => events.push(...out.events))));
    for (const piece of pieces) {
      await lane.hold();
      lane.push([piece]);
    }
    lane.end();
    await over;
    return events;
  }

  it('says and counts what it would on this one', async () => {
    const counters = { here: new Counters(), there: new Counters() };
    const local = new LocalLane(await openLane(await config(), nodeEngine, stageContext({ counters: counters.here })));
    onTestFinished(() => local.close());
    const threaded = await open(counters.there);
    expect(threaded.sampleRateHz).toBe(local.sampleRateHz);
    const expected = await everything(local);
    expect(expected.some(({ type }) => type === 'final')).toBe(true);
    expect(await everything(threaded)).toEqual(expected);
    expect(counters.there.toJSON()).toEqual(counters.here.toJSON());
    expect(counters.here.get('step.evicted')).toBe(1);
    expect(threaded.streams).toBe(local.streams);
  });

  it('holds the source back while it is behind, and lets it go on', async () => {
    const lane = await open();
    const answered: number[] = [];
    lane.out.subscribe(({ steps }) => answered.push(steps));
    expect(lane.hold()).toBeUndefined();
    for (const piece of pieces.slice(0, 4)) lane.push([piece]);
    const held = lane.hold();
    expect(held).toBeInstanceOf(Promise);
    await held;
    expect(answered.length).toBeGreaterThanOrEqual(2);
    expect(lane.hold()).toBeUndefined();
  });

  it('does not keep this thread from its work while it computes', async () => {
    const lane = await open();
    const answered = firstValueFrom(lane.out);
    let turns = 0;
    const turning = setInterval(() => turns++);
    for (const piece of pieces) lane.push([piece]);
    await answered;
    clearInterval(turning);
    // On one thread nothing else would have its turn before the answer.
    expect(turns).toBeGreaterThan(0);
  });

  it('hands on what the thread cannot do, as the error that it was', async () => {
    await expect(ThreadedLane.open(await config('nowhere'), stageContext())).rejects.toMatchObject({
      name: 'UserError',
      code: 'MODEL_MISSING',
      hint: expect.any(String) as string,
    });
    const lane = await open();
    const [first] = pieces;
    const failed = lastValueFrom(lane.out);
    lane.push([{ ...first, signal: { kind: 'channels', names: ['x'], stepUs: 0 } }]);
    await expect(failed).rejects.toThrow(/the lane's thread crashed: stream 'a' is not audio/);
    await lane.hold();
  });
});
