/** `kioku run` that hears and publishes: tokens over MQTT, live, and the same text whichever way the sound came. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { programOnPath } from '../support/alsa.js';
import { CliProcess, kioku, summaryOf } from '../support/cli.js';
import { freePort } from '../support/mosquitto.js';
import { mqttClient } from '../support/publisher.js';
import { sound } from '../support/sound.js';
import { writeLstmTransducer } from '../support/speech-models/models.js';
import { pcmOf, wavOf } from '../support/wav.js';

const SECONDS = 6;
const ROOMS = ['kitchen', 'hall'];
const PIECE_BYTES = 3200;

let folder = '';
/** What each room says, of a file. */
const texts: Record<string, string> = {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-live-'));
  await writeLstmTransducer(join(folder, 'model'));
  for (const [i, room] of ROOMS.entries()) {
    const samples = sound(i, SECONDS);
    await writeFile(join(folder, `${room}.wav`), wavOf(samples));
    texts[room] = (await kioku(['transcribe', `${room}.wav`, '--model', 'model'], { cwd: folder })).stdout.trimEnd();
  }
});
afterAll(() => rm(folder, { recursive: true }));

interface Said {
  readonly type: string;
  readonly text: string;
  /** Seconds of audio, as all times here. */
  readonly end: number;
  readonly tokens: readonly { readonly text: string; readonly start: number; readonly logProb: number }[];
  readonly words: readonly { readonly text: string; readonly end: number; readonly confidence: number }[];
}

const topicOf = (room: string): string => `kioku/rooms/transcripts/${room}`;

/** A kioku that listens to `source`, with a broker of its own, and a client there that notes all that is published. */
async function listening(name: string, source: object, decode?: object) {
  const port = await freePort();
  const url = `mqtt://127.0.0.1:${port}`;
  const config = {
    name,
    model: 'model',
    broker: { port },
    source: 'topic' in source ? { ...source, url } : source,
    ...(decode === undefined ? {} : { decode }),
    decide: { kind: 'transcribe' },
    sinks: [{ kind: 'mqtt', url }],
  };
  await writeFile(join(folder, `${name}.yaml`), stringify(config));
  const run = new CliProcess(['run', `${name}.yaml`, '--json'], { cwd: folder });
  onTestFinished(() => void run.child.kill('SIGKILL'));
  // The sink connects first; what is sent before the source has subscribed is lost.
  await run.heard('topic' in source ? /"topics":\["audio.*connected to the broker/ : /connected to the broker/);
  const client = await mqttClient(url);
  const published: Record<string, Said[]> = {};
  const waiting = new Set<() => void>();
  client.on('message', (topic, payload) => {
    (published[topic] ??= []).push(JSON.parse(payload.toString()) as Said);
    for (const look of waiting) look();
  });
  await client.subscribeAsync(`kioku/${name}/transcripts/#`, { qos: 1 });
  const until = (reached: (said: typeof published) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (reached(published)) resolve();
      };
      waiting.add(look);
      look();
    });
  return { run, client, published, until };
}

it('two rooms over MQTT: words while they are spoken, and finals that are those of the files', async () => {
  const { run, client, published, until } = await listening(
    'rooms',
    { kind: 'mqtt', topic: 'audio/{room}/{channel}' },
    { kind: 'pcm' },
  );
  const send = (room: string, channel: string, payload: string | Buffer): Promise<unknown> =>
    client.publishAsync(`audio/${room}/${channel}`, payload, { qos: 1 });
  const audio = ROOMS.map((_, i) => pcmOf(sound(i, SECONDS), 's16le'));
  for (const room of ROOMS) await send(room, 'start', '{"sampleRateHz": 16000, "channels": 1, "format": "s16le"}');
  for (let at = 0; at < audio[0].length; at += PIECE_BYTES) {
    for (const [i, room] of ROOMS.entries()) await send(room, 'pcm', audio[i].subarray(at, at + PIECE_BYTES));
    // Half of it is spoken: something was understood.
    if (2 * at === audio[0].length) await until((said) => ROOMS.every((room) => said[topicOf(room)]?.length > 0));
  }
  for (const room of ROOMS) await send(room, 'end', '');
  await until((said) => ROOMS.every((room) => said[topicOf(room)].at(-1)?.type === 'final'));
  for (const room of ROOMS) {
    const said = published[topicOf(room)];
    const final = said.at(-1);
    expect(final?.text).toBe(texts[room]);
    expect(final?.tokens.length).toBeGreaterThan(10);
    expect(final?.tokens.every(({ start, logProb }) => start >= 0 && start < SECONDS + 0.5 && logProb < 0)).toBe(true);
    expect(final?.words.every(({ confidence }) => confidence > 0 && confidence <= 1)).toBe(true);
    expect(said.slice(0, -1).every(({ type, text }) => type === 'partial' && final?.text.startsWith(text))).toBe(true);
  }
  run.child.kill('SIGTERM');
  const ended = await run.ended();
  expect(ended.code).toBe(0);
  expect(summaryOf(ended)).toMatchObject({ streams: 2, transcripts: 2, counters: {} });
});

it('a microphone: the last word is not lost when kioku is stopped', async () => {
  // Nothing is said before somebody listens to what is published.
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  programOnPath('arecord', `cat ${pipe}; exec sleep 1000`);
  const { run, published, until } = await listening('mic', { kind: 'microphone', command: 'arecord' });
  await writeFile(pipe, pcmOf(sound(1, SECONDS), 's16le'));
  const topic = 'kioku/mic/transcripts/microphone';
  // All is heard, but for what only the silence behind it brings out.
  await until((said) => (said[topic]?.at(-1)?.end ?? 0) > SECONDS - 0.2);
  run.child.kill('SIGTERM');
  const ended = await run.ended();
  expect(ended.code).toBe(0);
  await until((said) => said[topic].at(-1)?.type === 'final');
  expect(published[topic].at(-1)?.text).toBe(texts['hall']);
  expect(summaryOf(ended)).toMatchObject({ transcripts: 1, counters: {} });
});
