/** Raw audio over a real broker: what comes out of the decoder is what went in, sample by sample. */
import { filter, firstValueFrom, scan } from 'rxjs';
import type { MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Frame } from '../../src/core/contracts.js';
import { silentLog } from '../../src/core/log.js';
import { pcmKind } from '../../src/decode/pcm.js';
import { EmbeddedBroker } from '../../src/mqtt/broker.js';
import { mqttKind } from '../../src/source/mqtt.js';
import { decodeWith, fromSource } from '../../src/stream.js';
import { channelsOf, rateOf, samplesOf } from '../support/audio.js';
import { Mosquitto } from '../support/mosquitto.js';
import { mqttClient } from '../support/publisher.js';
import { noise, samplesIn } from '../support/samples.js';
import { stageContext } from '../support/stages.js';

/** Resolves with the frames when `streams` of them have ended. */
async function listen(url: string, topic: string, streams: number, decode: object = {}) {
  const context = stageContext();
  const source = mqttKind.create(mqttKind.schema.parse({ kind: 'mqtt', url, topic }), context);
  const decoder = pcmKind.create(pcmKind.schema.parse({ kind: 'pcm', ...decode }), context);
  const all = fromSource(source).pipe(
    decodeWith(decoder),
    scan((frames: readonly Frame[], more) => [...frames, ...more], []),
    filter((frames) => frames.filter(({ mark }) => mark === 'end').length === streams),
  );
  const frames = firstValueFrom(all);
  await firstValueFrom(source.status.pipe(filter((status) => status === 'up')));
  return { frames, context };
}

/** Pieces of odd sizes, so that samples are torn between messages. */
function pieces(bytes: Buffer): Buffer[] {
  const sizes = [1, 1601, 333, 2, 4095, 3199, 7];
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += found.at(-1)?.length ?? 0) {
    found.push(bytes.subarray(at, at + sizes[found.length % sizes.length]));
  }
  return found;
}

function floats(bytes: Buffer): number[] {
  return Array.from(new Int16Array(samplesIn(bytes).buffer), (sample) => sample / 32_768);
}

function of(stream: string, frames: readonly Frame[]): Frame[] {
  return frames.filter((frame) => frame.stream === stream);
}

/** Starts once, ends once, and every sample has its time by its number. */
function expectOneStretch(frames: readonly Frame[], sentUs: number): void {
  expect(frames[0]?.mark).toBe('start');
  expect(frames.slice(1, -1).every(({ mark }) => mark === undefined)).toBe(true);
  expect(Math.abs(frames[0].us - sentUs)).toBeLessThan(5_000_000);
  let samples = 0;
  for (const frame of frames) {
    expect(frame.us).toBe(frames[0].us + Math.round((samples * 1e6) / rateOf(frame)));
    samples += frame.data.length / channelsOf(frame);
  }
}

async function publish(client: MqttClient, topic: string, payload: string | Buffer, user?: Record<string, string>) {
  const properties = user === undefined ? {} : { properties: { userProperties: user } };
  await client.publishAsync(topic, payload, { qos: 1, ...properties });
}

describe('raw audio over MQTT', () => {
  it('with a start and an end message (MQTT 3.1.1, the embedded broker), two devices at a time', async () => {
    const broker = new EmbeddedBroker(silentLog);
    onTestFinished(() => broker.stop());
    const { port } = await broker.start({ host: '127.0.0.1', port: 0 });
    const url = `mqtt://127.0.0.1:${port}`;
    const { frames, context } = await listen(url, 'audio/{device}/{channel}', 2);
    const device = await mqttClient(url);
    const [kitchen, hall] = [noise(32_000), noise(48_000)];
    const sentUs = Date.now() * 1000;
    await publish(device, 'audio/kitchen/start', '');
    await publish(device, 'audio/hall/start', '{"sampleRateHz": 48000, "channels": 2, "format": "s16le"}');
    const [a, b] = [pieces(kitchen), pieces(hall)];
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
      if (i < a.length) await publish(device, 'audio/kitchen/pcm', a[i]);
      if (i < b.length) await publish(device, 'audio/hall/pcm', b[i]);
    }
    await publish(device, 'audio/kitchen/end', '');
    await publish(device, 'audio/hall/end', '');
    const heard = await frames;
    expect(samplesOf(of('kitchen', heard))).toEqual(floats(kitchen));
    expect(samplesOf(of('hall', heard))).toEqual(floats(hall));
    expect(of('kitchen', heard)[0]?.signal).toEqual({ kind: 'audio', rateHz: 16_000, channels: 1 });
    expect(of('hall', heard)[0]?.signal).toEqual({ kind: 'audio', rateHz: 48_000, channels: 2 });
    for (const stream of ['kitchen', 'hall']) expectOneStretch(of(stream, heard), sentUs);
    expect(context.counters.toJSON()).toEqual({});
  });

  it('with user properties (MQTT 5, mosquitto), which come before the configuration', async (ctx) => {
    const { url } = await Mosquitto.start(ctx);
    const { frames, context } = await listen(url, 'audio/{device}', 1, { sampleRateHz: 8000, format: 'f32le' });
    const device = await mqttClient(url, { protocolVersion: 5 });
    const clip = noise(64_000);
    const said = { sampleRateHz: '48000', channels: '2', format: 's16le' };
    const all = pieces(clip);
    const sentUs = Date.now() * 1000;
    await publish(device, 'audio/porch', all[0], { ...said, mark: 'start' });
    for (const piece of all.slice(1, -1)) await publish(device, 'audio/porch', piece, said);
    await publish(device, 'audio/porch', all.at(-1) ?? '', { ...said, mark: 'end' });
    const heard = await frames;
    expect(samplesOf(heard)).toEqual(floats(clip));
    expect(heard[0]?.signal).toEqual({ kind: 'audio', rateHz: 48_000, channels: 2 });
    expectOneStretch(heard, sentUs);
    expect(context.counters.toJSON()).toEqual({});
  });
});
