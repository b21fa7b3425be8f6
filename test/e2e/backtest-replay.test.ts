/** A backtest at full speed says what a run over MQTT says of the same readings, sent fifty times as fast as they were. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { lastValueFrom, tap } from 'rxjs';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { backtestFile } from '../../src/backtest/backtest-file.js';
import { defineConfig } from '../../src/config/load.js';
import type { KiokuEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import { normal } from '../../src/core/random.js';
import { gatherReadings } from '../../src/intake.js';
import { learn } from '../../src/learn.js';
import { BackgroundLearning } from '../../src/online/background.js';
import { Pipeline } from '../../src/pipeline.js';
import { contextOf } from '../../src/stage-context.js';
import { nodeEngine } from '../../src/step/node-engine.js';
import { fromSource } from '../../src/stream.js';
import { Mosquitto } from '../support/mosquitto.js';
import { mqttClient } from '../support/publisher.js';

const START_S = 1_700_000_000;
const LEARNT = 900;
const ROWS = 250;
const FAULT = { from: 150, to: 190 };
const SPEED = 50;
/** Readings on the way to the net; fewer than there are between two borders of learning. */
const AHEAD = 16;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-replay-'));
});
afterAll(() => rm(folder, { recursive: true }));

function write(name: string, firstRow: number, rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const row = firstRow + i;
    const fault = row >= LEARNT + FAULT.from && row < LEARNT + FAULT.to ? 6 : 0;
    return `${START_S + row},${(Math.sin(row / 9) + 0.1 * normal(1, 0, row) + fault).toFixed(4)}`;
  });
  const path = join(folder, name);
  writeFileSync(path, `time,x\n${lines.join('\n')}\n`);
  return path;
}

it.for([
  { net: 'that stays as it is', more: {} },
  { net: 'that goes on learning', more: { online: { everySteps: 60, segments: 1, segmentSteps: 8 } } },
])('gives the same scores and incidents with a net $net', async ({ more }, ctx) => {
  const { url } = await Mosquitto.start(ctx);
  const common = { model: 'model', train: { maxEpochs: 5 }, sinks: [], runtime: { threads: 0 } };
  // Live, what the device says counts, not when it arrived.
  const decode = { kind: 'json', time: { field: 'time', format: 's' } };
  const decide = { scores: true, warmupSteps: 50 };
  const value = { ...common, ...more, decode, decide };
  const file = join(folder, 'test.yaml');
  const replay = (path: string, speed: 'full' | number) =>
    defineConfig({ ...value, source: { kind: 'replay', files: path, speed } }, file);

  const past = await replay(write('pump.csv', 0, LEARNT), 'full');
  const context = contextOf(past);
  await learn(past, await gatherReadings(past, { context }), { engine: nodeEngine, context });

  // The stream has the name of the file that was learnt.
  const path = write('pump.csv', LEARNT, ROWS);
  const { model, runtime } = past;
  const setting = { title: 'test', value, file, model, runtime, baselines: [], thresholds: [] };
  const data = { path, name: 'pump.csv' };
  const plain = { ...setting, value: { ...common, decode, decide } };
  const { signal } = new AbortController();
  const [judged, unlearning] = await backtestFile(data, [setting, plain], () => nodeEngine, signal);
  // Or else nothing would have been learnt.
  expect(isDeepStrictEqual(judged.scores, unlearning.scores)).toBe(!('online' in more));

  const live = await defineConfig({ ...value, source: { kind: 'mqtt', url, topic: 'plant/{device}' } }, file);
  const pipeline = new Pipeline(live, { engine: nodeEngine, log: silentLog });
  const events: KiokuEvent[] = [];
  pipeline.events.subscribe((batch) => void events.push(...batch));
  const all = new AbortController();
  const heard = { pump: 0, other: 0 };
  pipeline.readings.subscribe((frames) => {
    for (const { stream } of frames) heard[stream === 'pump' ? 'pump' : 'other'] += 1;
    if (heard.pump === ROWS) all.abort();
  });
  const running = pipeline.run(all.signal);
  const client = await mqttClient(url);
  // What is sent before it has subscribed is lost: another device is heard first.
  while (heard.other === 0) await client.publishAsync('plant/other', '{"time":1,"x":0}', { qos: 1 });
  const paced = (await replay(path, SPEED)).source.create({ ...contextOf(past), index: 0 });
  const sent: Promise<unknown>[] = [];
  const publish = tap((packets: readonly { readonly bytes: Uint8Array }[]) => {
    for (const { bytes } of packets) sent.push(client.publishAsync('plant/pump', Buffer.from(bytes), { qos: 1 }));
  });
  // The thread takes seconds to start on a busy machine: no border may come before it has finished.
  const taught = vi.spyOn(BackgroundLearning.prototype, 'learn');
  onTestFinished(() => taught.mockRestore());
  const isBusy = (): boolean => (taught.mock.contexts.at(-1) as BackgroundLearning | undefined)?.busy === true;
  const hold = async (): Promise<void> => {
    while (heard.pump < sent.length - AHEAD || isBusy()) await pause(1);
  };
  const startMs = performance.now();
  await lastValueFrom(fromSource(paced, { windowPackets: 1, hold }).pipe(publish));
  await Promise.all(sent);
  expect(performance.now() - startMs).toBeGreaterThan(((ROWS - 1) * 1000) / SPEED - 100);
  expect((await running).counters).not.toHaveProperty(['online.late']);

  const scores = new Map(
    events.flatMap((event) => (event.type === 'score' && event.stream === 'pump' ? [[event.us, event.score]] : [])),
  );
  expect(scores.size).toBe(ROWS);
  expect(Array.from(judged.timesUs, (us) => scores.get(us))).toEqual([...judged.scores]);
  const opened = events.flatMap((event) => (event.type === 'incident' && event.phase === 'new' ? [event.us] : []));
  expect(opened.length).toBeGreaterThan(0);
  expect(Array.from(judged.alerts, (row) => judged.timesUs[row])).toEqual(opened);
});
