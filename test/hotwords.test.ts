/** Hotwords that change while a recogniser runs: in lanes, over threads, through the library. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filter, firstValueFrom, lastValueFrom, Subject, tap } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Config } from '../src/config/config.js';
import { defineConfig } from '../src/config/load.js';
import type { Frame } from '../src/core/contracts.js';
import { Counters } from '../src/core/counters.js';
import { UserError } from '../src/core/errors.js';
import type { KiokuEvent } from '../src/core/events.js';
import { type Hotword, takesHotwords } from '../src/core/hotwords.js';
import { silentLog } from '../src/core/log.js';
import { EmbeddedBroker } from '../src/mqtt/broker.js';
import { openLane } from '../src/open-lane.js';
import { openLaneHost } from '../src/open-lane-host.js';
import { Pipeline } from '../src/pipeline.js';
import { mqttClient, nextMessage } from './support/publisher.js';
import { frameOf, RATE_HZ, sound } from './support/sound.js';
import { madeUpWords } from './support/speech-models/hotwords.js';
import { writeLstmTransducer } from './support/speech-models/models.js';
import { RecordingLog, stageContext } from './support/stages.js';
import { userEngine } from './support/user-engine.js';
import { pcmOf, wavOf } from './support/wav.js';

const SECONDS = 3;
const WORDS = madeUpWords(100, 60, 3);
const UNSPEAKABLE: Hotword = { phrase: 'QQQ' };
const never = new AbortController().signal;

function textsOf(events: readonly KiokuEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'final' ? [`${event.stream}: ${event.text}`] : [])).toSorted();
}

describe('hotwords that are set while a recogniser runs', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kioku-hotwords-'));
    await writeLstmTransducer(join(folder, 'model'));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  function defined(sections: object, decide: object = { search: 'beam' }): Promise<Config> {
    const written = {
      model: 'model',
      source: { kind: 'microphone' },
      decide: { kind: 'transcribe', partials: false, ...decide },
      limits: { maxStreams: 4 },
      sinks: [],
    };
    return defineConfig({ ...written, ...sections }, join(folder, 'test.yaml'));
  }

  /** Half of stream a, then perhaps hotwords, the rest of it, and another stream. */
  async function heard(threads: number, hotwords?: readonly Hotword[], decide?: object) {
    const counters = new Counters();
    const config = await defined({ runtime: { threads } }, decide);
    const lane = await openLaneHost(config, undefined, stageContext({ counters }));
    onTestFinished(() => lane.close());
    const events: KiokuEvent[] = [];
    const over = lastValueFrom(lane.out.pipe(tap((out) => void events.push(...out.events))));
    const half = (SECONDS * RATE_HZ) / 2;
    const frames = (stream: string, seed: number, from: number, to: number): Frame[] => {
      return [frameOf(stream, sound(seed, SECONDS), from, to)];
    };
    lane.push(frames('a', 1, 0, half));
    if (hotwords !== undefined) lane.setHotwords(hotwords);
    lane.push(frames('a', 1, half, 2 * half));
    lane.push(frames('b', 2, 0, 2 * half));
    lane.end();
    await over;
    return { texts: textsOf(events), counts: counters.toJSON() };
  }

  it('are heard from then on, on this thread as on others, also on one that begins later', async () => {
    const { texts: without } = await heard(0);
    const expected = await heard(0, [...WORDS, UNSPEAKABLE]);
    expect(expected.texts).toHaveLength(2);
    expected.texts.forEach((text, i) => expect(text).not.toBe(without[i]));
    expect(expected.counts).toMatchObject({ 'decide.hotword-refused': 1 });
    expect(await heard(1, [...WORDS, UNSPEAKABLE])).toEqual(expected);
    // Each thread is told, and each counts.
    const { texts, counts } = await heard(4, [...WORDS, UNSPEAKABLE]);
    expect(texts).toEqual(expected.texts);
    expect(counts).toHaveProperty('decide.hotword-refused');
  });

  it('take the place of those of the configuration', async () => {
    const { texts: without } = await heard(0);
    const { texts: configured } = await heard(0, undefined, { search: 'beam', hotwords: WORDS });
    expect(configured).not.toEqual(without);
    const { texts: replaced } = await heard(0, [], { search: 'beam', hotwords: WORDS });
    // All of b came after they were taken away, half of a before.
    expect(replaced.at(-1)).toBe(without.at(-1));
    expect(replaced).not.toEqual(configured);
    expect(replaced).not.toEqual(without);
  });

  it('are logged when they cannot be spelt, and the others hold', async () => {
    const log = new RecordingLog();
    const lane = await openLane(await defined({}), userEngine, { ...stageContext({}), log });
    onTestFinished(() => lane.close());
    if (!takesHotwords(lane)) throw new Error('a lane with a recogniser takes hotwords');
    lane.setHotwords([UNSPEAKABLE, ...WORDS]);
    const warnings = log.lines.filter((line) => line.startsWith('warn'));
    expect(warnings).toEqual([expect.stringContaining('"hotwords":["QQQ"]')]);
  });

  it('end the start with an error when the configuration has one that cannot be spelt, or searches greedily', async () => {
    const config = await defined({}, { search: 'beam', hotwords: [UNSPEAKABLE, WORDS[0]] });
    const opening = openLane(config, userEngine, stageContext({}));
    await expect(opening).rejects.toThrow(/cannot spell 'QQQ'$/);
    await expect(opening).rejects.toMatchObject({ code: 'HOTWORD' });
    await expect(defined({}, { hotwords: WORDS })).rejects.toThrow(/hotwords.*needs search: beam/s);
    await expect(defined({}, { alternatives: 2 })).rejects.toThrow(/alternatives.*needs search: beam/s);
  });

  it('are taken over MQTT, before sound that comes over MQTT', async () => {
    const broker = new EmbeddedBroker(silentLog);
    onTestFinished(() => broker.stop());
    const { port } = await broker.start({ host: '127.0.0.1', port: 0 });
    const url = `mqtt://127.0.0.1:${port}`;
    const client = await mqttClient(url);
    const talk = pcmOf(sound(2, SECONDS), 's16le');
    const heardOver = async (words: readonly Hotword[]): Promise<string[]> => {
      const statusTopic = `source/${words.length}`;
      const config = await defined({
        name: `words-${words.length}`,
        source: { kind: 'mqtt', url, topic: 'audio/{room}/{channel}', statusTopic },
        decode: { kind: 'pcm' },
        control: { url },
        runtime: { threads: 0 },
      });
      await client.publishAsync(`kioku/${config.name}/control/hotwords`, JSON.stringify(words), {
        retain: true,
        qos: 1,
      });
      const isSet = new Subject<void>();
      const log = {
        ...silentLog,
        info: (_: object, message: string) => message.startsWith('hotwords') && isSet.next(),
      };
      const pipeline = new Pipeline(config, { log, engine: userEngine });
      const [stop, events]: [AbortController, KiokuEvent[]] = [new AbortController(), []];
      const ready = firstValueFrom(isSet);
      const ended = firstValueFrom(
        pipeline.events.pipe(
          tap((batch) => void events.push(...batch)),
          filter((batch) => batch.some(({ type }) => type === 'final')),
        ),
      );
      const running = pipeline.run(stop.signal);
      await Promise.all([ready, nextMessage(client, statusTopic, (status) => status === 'online')]);
      await client.publishAsync('audio/hall/pcm', talk, { qos: 1 });
      await client.publishAsync('audio/hall/end', '', { qos: 1 });
      await ended;
      stop.abort();
      await running;
      return textsOf(events);
    };
    expect(await heardOver(WORDS)).not.toEqual(await heardOver([]));
  });

  it('need a recogniser that has a use for them, also over MQTT', async () => {
    const control = { url: 'mqtt://localhost:1883' };
    await expect(defined({ control }, {})).rejects.toThrow(/control is for hotwords, which decide: transcribe/);
    expect((await defined({ control })).control).toMatchObject({ prefix: 'kioku/{name}/control' });
  });

  it('can be set through a pipeline, before it runs and while it does', async () => {
    const wav = join(folder, 'talk.wav');
    await writeFile(wav, wavOf(sound(2, SECONDS)));
    const texts = async (set: (pipeline: Pipeline) => void): Promise<string[]> => {
      const config = await defined({
        source: { kind: 'audio-files', files: [wav, wav], speed: 'full' },
        runtime: { threads: 0 },
      });
      const pipeline = new Pipeline(config, { log: new RecordingLog(), engine: userEngine });
      const events: KiokuEvent[] = [];
      pipeline.events.subscribe((batch) => events.push(...batch));
      set(pipeline);
      await pipeline.run(never);
      return textsOf(events);
    };
    const without = await texts(() => {});
    const before = await texts((pipeline) => pipeline.setHotwords(WORDS));
    expect(before).not.toEqual(without);
    let isSet = false;
    const during = await texts((pipeline) => {
      pipeline.readings.subscribe(() => {
        if (!isSet) pipeline.setHotwords(WORDS);
        isSet = true;
      });
    });
    expect(during).toEqual(before);
    const greedy = new Pipeline(await defined({}, {}), { log: new RecordingLog() });
    expect(() => greedy.setHotwords(WORDS)).toThrow(UserError);
  });
});
