import { describe, expect, it, onTestFinished } from 'vitest';
import type { IncidentEvent, KiokuEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import { EmbeddedBroker } from '../../src/mqtt/broker.js';
import { mqttSinkKind } from '../../src/sink/mqtt.js';
import { endpointEvent, keywordEvent, sinkContract, transcript, voiceEvent } from '../contracts/sink.contract.js';
import { freePort, Mosquitto } from '../support/mosquitto.js';
import { mqttClient, nextMessage } from '../support/publisher.js';
import { stageContext } from '../support/stages.js';

const US = Date.UTC(2026, 0, 31, 12) * 1000;

function incident(id: string, stream = 'line/pump'): IncidentEvent {
  return {
    type: 'incident',
    phase: 'new',
    id,
    stream,
    us: US + 1_500_000,
    sinceUs: US,
    severity: 'warning',
    score: 0.9,
    reason: 'anomaly',
    channels: [{ name: 'temperature', view: 'level', expected: 20, observed: 35, score: 0.9 }],
  };
}

function score(id: string): KiokuEvent {
  return { type: 'score', id, stream: 'line/pump', us: US, score: 0.1 };
}

function mqttSink(options: Record<string, unknown>, context = stageContext({ name: 'plant' })) {
  const sink = mqttSinkKind.create(mqttSinkKind.schema.parse({ kind: 'mqtt', ...options }), context);
  onTestFinished(() => sink.stop());
  return sink;
}

async function embedded(port = 0): Promise<{ broker: EmbeddedBroker; url: string; port: number }> {
  const broker = new EmbeddedBroker(silentLog);
  onTestFinished(() => broker.stop());
  const address = await broker.start({ host: '127.0.0.1', port });
  return { broker, url: `mqtt://127.0.0.1:${address.port}`, port: address.port };
}

const goOn = new AbortController().signal;

/** Everything published below a topic from now on: `topic payload`. */
async function watch(url: string, filter = 'kioku/#'): Promise<{ topic: string; payload: string; qos: number }[]> {
  const seen: { topic: string; payload: string; qos: number }[] = [];
  const client = await mqttClient(url, { clientId: `watcher-${filter.length}`, clean: false });
  client.on('message', (topic, payload, { qos }) => seen.push({ topic, payload: payload.toString(), qos }));
  await client.subscribeAsync(filter, { qos: 1 });
  return seen;
}

/** Until what was published to a topic is there. */
async function untilSeen(seen: Awaited<ReturnType<typeof watch>>, topic: string): Promise<void> {
  await expect.poll(() => seen.some((message) => message.topic === topic)).toBe(true);
}

sinkContract('mqtt', async () => {
  const { url } = await embedded();
  const seen = await watch(url, 'kioku/plant/incidents/#');
  const marker = await mqttClient(url);
  let asked = 0;
  return {
    sink: mqttSink({ url }),
    // The broker passes messages on in the order in which it got them: behind the marker there is nothing left.
    received: async () => {
      asked += 1;
      const topic = `kioku/plant/incidents/marker-${asked}`;
      await marker.publishAsync(topic, '', { qos: 1 });
      await untilSeen(seen, topic);
      const incidents = seen.filter(({ payload }) => payload !== '');
      return incidents.map(({ payload }) => (JSON.parse(payload) as IncidentEvent).id);
    },
  };
});

it('publishes incidents as JSON and its own status; scores only when asked for', async () => {
  const { url } = await embedded();
  const seen = await watch(url);
  const sink = mqttSink({ url });
  await sink.start(goOn);
  await sink.write([score('s'), incident('i')]);
  await sink.stop();
  await expect.poll(() => seen.length).toBe(3);
  expect(seen.map(({ topic, qos }) => [topic, qos])).toEqual([
    ['kioku/plant/status', 1],
    ['kioku/plant/incidents/line/pump', 1],
    ['kioku/plant/status', 1],
  ]);
  expect([seen[0]?.payload, seen[2]?.payload]).toEqual(['online', 'offline']);
  expect(JSON.parse(seen[1]?.payload ?? '')).toEqual({
    ...incident('i'),
    time: '2026-01-31T12:00:01.500Z',
    since: '2026-01-31T12:00:00.000Z',
  });
});

it('publishes scores with QoS 0, under another prefix, to a topic that is allowed', async () => {
  const { url } = await embedded();
  const seen = await watch(url, 'site/#');
  const sink = mqttSink({ url, prefix: 'site/{name}', scores: true });
  await sink.start(goOn);
  await sink.write([score('s'), incident('i', 'a+b/#')]);
  await expect.poll(() => seen.length).toBe(3);
  expect(seen.map(({ topic, qos }) => `${topic} ${qos}`).toSorted()).toEqual([
    'site/plant/incidents/a_b/_ 1',
    'site/plant/scores/line/pump 0',
    'site/plant/status 1',
  ]);
});

it('publishes what is said: finals, keywords and speech with QoS 1, partials with QoS 0 unless they are unwanted', async () => {
  const { url } = await embedded();
  const seen = await watch(url, 'kioku/plant/+/hall');
  const events = [
    voiceEvent('speech-start', 'a'),
    transcript('partial', 'b'),
    transcript('final', 'c'),
    endpointEvent('d'),
    voiceEvent('speech-end', 'e'),
    keywordEvent('f'),
  ];
  const sink = mqttSink({ url });
  await sink.start(goOn);
  for (const event of events) await sink.write([event]);
  await expect.poll(() => seen.length).toBe(6);
  const heard = seen.map(({ topic, payload, qos }) => [topic, (JSON.parse(payload) as KiokuEvent).id, qos]);
  expect(heard).toEqual([
    ['kioku/plant/speech/hall', 'a', 1],
    ['kioku/plant/transcripts/hall', 'b', 0],
    ['kioku/plant/transcripts/hall', 'c', 1],
    ['kioku/plant/speech/hall', 'd', 1],
    ['kioku/plant/speech/hall', 'e', 1],
    ['kioku/plant/keywords/hall', 'f', 1],
  ]);
  const quiet = mqttSink({ url, prefix: 'kioku/{name}', partials: false, statusTopic: 'quiet' });
  await sink.stop();
  await quiet.start(goOn);
  await quiet.write(events);
  await expect.poll(() => seen.length).toBe(11);
  expect(seen.slice(6).map(({ payload }) => (JSON.parse(payload) as KiokuEvent).id)).toEqual(['a', 'c', 'd', 'e', 'f']);
});

it('keeps what it cannot send, in a bounded outbox, and sends it when the broker is back', async (ctx) => {
  const mosquitto = await Mosquitto.start(ctx, { persistence: true });
  const seen = await watch(mosquitto.url, 'kioku/plant/incidents/#');
  const context = stageContext({ name: 'plant' });
  const sink = mqttSink({ url: mosquitto.url, maxQueued: 50, scores: true, reconnectMaxMs: 200 }, context);
  await sink.start(goOn);
  await mosquitto.stop();
  await expect.poll(() => context.log.lines.some((line) => line.includes('lost the broker'))).toBe(true);
  const writes: Promise<void>[] = [];
  for (let i = 0; i < 60; i++) writes.push(sink.write([score(`s${i}`), incident(`i${i}`)]));
  await mosquitto.launch();
  await Promise.all(writes);
  const ids = () => seen.map(({ payload }) => (JSON.parse(payload) as KiokuEvent).id);
  await expect.poll(() => new Set(ids()).size).toBe(50);
  expect([...new Set(ids())]).toEqual(Array.from({ length: 50 }, (_, i) => `i${i + 10}`));
  expect(context.counters.toJSON()).toEqual({ 'sink.incident-dropped': 10, 'sink.score-dropped': 60 });
});

it('counts what a stop leaves unsent, and does not hang', async () => {
  const { broker, url } = await embedded();
  const context = stageContext({ name: 'plant' });
  const sink = mqttSink({ url }, context);
  await sink.start(goOn);
  await broker.stop();
  await expect.poll(() => context.log.lines.some((line) => line.includes('lost the broker'))).toBe(true);
  const written = sink.write([incident('i')]);
  await sink.stop();
  await written;
  await sink.write([incident('after')]);
  expect(context.counters.toJSON()).toEqual({ 'sink.incident-dropped': 2 });
});

it('gets along with a second sink of the same configuration', async () => {
  const { url } = await embedded();
  const seen = await watch(url, '+/plant/incidents/#');
  const context = stageContext({ name: 'plant' });
  const sinks = ['one/{name}', 'two/{name}'].map((prefix) => mqttSink({ url, prefix }, context));
  for (const sink of sinks) await sink.start(goOn);
  for (const sink of sinks) await sink.write([incident('i')]);
  await expect.poll(() => seen.length).toBe(2);
  expect(context.log.lines.filter((line) => line.includes('lost the broker'))).toEqual([]);
});

describe('a broker that says no', () => {
  it('counts an event that the access list forbids (mosquitto, MQTT 5)', async (ctx) => {
    const mosquitto = await Mosquitto.start(ctx, {
      lines: ['allow_anonymous true', 'acl_file {dir}/acl'],
      files: { acl: 'topic write kioku/+/status\n' },
    });
    const context = stageContext({ name: 'plant' });
    const sink = mqttSink({ url: mosquitto.url }, context);
    await sink.start(goOn);
    await sink.write([incident('i')]);
    expect(context.counters.toJSON()).toEqual({ 'sink.refused': 1 });
  });

  it('does not start without one', async () => {
    const sink = mqttSink({ url: `mqtt://127.0.0.1:${await freePort()}` });
    await expect(sink.start(goOn)).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
  });
});

it('leaves its status where a later subscriber finds it', async () => {
  const { url } = await embedded();
  const sink = mqttSink({ url, statusTopic: 'my/status' });
  await sink.start(goOn);
  expect(await nextMessage(await mqttClient(url), 'my/status')).toBe('online');
});
