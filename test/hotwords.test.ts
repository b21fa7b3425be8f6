/** Hotwords that change while a recogniser runs: in lanes, over threads, through the library. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, tap } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Config } from '../src/config/config.js';
import { defineConfig } from '../src/config/load.js';
import type { Frame } from '../src/core/contracts.js';
import { Counters } from '../src/core/counters.js';
import { UserError } from '../src/core/errors.js';
import type { KiokuEvent } from '../src/core/events.js';
import { type Hotword, takesHotwords } from '../src/core/hotwords.js';
import { openLane } from '../src/open-lane.js';
import { openLaneHost } from '../src/open-lane-host.js';
import { Pipeline } from '../src/pipeline.js';
import { frameOf, RATE_HZ, sound } from './support/sound.js';
import { madeUpWords } from './support/speech-models/hotwords.js';
import { writeLstmTransducer } from './support/speech-models/models.js';
import { RecordingLog, stageContext } from './support/stages.js';
import { userEngine } from './support/user-engine.js';
import { wavOf } from './support/wav.js';

const SECONDS = 4;
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

  it('can be set through a pipeline, before it runs and while it does', async () => {
    const wav = join(folder, 'talk.wav');
    await writeFile(wav, wavOf(sound(2, SECONDS)));
    const texts = async (set: (pipeline: Pipeline) => void): Promise<string[]> => {
      const config = await defined({ source: { kind: 'audio-files', files: [wav, wav], speed: 'full' } });
      const pipeline = new Pipeline(config, { log: new RecordingLog() });
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
