import { onTestFinished, type TestContext, describe, expect, it } from 'vitest';
import { filter, firstValueFrom } from 'rxjs';
import { silentLog } from '../../src/core/log.js';
import { EmbeddedBroker } from '../../src/mqtt/broker.js';
import { mqttKind } from '../../src/source/mqtt.js';
import { sourceContract, turns } from '../contracts/source.contract.js';
import { floodBroker, type Published } from '../support/flood-broker.js';
import { Mosquitto } from '../support/mosquitto.js';
import { mqttClient, nextMessage, publishNumbers } from '../support/publisher.js';
import { Collector, stageContext, type TestContextParts } from '../support/stages.js';

async function embedded(): Promise<string> {
  const broker = new EmbeddedBroker(silentLog);
  const { port } = await broker.start({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => broker.stop());
  return `mqtt://127.0.0.1:${port}`;
}

const BROKERS: readonly [name: string, start: (ctx: TestContext) => Promise<string>][] = [
  ['embedded broker', embedded],
  ['mosquitto', async (ctx) => (await Mosquitto.start(ctx)).url],
];

function mqttSource(options: Record<string, unknown>, context: TestContextParts = stageContext()) {
  const source = mqttKind.create(mqttKind.schema.parse({ kind: 'mqtt', topic: 'plant/{device}', ...options }), context);
  onTestFinished(() => source.stop());
  return source;
}

const goOn = new AbortController().signal;

for (const [name, start] of BROKERS) {
  sourceContract(`mqtt on ${name}`, async (ctx) => {
    const url = await start(ctx);
    const publisher = await mqttClient(url);
    return {
      source: mqttSource({ url }, stageContext({ index: 3 })),
      feed: (n) => publishNumbers(publisher, 'plant/pump', n),
    };
  });

  describe.each([4, 5])(`mqtt source on ${name}, protocol %i`, (protocolVersion) => {
    it('takes a wildcard subscription apart by template', async (ctx) => {
      const url = await start(ctx);
      const context = stageContext();
      const source = mqttSource(
        { url, protocolVersion, topic: ['plant/{line}/{device}/{channel}', 'plain/#'] },
        context,
      );
      const collector = new Collector(source);
      await source.start(goOn);
      source.credit(100);
      const publisher = await mqttClient(url);
      for (const topic of ['plant/a/pump/temperature', 'plant/b/fan/speed', 'plain/x/y', 'plant/a/pump/temperature']) {
        await publisher.publishAsync(topic, '1', { qos: 1 });
      }
      await collector.count(4);
      expect(collector.packets.map(({ topic, route }) => [topic, route])).toEqual([
        ['plant/a/pump/temperature', { stream: 'a/pump', channel: 'temperature' }],
        ['plant/b/fan/speed', { stream: 'b/fan', channel: 'speed' }],
        ['plain/x/y', { stream: 'plain/x/y' }],
        ['plant/a/pump/temperature', { stream: 'a/pump', channel: 'temperature' }],
      ]);
      expect(collector.packets[3]?.route).toBe(collector.packets[0]?.route);
    });

    it('loses nothing that comes while it is away', async (ctx) => {
      const url = await start(ctx);
      const first = mqttSource({ url, protocolVersion });
      await first.start(goOn);
      await first.stop();
      const publisher = await mqttClient(url);
      await publishNumbers(publisher, 'plant/pump', 50);
      const second = mqttSource({ url, protocolVersion });
      const collector = new Collector(second);
      second.credit(1000);
      await second.start(goOn);
      await collector.count(50);
      expect(collector.texts).toEqual(Array.from({ length: 50 }, (_, i) => String(i)));
    });
  });

  it(`takes no old value that the broker has retained, but every new one (${name})`, async (ctx) => {
    const url = await start(ctx);
    const publisher = await mqttClient(url);
    await publisher.publishAsync('plant/pump', 'old', { qos: 1, retain: true });
    const context = stageContext();
    const source = mqttSource({ url }, context);
    const collector = new Collector(source);
    source.credit(100);
    await source.start(goOn);
    await publisher.publishAsync('plant/pump', 'new', { qos: 1, retain: true });
    await collector.count(1);
    expect(collector.texts).toEqual(['new']);
    expect(context.counters.toJSON()).toEqual({ 'source.retained': 1 });
  });

  it(`drops and counts what is too large or fits no template (${name})`, async (ctx) => {
    const url = await start(ctx);
    // A session keeps what an older configuration had subscribed to.
    const older = mqttSource({ url, topic: 'other/#' });
    await older.start(goOn);
    await older.stop();
    const context = stageContext();
    const source = mqttSource({ url, maxPayloadBytes: 1000 }, context);
    const collector = new Collector(source);
    await source.start(goOn);
    source.credit(100);
    const publisher = await mqttClient(url);
    await publisher.publishAsync('plant/pump', Buffer.alloc(10_000_000, 'x'), { qos: 1 });
    await publisher.publishAsync('other/topic', '1', { qos: 1 });
    await publisher.publishAsync('plant/pump', 'last', { qos: 1 });
    await collector.count(1);
    expect(collector.packets[0]).toMatchObject({ seq: 1, topic: 'plant/pump' });
    expect(context.counters.toJSON()).toEqual({ 'source.payload-too-large': 1, 'source.topic-mismatch': 1 });
  });
}

it('survives a consumer that gives no credit for longer than the keep-alive: 20,000 messages, none lost, queue bounded', async (ctx) => {
  const { url } = await Mosquitto.start(ctx);
  const context = stageContext();
  const source = mqttSource({ url, keepAliveSeconds: 1, maxQueued: 300 }, context);
  const changes: string[] = [];
  source.status.subscribe((status) => changes.push(status));
  const collector = new Collector(source, (batch) => setImmediate(() => source.credit(batch.length)));
  await source.start(goOn);
  const publisher = await mqttClient(url);
  await publishNumbers(publisher, 'plant/pump', 20_000);
  // Twice the time after which either side would hang up.
  await new Promise((resolve) => setTimeout(resolve, 3500));
  expect(collector.packets).toHaveLength(0);
  source.credit(100_000);
  await turns(2);
  // All that was held came in one batch: the queue, and no more.
  expect(collector.batches[0]).toBe(300);
  await collector.count(20_000);
  expect(collector.texts).toEqual(Array.from({ length: 20_000 }, (_, i) => String(i)));
  expect(changes).toEqual(['down', 'up']);
  expect(context.counters.toJSON()).toEqual({});
});

it('starts although the session has kept more than the queue holds', async (ctx) => {
  // It sends all that at once, and only then answers the subscription.
  const { url } = await Mosquitto.start(ctx, { lines: ['allow_anonymous true', 'max_inflight_messages 0'] });
  const first = mqttSource({ url });
  await first.start(goOn);
  await first.stop();
  const publisher = await mqttClient(url);
  await publishNumbers(publisher, 'plant/pump', 5000);
  const source = mqttSource({ url });
  const collector = new Collector(source, (batch) => source.credit(batch.length));
  await source.start(goOn);
  source.credit(100);
  await collector.count(5000);
  expect(collector.texts).toEqual(Array.from({ length: 5000 }, (_, i) => String(i)));
});

it('listens in passing beside a daemon of the same configuration, and leaves nothing behind', async (ctx) => {
  const { url } = await Mosquitto.start(ctx);
  const options = { url, clientId: 'daemon', statusTopic: 'plant/status' };
  const daemon = mqttSource(options);
  const changes: string[] = [];
  daemon.status.subscribe((status) => changes.push(status));
  const all = new Collector(daemon);
  daemon.credit(100);
  await daemon.start(goOn);
  const guest = mqttSource(options, stageContext({ passing: true }));
  const some = new Collector(guest);
  guest.credit(100);
  await guest.start(goOn);
  const publisher = await mqttClient(url);
  await publishNumbers(publisher, 'plant/pump', 10);
  await Promise.all([all.count(10), some.count(10)]);
  await guest.stop();
  expect(await nextMessage(publisher, 'plant/status')).toBe('online');
  await publishNumbers(publisher, 'plant/pump', 10);
  const again = mqttSource(options, stageContext({ passing: true }));
  const later = new Collector(again);
  again.credit(100);
  await again.start(goOn);
  await publishNumbers(publisher, 'plant/pump', 1, 77);
  await later.count(1);
  expect(later.texts).toEqual(['77']);
  expect(changes).toEqual(['down', 'up']);
});

it('bounds the queue by its weight as well: 80 payloads of 1 MB', async (ctx) => {
  const { url } = await Mosquitto.start(ctx);
  const context = stageContext();
  const source = mqttSource({ url }, context);
  const collector = new Collector(source);
  await source.start(goOn);
  const publisher = await mqttClient(url);
  const payload = Buffer.alloc(1_000_000, 'x');
  for (let i = 0; i < 80; i++) await publisher.publishAsync('plant/pump', payload, { qos: 1 });
  source.credit(1000);
  await collector.count(80);
  expect(Math.max(...collector.batches)).toBeLessThan(40);
  expect(collector.packets.at(-1)?.seq).toBe(80);
  expect(context.counters.toJSON()).toEqual({});
});

it('drops the oldest instead of waiting, when told to, and says so to each stream that has lost something', async () => {
  const url = await embedded();
  const context = stageContext();
  const source = mqttSource({ url, whenBehind: 'drop-oldest', maxQueued: 5 }, context);
  expect(source.mode).toBe('dropOldest');
  const collector = new Collector(source);
  await source.start(goOn);
  const publisher = await mqttClient(url);
  for (let i = 0; i < 12; i++) await publisher.publishAsync(`plant/${'abc'[i % 3]}`, String(i), { qos: 1 });
  await publisher.publishAsync('plant/d', '12', { qos: 1 });
  await expect.poll(() => context.counters.get('source.dropped-oldest')).toBe(8);
  source.credit(100);
  await collector.count(5);
  const taken = collector.packets.map(({ route, seq, mark }, i) => [route.stream, collector.texts[i], seq, mark]);
  expect(taken).toEqual([
    ['c', '8', 1, 'gap'],
    ['a', '9', 2, 'gap'],
    ['b', '10', 3, 'gap'],
    ['c', '11', 4, undefined],
    ['d', '12', 5, undefined],
  ]);
});

function numbered(i: number): Published {
  return { topic: `plant/d-${i % 10}`, payload: `${i}`, qos: 0 };
}

describe.each(['pause', 'drop-oldest'])('under a flood (%s)', (whenBehind) => {
  it('counts every message that it does not hand on, and lets others have their turn', async () => {
    const messages = 60_000;
    const url = await floodBroker(Array.from({ length: messages }, (_, i) => numbered(i)));
    const context = stageContext();
    const source = mqttSource({ url, qos: 0, protocolVersion: 4, whenBehind, maxQueued: 1000 }, context);
    const dropped = (): number => context.counters.get('source.dropped-oldest');
    // Credit comes back a turn later: for each that is taken, others come.
    const collector = new Collector(source, (batch) => setImmediate(() => source.credit(batch.length)));
    let turnsOfOthers = 0;
    const other = setInterval(() => turnsOfOthers++, 0);
    await source.start(goOn);
    source.credit(512);
    await collector.until(() => collector.packets.length + dropped() === messages);
    clearInterval(other);
    expect(Math.max(...collector.batches)).toBeLessThanOrEqual(512);
    expect(turnsOfOthers).toBeGreaterThan(10);
    expect(dropped() > 0).toBe(whenBehind === 'drop-oldest');
    // In the order in which they were sent, each stream told of what it has lost.
    const numbers = collector.texts.map(Number);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    const gaps = collector.packets.filter(({ mark }) => mark === 'gap').length;
    expect(gaps > 0).toBe(dropped() > 0);
    // What was dropped was dropped while others were read, not instead: a good part was handed on.
    expect(collector.packets.length).toBeGreaterThan(messages / 10);
  });
});

it('counts what nobody took before it was stopped', async () => {
  const url = await embedded();
  const context = stageContext();
  const source = mqttSource({ url }, context);
  const collector = new Collector(source);
  await source.start(goOn);
  const publisher = await mqttClient(url);
  await publishNumbers(publisher, 'plant/pump', 10);
  source.credit(1);
  await collector.count(1);
  await source.stop();
  expect(context.counters.get('source.unread-at-stop')).toBe(9);
});

it('hands on the user properties of MQTT 5, and has none where a publisher sent none', async (ctx) => {
  const { url } = await Mosquitto.start(ctx);
  const source = mqttSource({ url });
  const collector = new Collector(source);
  await source.start(goOn);
  source.credit(10);
  const publisher = await mqttClient(url, { protocolVersion: 5 });
  const userProperties = { sampleRateHz: '48000', format: ['u8', 's24le'] };
  await publisher.publishAsync('plant/pump', 'a', { qos: 1, properties: { userProperties } });
  await publisher.publishAsync('plant/pump', 'b', { qos: 1, properties: { contentType: 'text/plain' } });
  await publisher.publishAsync('plant/pump', 'c', { qos: 1 });
  await collector.count(3);
  expect(collector.packets[0]?.properties).toEqual({ sampleRateHz: '48000', format: 's24le' });
  expect(collector.packets[1]).not.toHaveProperty('properties');
  expect(collector.packets[2]).not.toHaveProperty('properties');
});

describe.each([4, 5])('a broker that is restarted (mosquitto, persistence on), protocol %i', (protocolVersion) => {
  it('loses nothing, publishers going on all the while', async (ctx) => {
    const mosquitto = await Mosquitto.start(ctx, { persistence: true });
    const source = mqttSource({ url: mosquitto.url, protocolVersion });
    const changes: string[] = [];
    source.status.subscribe((status) => changes.push(status));
    const collector = new Collector(source, (batch) => source.credit(batch.length));
    source.credit(1000);
    await source.start(goOn);
    const publisher = await mqttClient(mosquitto.url, { clientId: 'publisher', clean: false });
    let down: Promise<string> | undefined;
    const sending: Promise<unknown>[] = [];
    for (let i = 0; i < 300; i++) {
      sending.push(publisher.publishAsync('plant/pump', String(i), { qos: 1 }));
      if (i === 100) {
        down = firstValueFrom(source.status.pipe(filter((status) => status === 'down')));
        await mosquitto.stop();
        await down;
      }
      if (i === 200) await mosquitto.launch();
    }
    await Promise.all(sending);
    const unique = new Set<string>();
    await collector.until(() => {
      for (const text of collector.texts) unique.add(text);
      return unique.size === 300;
    });
    expect(changes).toEqual(['down', 'up', 'down', 'up']);
  });
});
