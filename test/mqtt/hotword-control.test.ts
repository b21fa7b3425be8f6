import { Subject, firstValueFrom } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Counters } from '../../src/core/counters.js';
import type { Hotword } from '../../src/core/hotwords.js';
import { silentLog } from '../../src/core/log.js';
import { EmbeddedBroker } from '../../src/mqtt/broker.js';
import { controlSchema } from '../../src/mqtt/control-options.js';
import { HotwordControl } from '../../src/mqtt/hotword-control.js';
import { mqttClient } from '../support/publisher.js';
import { RecordingLog } from '../support/stages.js';

const TOPIC = 'kioku/test/control/hotwords';
const never = new AbortController().signal;

async function brokerUrl(): Promise<string> {
  const broker = new EmbeddedBroker(silentLog);
  onTestFinished(() => broker.stop());
  const { port } = await broker.start({ host: '127.0.0.1', port: 0 });
  return `mqtt://127.0.0.1:${port}`;
}

async function listening(url: string) {
  const log = new RecordingLog();
  const counters = new Counters();
  const told = new Subject<readonly Hotword[] | undefined>();
  const control = new HotwordControl(
    controlSchema.parse({ url }),
    { name: 'test', baseDir: '/', counters, log },
    (hotwords) => told.next(hotwords),
  );
  onTestFinished(() => control.stop());
  return { control, counters, log, told };
}

describe('hotwords over MQTT', () => {
  it('are those that were kept at the start, and each list that follows', async () => {
    const url = await brokerUrl();
    const client = await mqttClient(url);
    await client.publishAsync(TOPIC, '["HELLO", {"phrase": " WORLD ", "boost": 2.5}]', { qos: 1, retain: true });
    const { control, told } = await listening(url);
    const kept = firstValueFrom(told);
    await control.start(never);
    expect(await kept).toEqual([{ phrase: 'HELLO' }, { phrase: 'WORLD', boost: 2.5 }]);
    const next = firstValueFrom(told);
    await client.publishAsync(TOPIC, '[]', { qos: 1 });
    expect(await next).toEqual([]);
    const none = firstValueFrom(told);
    await client.publishAsync(TOPIC, '', { qos: 1, retain: true });
    expect(await none).toBeUndefined();
  });

  it('stay as they were when a message is not understood, which is counted and logged', async () => {
    const url = await brokerUrl();
    const client = await mqttClient(url);
    const { control, counters, log, told } = await listening(url);
    await control.start(never);
    const next = firstValueFrom(told);
    const bad = ['{', '"HELLO"', '[1]', '[{"phrase": "A", "boost": -1}]', '[""]', '[{"phrase": "A", "more": 1}]'];
    for (const message of bad) await client.publishAsync(TOPIC, message, { qos: 1 });
    await client.publishAsync(TOPIC, '["HELLO"]', { qos: 1 });
    expect(await next).toEqual([{ phrase: 'HELLO' }]);
    expect(counters.get('pipeline.bad-hotwords')).toBe(bad.length);
    expect(log.lines.filter((line) => line.startsWith('warn') && line.includes('not understood'))).toHaveLength(6);
  });

  it('have a topic of their own', () => {
    const url = 'mqtt://localhost';
    expect(controlSchema.parse({ url }).prefix).toBe('kioku/{name}/control');
    for (const prefix of ['a/#', 'a/+/b', 'a/']) expect(() => controlSchema.parse({ url, prefix })).toThrow(/prefix/);
  });
});
