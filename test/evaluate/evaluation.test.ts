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
import type { Audible } from '../../src/evaluate/hearing.js';
import { openRecogniserFiles } from '../../src/step/recogniser/open.js';
import type { Utterance } from '../../src/train/speech/manifest.js';
import { sound } from '../support/sound.js';
import { writeLstmTransducer } from '../support/speech-models/models.js';
import { wavOf } from '../support/wav.js';

const SECONDS = 3;
/** A chunk of this model is one output frame, which is told of when it was heard. */
const CHUNK_S = 0.04;

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

it('a word is told at the end of the chunk in which it came into its place, of recordings that are all right', async () => {
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
  expect(audioS?.median).toBeGreaterThan(CHUNK_S);
  expect(audioS?.worst).toBeGreaterThan(SECONDS - 1);
  // The model is given silence behind the end, in which it may still tell.
  expect(audioS?.worst).toBeLessThanOrEqual(SECONDS + 0.5);
  const first = evaluation?.latency.first.audioS;
  expect(first?.worst).toBeCloseTo(CHUNK_S, 9);
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
