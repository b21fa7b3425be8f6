/** A recogniser that is slower than its source: what lives loses its oldest audio, counted; a file waits and loses nothing. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filter, firstValueFrom, scan } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineConfig } from '../../src/config/load.js';
import type { Frame } from '../../src/core/contracts.js';
import { silentLog } from '../../src/core/log.js';
import { Pipeline } from '../../src/pipeline.js';
import { nodeEngine } from '../../src/step/node-engine.js';
import { programOnPath } from '../support/alsa.js';
import { RATE_HZ, sound } from '../support/sound.js';
import { TINY_LSTM, writeLstmTransducer } from '../support/speech-models/models.js';
import { pcmOf, wavOf } from '../support/wav.js';

const SECONDS = 60;
const SAMPLES = SECONDS * RATE_HZ;
/** Much slower than a pipe or a disk: about 75 s of audio in one. */
const SLOW = { ...TINY_LSTM, layers: 4, dModel: 256, hidden: 512 };

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-slow-'));
  await writeLstmTransducer(join(folder, 'model'), SLOW);
  const audio = sound(1, SECONDS);
  await writeFile(join(folder, 'minute.wav'), wavOf(audio));
  await writeFile(join(folder, 'minute.raw'), pcmOf(audio, 's16le'));
});
afterAll(() => rm(folder, { recursive: true }));

async function pipelineOf(source: object): Promise<Pipeline> {
  const decide = { kind: 'transcribe' };
  const config = await defineConfig({ model: 'model', source, decide, sinks: [] }, join(folder, 'slow.yaml'));
  return new Pipeline(config, { engine: nodeEngine, log: silentLog });
}

const samplesIn = (frames: readonly Frame[]): number => frames.reduce((sum, { data }) => sum + data.length, 0);

it('a microphone loses its oldest audio, to the sample what is counted, and goes on behind the hole', async () => {
  // A minute all at once, as after a machine was held up.
  programOnPath('arecord', `cat ${join(folder, 'minute.raw')}; exec sleep 1000`);
  const pipeline = await pipelineOf({ kind: 'microphone', command: 'arecord' });
  const lost = (): number => pipeline.counters.get('source.no-credit-samples');
  const frames: Frame[] = [];
  const all = pipeline.readings.pipe(
    scan((heard, more) => heard + samplesIn(more), 0),
    filter((heard) => heard + lost() >= SAMPLES),
  );
  pipeline.readings.subscribe((more) => frames.push(...more));
  const stop = new AbortController();
  const over = pipeline.run(stop.signal);
  const heard = await firstValueFrom(all);
  stop.abort();
  const { counters, transcripts } = await over;
  expect(heard + lost()).toBe(SAMPLES);
  expect(lost()).toBeGreaterThan(SAMPLES / 10);
  expect(counters).toEqual({ 'source.no-credit-samples': lost() });
  const gaps = frames.filter(({ mark }) => mark === 'gap').length;
  expect(gaps).toBeGreaterThan(0);
  // What was said before and behind a hole are texts of their own.
  expect(transcripts).toBeGreaterThan(gaps);
});

it('a file is read no faster than it is recognised, and to its end', async () => {
  const pipeline = await pipelineOf({ kind: 'audio-files', files: 'minute.wav' });
  let [heard, furthestAheadUs] = [0, 0];
  pipeline.readings.subscribe((frames) => (heard += samplesIn(frames)));
  pipeline.events.subscribe((events) => {
    const us = events.at(-1)?.us ?? 0;
    furthestAheadUs = Math.max(furthestAheadUs, (heard / RATE_HZ) * 1e6 - us);
  });
  const { counters, transcripts } = await pipeline.run(new AbortController().signal);
  expect(heard).toBe(SAMPLES);
  expect(counters).toEqual({});
  expect(transcripts).toBeGreaterThan(0);
  expect(furthestAheadUs).toBeLessThan(10e6);
});
