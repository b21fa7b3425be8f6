/**
 * Short cuts of the message path (messages past mqtt.js, JSON by the shape of the message before, many a turn) change
 * nothing: what a pipeline says under a flood is what a lane says that is given plainly parsed readings one by one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { defineConfig } from '../../src/config/load.js';
import type { Frame } from '../../src/core/contracts.js';
import type { KiokuEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import { normal } from '../../src/core/random.js';
import { openLane } from '../../src/open-lane.js';
import { Pipeline } from '../../src/pipeline.js';
import { contextOf } from '../../src/stage-context.js';
import { openEngine } from '../../src/step/open-engine.js';
import { floodBroker, type Published } from '../support/flood-broker.js';
import { GRU, kiokuModel, writeModel } from '../support/step-model.js';

const DEVICES = 40;
const STEPS = 250;
const START_S = 1_767_225_600;
/** Among a device's readings: one far off for some time, so that there are incidents. */
const FAULT = { device: 7, from: 200, to: 220 };

function valuesOf(device: number, step: number): readonly [c0: number, c1: number] {
  const fault = device === FAULT.device && step >= FAULT.from && step < FAULT.to;
  return [normal(device, 0, step) + (fault ? 80 : 0), 5 + 0.1 * normal(device, 1, step)];
}

/** Devices of several makes: each writes JSON in its own way, some with what has to be looked at closely. */
function payloadOf(device: number, step: number): string {
  const [c0, c1] = valuesOf(device, step);
  const ts = START_S + step;
  if (device % 4 === 0) return `{"ts":${ts},"c0":${c0},"c1":${c1},"state":"running"}`;
  if (device % 4 === 1) return `{ "c1": ${c1.toExponential(17)}, "c0": ${c0.toExponential(17)}, "ts": ${ts} }\n`;
  if (device % 4 === 2) return JSON.stringify({ ts, note: step % 3 === 0 ? 'a "quoted" note' : 'calm', c0, c1 });
  return JSON.stringify({ ts: new Date(ts * 1000).toISOString(), c0, c1, deep: step % 5 === 0 ? { c0: 1 } : null });
}

const name = (device: number): string => `press-${device}`;
/** What is said of each stream, in order. */
function byStream(events: readonly KiokuEvent[]): Map<string, KiokuEvent[]> {
  const streams = new Map<string, KiokuEvent[]>();
  for (const event of events) streams.set(event.stream, [...(streams.get(event.stream) ?? []), event]);
  return streams;
}

async function configOf(url: string): Promise<Config> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-flood-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return defineConfig({
    model: await writeModel(join(folder, 'model'), kiokuModel(GRU)),
    source: { kind: 'mqtt', url, topic: 'plant/{device}', protocolVersion: 4 },
    decode: { kind: 'json', time: { field: 'ts' } },
    feature: { kind: 'normalise', warmupSteps: 40 },
    decide: { kind: 'anomaly', scores: true, warmupSteps: 60 },
    sinks: [],
    limits: { maxStreams: DEVICES },
  });
}

async function saidByPipeline(config: Config): Promise<KiokuEvent[]> {
  const pipeline = new Pipeline(config, { log: silentLog });
  const events: KiokuEvent[] = [];
  const stop = new AbortController();
  let readings = 0;
  pipeline.events.subscribe((batch) => events.push(...batch));
  pipeline.readings.subscribe((batch) => {
    readings += batch.length;
    if (readings === DEVICES * STEPS) stop.abort();
  });
  const { counters, packets } = await pipeline.run(stop.signal);
  expect(packets).toBe(DEVICES * STEPS);
  expect(counters).toEqual({});
  return events;
}

async function saidByLane(config: Config): Promise<KiokuEvent[]> {
  const lane = await openLane(config, await openEngine(config.runtime, silentLog), contextOf(config));
  const events: KiokuEvent[] = [];
  const signal: Frame['signal'] = { kind: 'channels', names: ['c0', 'c1'], stepUs: 0 };
  for (let step = 0; step < STEPS; step++) {
    for (let device = 0; device < DEVICES; device++) {
      const us = (START_S + step) * 1e6;
      const data = Float64Array.from(valuesOf(device, step));
      lane.push([{ stream: name(device), source: 0, seq: 1, us, arrivedUs: us, signal, data }]);
      events.push(...lane.turn().events);
    }
  }
  events.push(...lane.end().events);
  lane.close();
  return events;
}

it('says under a flood what a lane says of the same readings one by one', async () => {
  const messages: Published[] = [];
  for (let step = 0; step < STEPS; step++) {
    for (let device = 0; device < DEVICES; device++) {
      messages.push({
        topic: `plant/${name(device)}`,
        payload: payloadOf(device, step),
        qos: device % 3 === 0 ? 1 : 0,
      });
    }
  }
  const config = await configOf(await floodBroker(messages));
  const said = byStream(await saidByPipeline(config));
  const expected = byStream(await saidByLane(config));
  expect([...said.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
  for (const [stream, events] of expected) expect(said.get(stream)).toEqual(events);
  expect(expected.get(name(FAULT.device))?.some(({ type }) => type === 'incident')).toBe(true);
  // What stepped the net is told with everything that comes of it.
  expect(new Set([...said.values()].flat().map(({ provider }) => provider))).toEqual(new Set(['native/cpu']));
});
