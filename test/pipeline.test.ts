import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Config } from '../src/config/config.js';
import { defineConfig } from '../src/config/load.js';
import { Counters } from '../src/core/counters.js';
import type { Engine, Sink } from '../src/core/contracts.js';
import type { KiokuEvent } from '../src/core/events.js';
import { normal } from '../src/core/random.js';
import { openLane } from '../src/open-lane.js';
import { EmbeddedBroker } from '../src/mqtt/broker.js';
import { Pipeline, type RunSummary } from '../src/pipeline.js';
import { nodeEngine } from '../src/step/node-engine.js';
import { mqttClient } from './support/publisher.js';
import { RecordingLog, stageContext } from './support/stages.js';
import { GRU, kiokuModel, writeModel } from './support/step-model.js';

const ROWS = 1200;
const never = new AbortController().signal;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-pipeline-'));
  await writeModel(join(folder, 'model'), kiokuModel(GRU));
  const rows = Array.from({ length: ROWS }, (_, s) => {
    const fault = s >= 900 && s < 940 ? 60 : 0;
    return `${1_700_000_000 + s},${normal(1, 0, s) + fault},${normal(1, 1, s)}`;
  });
  writeFileSync(join(folder, 'pump.csv'), `time,c0,c1\n${rows.join('\n')}\nnot,a,row\n`);
  const broken = rows.map((row, s) => (s < 900 ? row : `${1_700_000_000 + s},${60 + normal(1, 0, s)},0`));
  writeFileSync(join(folder, 'broken.csv'), `time,c0,c1\n${broken.join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

function config(changes: object = {}): Promise<Config> {
  const source = { kind: 'replay', files: 'pump.csv' };
  const feature = { kind: 'normalise', warmupSteps: 100 };
  const decide = { kind: 'anomaly', warmupSteps: 200 };
  return defineConfig({ model: 'model', source, feature, decide, sinks: [], ...changes }, join(folder, 'test.yaml'));
}

/** A sink that the test makes, in place of one of the registry. */
async function withSink(sink: Partial<Sink>, changes: object = {}): Promise<Config> {
  const whole: Sink = { start: async () => {}, stop: async () => {}, write: async () => {}, ...sink };
  return { ...(await config(changes)), sinks: [{ kind: 'test', options: {}, create: () => whole }] };
}

/** Everything that a run of the file says, and how many nets were opened on this thread. */
async function runOf(threads: number): Promise<{ readonly events: KiokuEvent[]; readonly opened: number }> {
  let opened = 0;
  const engine: Engine = {
    name: 'node',
    open(...args) {
      opened += 1;
      return nodeEngine.open(...args);
    },
  };
  const runtime = { engine: 'node', threads };
  const pipeline = new Pipeline(await config({ runtime }), { engine, log: new RecordingLog() });
  const events: KiokuEvent[] = [];
  pipeline.events.subscribe((batch) => events.push(...batch));
  await pipeline.run(never);
  return { events, opened };
}

describe('a pipeline', () => {
  it('runs a file to its end, shows readings and events, and says what went through', async () => {
    const pipeline = new Pipeline(await config(), { engine: nodeEngine, log: new RecordingLog() });
    let readings = 0;
    const events: KiokuEvent[] = [];
    pipeline.readings.subscribe((frames) => (readings += frames.length));
    pipeline.events.subscribe((batch) => events.push(...batch));
    const summary = await pipeline.run(never);
    expect(readings).toBe(ROWS);
    expect(summary).toMatchObject({ packets: ROWS, steps: ROWS, streams: 1, incidents: 1 });
    expect(summary.counters['source.bad-time']).toBe(1);
    const phases = events.flatMap((event) => (event.type === 'incident' ? [event.phase] : []));
    expect(phases[0]).toBe('new');
    expect(phases.at(-1)).toBe('end');
  });

  it('says the same on a thread of its own', async () => {
    const { events, opened } = await runOf(1);
    expect(opened).toBe(0);
    expect(events.length).toBeGreaterThan(1);
    expect(await runOf(0)).toEqual({ events, opened: 1 });
  }, 30_000);

  it('goes on when a sink fails, and says what it has lost', async () => {
    const log = new RecordingLog();
    const failing = await withSink({ write: () => Promise.reject(new Error('no space')) });
    const summary = await new Pipeline(failing, { engine: nodeEngine, log }).run(never);
    expect(summary.steps).toBe(ROWS);
    expect(summary.counters['sink.failed']).toBeGreaterThanOrEqual(2);
    expect(log.lines.some((line) => line.includes('no space'))).toBe(true);
  });

  it('stops what it has started when something cannot start', async () => {
    const calls: string[] = [];
    const broken = await withSink({
      start: () => Promise.reject(new Error('cannot start')),
      stop: async () => void calls.push('stop'),
    });
    await expect(new Pipeline(broken, { engine: nodeEngine, log: new RecordingLog() }).run(never)).rejects.toThrow(
      'cannot start',
    );
    expect(calls).toEqual(['stop']);
  });

  it('ends what is open when it is stopped, and tells the sinks', async () => {
    const stop = new AbortController();
    const told: KiokuEvent[] = [];
    const write: Sink['write'] = async (events) => {
      told.push(...events);
      stop.abort();
    };
    const stopping = await withSink({ write }, { source: { kind: 'replay', files: 'broken.csv' } });
    const summary = await new Pipeline(stopping, { engine: nodeEngine, log: new RecordingLog() }).run(stop.signal);
    expect(summary.steps).toBeLessThan(ROWS);
    const phases = told.flatMap((event) => (event.type === 'incident' ? [event.phase] : []));
    expect(phases[0]).toBe('new');
    expect(phases.filter((phase) => phase !== 'update')).toEqual(['new', 'end']);
  });

  it('stops the others although a sink cannot, and says what was counted while they stopped', async () => {
    const log = new RecordingLog();
    const counters = new Counters();
    const stubborn = await withSink({
      stop: () => {
        counters.count('sink.incident-dropped');
        return Promise.reject(new Error('stuck'));
      },
    });
    const summary = await new Pipeline(stubborn, { engine: nodeEngine, log, counters }).run(never);
    expect(summary.counters['sink.incident-dropped']).toBe(1);
    expect(log.lines.some((line) => line.includes('stuck'))).toBe(true);
    expect(log.lines.some((line) => line.includes('sink.incident-dropped'))).toBe(true);
  });

  it.each([
    [],
    [{ kind: 'console' }],
    [{ kind: 'jsonl', path: 'stopped.jsonl' }],
    [{ kind: 'mqtt', url: 'mqtt://127.0.0.1:1' }],
  ])('ends at once when it is stopped before it begins, sinks: %j', async (...sinks) => {
    const stopped = new Pipeline(await config({ sinks }), { engine: nodeEngine, log: new RecordingLog() });
    const summary = await stopped.run(AbortSignal.abort());
    expect(summary).toMatchObject({ packets: 0, steps: 0, incidents: 0 });
  });

  it('does not start without its model', async () => {
    const missing = await config({ model: 'nowhere' });
    await expect(new Pipeline(missing, { engine: nodeEngine, log: new RecordingLog() }).run(never)).rejects.toThrow(
      expect.objectContaining({ code: 'MODEL_MISSING' }),
    );
  });
});

describe('a pipeline on a broker', () => {
  it('takes every message once although it is stopped and started while they come', async () => {
    const broker = new EmbeddedBroker(new RecordingLog());
    onTestFinished(() => broker.stop());
    const { port } = await broker.start({ host: '127.0.0.1', port: 0 });
    const url = `mqtt://127.0.0.1:${port}`;
    const source = { kind: 'mqtt', url, topic: 'plant/{device}' };
    const watched = await config({ source, decode: { kind: 'json', channels: { c0: 'c0' } } });
    const taken: number[] = [];
    const start = (): { readonly stop: () => Promise<RunSummary> } => {
      const [log, stop] = [new RecordingLog(), new AbortController()];
      const pipeline = new Pipeline(watched, { engine: nodeEngine, log });
      pipeline.readings.subscribe((frames) => {
        for (const { data } of frames) taken.push(data[0]);
      });
      const done = pipeline.run(stop.signal);
      return {
        stop: () => {
          stop.abort();
          return done;
        },
      };
    };
    const client = await mqttClient(url);
    const first = start();
    // The session has to be there before the first message that counts.
    for (let i = -1; taken.length === 0; i--) await client.publishAsync('plant/a', `{"c0": ${i}}`, { qos: 1 });
    let stopped: Promise<RunSummary> | undefined;
    const publish = async (i: number): Promise<void> => {
      await client.publishAsync('plant/a', `{"c0": ${i}}`, { qos: 1 });
      if (i === 1500) stopped = first.stop();
    };
    await Promise.all(Array.from({ length: 3000 }, (_, i) => publish(i)));
    expect((await stopped)?.counters).not.toHaveProperty('source.unread-at-stop');
    const second = start();
    await expect
      .poll(() => taken.filter((value) => value >= 0).length, { timeout: 30_000 })
      .toBeGreaterThanOrEqual(3000);
    await second.stop();
    expect(taken.filter((value) => value >= 0).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 3000 }, (_, i) => i),
    );
  }, 60_000);

  it('ends although the broker of a sink is away', async () => {
    const broker = new EmbeddedBroker(new RecordingLog());
    const { port } = await broker.start({ host: '127.0.0.1', port: 0 });
    const sinks = [{ kind: 'mqtt', url: `mqtt://127.0.0.1:${port}` }];
    const log = new RecordingLog();
    const stop = new AbortController();
    const pipeline = new Pipeline(await config({ sinks }), { engine: nodeEngine, log });
    let left: Promise<void> | undefined;
    pipeline.readings.subscribe(() => {
      left ??= broker.stop();
    });
    pipeline.events.subscribe(() => stop.abort());
    const summary = await pipeline.run(stop.signal);
    await left;
    expect(summary.counters['sink.incident-dropped']).toBeGreaterThanOrEqual(1);
    expect(log.lines.some((line) => line.includes('sink.incident-dropped'))).toBe(true);
  }, 20_000);
});

describe('a configuration that does not fit its model', () => {
  it.each([
    ['other steps', { align: { stepMs: 500 } }, /takes steps of 1000 ms/],
    ['other channels', { align: { channels: [{ name: 'c0' }] } }, /watches c0 \(mean\), c1 \(mean\)/],
    ['another order', { align: { channels: [{ name: 'c1' }, { name: 'c0' }] } }, /the configuration says c1/],
  ])('%s', async (_, changes, message) => {
    const context = stageContext({ counters: new Counters() });
    await expect(openLane(await config(changes), nodeEngine, context)).rejects.toThrow(
      expect.objectContaining({ code: 'CARD_MISMATCH', message: expect.stringMatching(message) as string }),
    );
  });
});
