/** A live stream over the embedded broker whose net goes on learning, and a second start. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { describeModel, inspectModel } from '../../src/cli/inspection.js';
import { defineConfig } from '../../src/config/load.js';
import { normal } from '../../src/core/random.js';
import { EmbeddedBroker } from '../../src/mqtt/broker.js';
import { Pipeline, type RunSummary } from '../../src/pipeline.js';
import { mqttClient } from '../support/publisher.js';
import { RecordingLog } from '../support/stages.js';
import { GRU, kiokuModel, writeModel } from '../support/step-model.js';

const UPDATES = 3;
const ONLINE = { everySteps: 8, segments: 4, segmentSteps: 8, replaySteps: 400 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-live-'));
  await writeModel(join(folder, 'model'), kiokuModel(GRU));
});
afterAll(() => rm(folder, { recursive: true }));

it('learns while it runs, and goes on from there at the next start', async () => {
  const broker = new EmbeddedBroker(new RecordingLog());
  onTestFinished(() => broker.stop());
  const { port } = await broker.start({ host: '127.0.0.1', port: 0 });
  const url = `mqtt://127.0.0.1:${port}`;
  const config = await defineConfig(
    {
      model: 'model',
      source: { kind: 'mqtt', url, topic: 'plant/{device}' },
      decode: { kind: 'json', time: { field: 'time', format: 's' } },
      feature: { kind: 'normalise', warmupSteps: 20 },
      decide: { kind: 'anomaly', warmupSteps: 50 },
      sinks: [],
      online: ONLINE,
    },
    join(folder, 'test.yaml'),
  );
  const client = await mqttClient(url);
  let second = 1_700_000_000;

  async function run(): Promise<{ readonly log: RecordingLog; readonly summary: RunSummary }> {
    const [log, stop] = [new RecordingLog(), new AbortController()];
    const pipeline = new Pipeline(config, { log });
    const done = pipeline.run(stop.signal);
    const taught = (): number => log.lines.filter((line) => line.includes('the net was taught')).length;
    while (taught() < UPDATES) {
      const message = { time: ++second, c0: normal(1, 0, second), c1: normal(1, 1, second) };
      await client.publishAsync('plant/a', JSON.stringify(message), { qos: 1 });
    }
    stop.abort();
    return { log, summary: await done };
  }

  const first = await run();
  expect(first.summary.steps).toBeGreaterThan(100);
  expect(first.log.lines.join('\n')).not.toMatch(/learning has ended/);
  expect(first.log.lines.filter((line) => line.includes('goes on learning'))).toHaveLength(1);
  expect(first.log.lines.join('\n')).toMatch(/learnt while running/);
  expect(first.log.lines.join('\n')).toMatch(/"goesOn":false/);
  expect((await stat(join(folder, 'model', 'online.learnt'))).size).toBeGreaterThan(1000);
  const inspected = await inspectModel(join(folder, 'model'));
  expect(inspected.card?.onlineSteps).toBeGreaterThanOrEqual(UPDATES);
  expect(describeModel(inspected)).toMatch(/has learnt on while it ran, in \d+ optimiser steps/);
  const again = await run();
  expect(again.log.lines.join('\n')).toMatch(/"goesOn":true/);
  expect(again.log.lines.join('\n')).toMatch(/learnt while running/);
}, 60_000);
