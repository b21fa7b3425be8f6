import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { defineConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/core/log.js';
import type { RecogniserModel } from '../../src/core/recogniser.js';
import { comparedWords } from '../../src/evaluate/compared-text.js';
import { evaluate, type Evaluation } from '../../src/evaluate/evaluation.js';
import type { Audible } from '../../src/evaluate/heard.js';
import { openRecogniserFiles } from '../../src/step/recogniser/open.js';
import type { Utterance } from '../../src/train/speech/manifest.js';
import { sound } from '../support/sound.js';
import { writeLstmTransducer } from '../support/speech-models/models.js';
import { wavOf } from '../support/wav.js';

const SECONDS = 3;
/** A chunk of this model is one output frame … */
const CHUNK_S = 0.04;
/** … of nine feature frames of which it advances by four; five hops, half a hop and half a frame must be heard behind it. */
const AHEAD_S = 0.0675;

let folder = '';
let model: RecogniserModel;
let config: Config;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kioku-evaluation-'));
  model = await openRecogniserFiles(await writeLstmTransducer(join(folder, 'lstm')));
  config = await defineConfig({
    model: join(folder, 'lstm'),
    source: { kind: 'audio-files', files: '-' },
    decide: { kind: 'transcribe' },
    sinks: [],
    limits: { maxStreams: 2 },
    runtime: { threads: 0 },
  });
  for (const i of [0, 1, 2]) writeFileSync(join(folder, `${i}.wav`), wavOf(sound(i, SECONDS)));
});
afterAll(() => rmSync(folder, { recursive: true }));

function said(i: number, transcript: string, words?: Audible['words']): Utterance & Audible {
  const about = { name: `${i}.wav`, file: join(folder, `${i}.wav`), transcript, speaker: undefined };
  return words === undefined ? about : { ...about, words };
}

async function evaluated(
  utterances: readonly (Utterance & Audible)[],
  parts: { readonly signal?: AbortSignal; readonly onPlayed?: () => void } = {},
): Promise<Evaluation | undefined> {
  const { signal = new AbortController().signal, ...others } = parts;
  return evaluate(utterances, model, config, { log: silentLog, signal, realTime: false, ...others });
}

it('a word is told when the chunk in which it came into its place is heard, and what is looked ahead: of recordings that are all right', async () => {
  const heard = await evaluated([0, 1, 2].map((i) => said(i, '')));
  const words = (heard?.results ?? []).map((result) => comparedWords(result.heard));
  expect(words.every((all) => all.length > 2)).toBe(true);
  // As if every word ended when the recording begins: its delay is when it was told. One recording is heard wrong.
  const known = words.map((all) => all.map((text) => ({ text, endUs: 0 })));
  known[2][1] = { text: 'other', endUs: 0 };
  const evaluation = await evaluated([0, 1, 2].map((i) => said(i, words[i].join(' '), known[i])));
  const { audioS, wallS } = evaluation?.latency.word ?? {};
  expect(evaluation?.figures.wordErrorRate).toBe(0);
  expect(wallS).toBeNull();
  expect(audioS?.median).toBeGreaterThan(CHUNK_S + AHEAD_S);
  expect(audioS?.worst).toBeGreaterThan(SECONDS - 1);
  // The model is given silence behind the end, in which it may still tell.
  expect(audioS?.worst).toBeLessThanOrEqual(SECONDS + 0.5);
  const { first, final } = evaluation?.latency ?? {};
  expect(first?.audioS?.worst).toBeCloseTo(CHUNK_S + AHEAD_S, 9);
  // The end makes final what was told before: of this model, whose chunks go on to it, as soon as it is there.
  expect(final?.audioS?.median).toBeLessThan(AHEAD_S);
});

it('one recording that is named twice is heard once, and compared with both transcripts', async () => {
  let played = 0;
  const evaluation = await evaluated([said(0, ''), said(0, 'ba')], { onPlayed: () => played++ });
  expect(played).toBe(1);
  expect(evaluation?.figures.utterances).toBe(2);
  expect(evaluation?.results[0].heard).toBe(evaluation?.results[1].heard);
  expect(evaluation?.audioSeconds).toBe(SECONDS);
});

it('without a sample, or a word that was said, has no rate to divide by, but is right when nothing is heard', async () => {
  writeFileSync(join(folder, '3.wav'), wavOf([]));
  const some = await evaluated([said(3, ''), said(3, 'one two')]);
  expect(some).toMatchObject({
    realTimeFactor: null,
    figures: { wordErrorRate: 1, sentenceAccuracy: 0.5, words: { count: 2, deletions: 2 } },
    latency: { first: { audioS: null }, final: { audioS: null } },
  });
  const none = await evaluated([said(3, '')]);
  expect(none?.figures).toMatchObject({ wordErrorRate: NaN, tokenErrorRate: NaN, sentenceAccuracy: 1 });
});

it('is nothing when it is stopped', async () => {
  const stop = new AbortController();
  expect(
    await evaluated([said(0, ''), said(1, '')], { signal: stop.signal, onPlayed: () => stop.abort() }),
  ).toBeUndefined();
});

it('a recording in which nobody is heard is named, and one that is clipped', async () => {
  const clipped = sound(1, 1).map((sample) => Math.max(-1, Math.min(1, 40 * sample)));
  const stereo = [...clipped].flatMap((sample) => [sample, 0]);
  writeFileSync(join(folder, '4.wav'), wavOf(new Float32Array(16_000)));
  writeFileSync(join(folder, '5.wav'), wavOf(stereo, { channels: 2 }));
  const utterances = [said(0, 'ba'), said(4, 'one two'), said(4, ''), said(5, 'ba')];
  const evaluation = await evaluated(utterances);
  expect(evaluation?.odd).toEqual([
    { name: '4.wav', reason: 'is silent, but is to say "one two"' },
    { name: '5.wav', reason: expect.stringMatching(/^is clipped: \d+\.\d % of its samples$/) },
  ]);
  expect(evaluation?.unheard).toEqual([]);
  expect(evaluation?.figures.utterances).toBe(4);
});

it('other speakers are drawn where all are named, and more than one', async () => {
  const texts = (await evaluated([0, 1, 2].map((i) => said(i, ''))))?.results.map(({ heard }) => heard) ?? [];
  const by = (speakers: readonly (string | undefined)[]) =>
    evaluated(speakers.map((speaker, i) => ({ ...said(i, i === 0 ? 'ba' : texts[i]), speaker })));
  const two = await by(['anna', 'bert', 'bert']);
  expect(two?.ci95BySpeaker?.sentenceAccuracy).toEqual({ low: 0, high: 1 });
  expect((await by(['anna', undefined, 'bert']))?.ci95BySpeaker).toBeUndefined();
  expect((await by(['anna', 'anna', 'anna']))?.ci95BySpeaker).toBeUndefined();
});
