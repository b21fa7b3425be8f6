/** The same sound in a file, over MQTT, at the microphone and across a restart: the same tokens at the same times. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import wav from 'node-wav';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { stringify } from 'yaml';
import { defineConfig } from '../../src/config/load.js';
import type { Lane } from '../../src/core/contracts.js';
import type { KiokuEvent, TranscriptEvent } from '../../src/core/events.js';
import { uniform } from '../../src/core/random.js';
import { openLane } from '../../src/open-lane.js';
import { contextOf } from '../../src/stage-context.js';
import { decodeSnapshot, encodeSnapshot } from '../../src/step/snapshot.js';
import { exportRecogniser } from '../../src/train/speech/export-recogniser.js';
import { learnFromManifests } from '../../src/train/speech/manifest-job.js';
import { alsaClip, programOnPath } from '../support/alsa.js';
import { ROOT } from '../support/build.js';
import { CliProcess, kioku, summaryOf } from '../support/cli.js';
import { freePort } from '../support/mosquitto.js';
import { needsSharedData } from '../support/needs.js';
import { mqttClient } from '../support/publisher.js';
import { userEngine } from '../support/user-engine.js';
import { pcmOf, wavOf } from '../support/wav.js';
import { spoken, tonesJob } from '../train/speech/tones.js';
import { RATE_HZ } from '../train/speech/words.js';

const TOPIC = 'kioku/same/transcripts/#';
/** Behind what is said: a pause ends every segment, whatever comes then. */
const SILENCE_S = 1.6;
/** A microphone that nobody listens to keeps 5 s: nothing of less is lost, however busy the machine is. */
const MOST_S = 4.9;

/** A sound that is said, and who is to understand it. */
interface Clip {
  readonly model: string;
  readonly rateHz: number;
  /** In 16 bits, so that all ways carry the same; with silence behind it. */
  readonly samples: Float64Array;
}

/** A token of a final result, times in s of audio. */
interface Heard {
  readonly text: string;
  readonly start: number;
  readonly logProb: number;
}

interface Line {
  readonly type: string;
  readonly tokens: readonly Heard[];
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kioku-same-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function clipOf(model: string, rateHz: number, said: Float32Array): Clip {
  const samples = new Float64Array(Math.min(said.length + SILENCE_S * rateHz, MOST_S * rateHz));
  const spokenSamples = samples.length - SILENCE_S * rateHz;
  for (let i = 0; i < spokenSamples; i++) samples[i] = Math.round(said[i] * 32_768) / 32_768;
  return { model, rateHz, samples };
}

function tokensOf(lines: readonly Line[]): Heard[] {
  const finals = lines.filter(({ type }) => type === 'final');
  return finals.flatMap(({ tokens }) => tokens.map(({ text, start, logProb }) => ({ text, start, logProb })));
}

async function inFile({ model, rateHz, samples }: Clip): Promise<Heard[]> {
  writeFileSync(join(folder, 'clip.wav'), wavOf(samples, { sampleRateHz: rateHz }));
  const { stdout } = await kioku(['transcribe', 'clip.wav', '--model', model, '--json'], { cwd: folder });
  const lines = stdout.trimEnd().split('\n');
  return tokensOf(lines.map((line) => JSON.parse(line) as Line));
}

/** A kioku that listens to `source`, and a client of its broker. */
async function listening(model: string, source: object, decode: object = {}) {
  const port = await freePort();
  const url = `mqtt://127.0.0.1:${port}`;
  const config = {
    name: 'same',
    model,
    broker: { port },
    source: 'topic' in source ? { ...source, url } : source,
    ...decode,
    decide: { kind: 'transcribe' },
    sinks: [{ kind: 'mqtt', url }],
  };
  writeFileSync(join(folder, 'same.yaml'), stringify(config));
  const run = new CliProcess(['run', 'same.yaml', '--json'], { cwd: folder });
  onTestFinished(() => void run.child.kill('SIGKILL'));
  // The sink connects first; what is sent before the source has subscribed is lost.
  await run.heard('topic' in source ? /"topics":\["audio.*connected to the broker/ : /connected to the broker/);
  const client = await mqttClient(url);
  const lines: Line[] = [];
  client.on('message', (_topic, payload) => void lines.push(JSON.parse(payload.toString()) as Line));
  await client.subscribeAsync(TOPIC, { qos: 1 });
  /** Resolves with all tokens of final results when there are so many; the command is ended then. */
  const tokens = async (count: number): Promise<Heard[]> => {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (tokensOf(lines).length >= count) resolve();
      };
      client.on('message', look);
      look();
    });
    run.child.kill('SIGTERM');
    const ended = await run.ended();
    // What is counted when the machine was too busy for a moment loses nothing.
    const { 'pipeline.stalled': _, ...lost } = summaryOf(ended).counters;
    expect([ended.code, lost]).toEqual([0, {}]);
    return tokensOf(lines);
  };
  return { client, tokens };
}

/** In messages of random size, of which many tear a sample. */
async function overMqtt({ model, rateHz, samples }: Clip, count: number): Promise<Heard[]> {
  const source = { kind: 'mqtt', topic: 'audio/{room}/{channel}' };
  const { client, tokens } = await listening(model, source, { decode: { kind: 'pcm' } });
  const send = (channel: string, payload: string | Buffer): Promise<unknown> =>
    client.publishAsync(`audio/hall/${channel}`, payload, { qos: 1 });
  await send('start', JSON.stringify({ sampleRateHz: rateHz, channels: 1, format: 's16le' }));
  const bytes = pcmOf(samples, 's16le');
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const size = 1 + Math.floor(8000 * uniform(1, 0, piece) ** 2);
    await send('pcm', bytes.subarray(at, at + size));
    at += size;
  }
  await send('end', '');
  return tokens(count);
}

/** Recorded by stock `arecord`, up to the end of the clip. */
async function atMicrophone(ctx: TestContext, { model, rateHz, samples }: Clip, count: number): Promise<Heard[]> {
  const bytes = pcmOf(samples, 's16le');
  alsaClip(ctx, bytes);
  const arecord = execFileSync('sh', ['-c', 'command -v arecord'], { encoding: 'utf8' }).trim();
  // Nothing is recorded before somebody listens to what is published; and behind the clip this card would give silence
  // without end, as fast as it is taken.
  const pipe = join(folder, 'pipe');
  rmSync(pipe, { force: true });
  execFileSync('mkfifo', [pipe]);
  programOnPath('arecord', `cat ${pipe}; ${arecord} "$@" | head -c ${bytes.length}; exec sleep 1000`);
  const source = { kind: 'microphone', command: 'arecord', device: 'clip', sampleRateHz: rateHz };
  const { tokens } = await listening(model, source);
  writeFileSync(pipe, '');
  return tokens(count);
}

/** In pieces of random size, of which each is heard by a lane that was restarted with what the one before remembered. */
async function acrossRestarts({ model, rateHz, samples }: Clip): Promise<Heard[]> {
  const config = await defineConfig({
    model: join(folder, model),
    source: { kind: 'microphone' },
    decide: { kind: 'transcribe' },
    sinks: [],
  });
  const events: KiokuEvent[] = [];
  let memory: Uint8Array | undefined;
  for (let at = 0, piece = 0; at < samples.length; piece++) {
    const lane: Lane = await openLane(config, userEngine, contextOf(config));
    if (memory !== undefined) lane.restore(decodeSnapshot(memory));
    const data = samples.subarray(at, at + Math.ceil(0.6 * rateHz * uniform(2, 0, piece)));
    const signal = { kind: 'audio', rateHz, channels: 1 } as const;
    const us = Math.round((at * 1e6) / rateHz);
    at += data.length;
    const mark = at === samples.length ? 'end' : piece === 0 ? 'start' : undefined;
    lane.push([{ stream: 'a', source: 0, seq: piece, us, arrivedUs: us, signal, data, ...(mark && { mark }) }]);
    events.push(...lane.turn().events);
    if (mark !== 'end') memory = encodeSnapshot(lane.snapshot('a'));
    lane.close();
  }
  const finals = events.filter((event): event is TranscriptEvent => event.type === 'final');
  return finals.flatMap(({ tokens, originUs }) =>
    tokens.map(({ text, startUs, logProb }) => ({ text, start: (startUs - originUs) / 1e6, logProb })),
  );
}

/** The nets compute as many steps at a time as there are: sums in another order. */
function alike(tokens: readonly Heard[]): Heard[] {
  return tokens.map(({ text, start, logProb }) => ({ text, start, logProb: expect.closeTo(logProb, 3) as number }));
}

describe('a recogniser that was learnt from tones', () => {
  let clip: Clip;
  let expected: readonly Heard[] = [];
  beforeAll(async () => {
    const job = tonesJob(folder, { speech: { frameEpochs: 3 }, train: { maxEpochs: 4 } });
    const info = { name: 'tones', licence: 'CC0-1.0', command: 'kioku train', seed: 1, createdAt: new Date(0) };
    await exportRecogniser(join(folder, 'tones'), await learnFromManifests(job, {}), info);
    const pause = new Float32Array(0.25 * RATE_HZ);
    const words = ['low', 'high', 'high', 'low', 'high'] as const;
    const pieces = words.flatMap((word) => [pause, spoken(word, 1.02, 230)]);
    clip = clipOf('tones', RATE_HZ, Float32Array.from(pieces.flatMap((piece) => Array.from(piece))));
    expected = await inFile(clip);
  }, 120_000);

  it('hears words in the file', () => {
    expect(expected.length).toBeGreaterThanOrEqual(4);
    expect(new Set(expected.map(({ text }) => text)).size).toBe(2);
  });

  it('hears the same over MQTT, in messages of any size', async () => {
    expect(await overMqtt(clip, expected.length)).toEqual(alike(expected));
  });

  it('hears the same at the microphone', async (ctx) => {
    expect(await atMicrophone(ctx, clip, expected.length)).toEqual(alike(expected));
  });

  it('hears the same when it is restarted all the time', async () => {
    expect(await acrossRestarts(clip)).toEqual(alike(expected));
  });
});

describe('models/digits-en', () => {
  it('hears the same of natural speech at twice its rate in a file, over MQTT and at the microphone', async (ctx) => {
    const model = `${ROOT}models/digits-en`;
    const path = needsSharedData(ctx, 'audio/misc/vosk-test.wav');
    const { channelData, sampleRate } = wav.decode(readFileSync(path));
    const clip = clipOf(model, sampleRate, channelData[0]);
    const expected = await inFile(clip);
    expect(expected.length).toBeGreaterThanOrEqual(3);
    expect(await overMqtt(clip, expected.length)).toEqual(alike(expected));
    expect(await atMicrophone(ctx, clip, expected.length)).toEqual(alike(expected));
  }, 60_000);
});
