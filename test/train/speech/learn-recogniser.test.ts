import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineConfig } from '../../../src/config/load.js';
import type { Frame, Lane } from '../../../src/core/contracts.js';
import { Counters } from '../../../src/core/counters.js';
import { readModelInfo } from '../../../src/onnx/reader.js';
import { openLane } from '../../../src/open-lane.js';
import { contextOf } from '../../../src/stage-context.js';
import { float32Of, OrtSession, tensorOf, type Tensor } from '../../../src/step/ort.js';
import { openRecogniserFiles } from '../../../src/step/recogniser/open.js';
import { stateWidth } from '../../../src/train/net-spec.js';
import type { Progress } from '../../../src/train/progress.js';
import { exportRecogniser } from '../../../src/train/speech/export-recogniser.js';
import { learnInThread } from '../../../src/train/speech/learn-in-thread.js';
import { learnFromManifests, type LearntFromManifests } from '../../../src/train/speech/manifest-job.js';
import { normalise } from '../../../src/train/speech/mel-scale.js';
import { withoutLevel } from '../../../src/train/speech/running-level.js';
import { speechBatch } from '../../../src/train/speech/speech-batch.js';
import type { SpeechEvaluation } from '../../../src/train/speech/speech-evaluator.js';
import { buildSpeechLossGraph } from '../../../src/train/speech/speech-graphs.js';
import { withMetadata } from '../../support/onnx-edit.js';
import { Recogniser } from '../../support/transcribe.js';
import { userEngine } from '../../support/user-engine.js';
import { noise } from '../noise.js';
import { spoken, tonesJob } from './tones.js';
import { RATE_HZ } from './words.js';

const INFO = { name: 'tones', licence: 'CC0-1.0', command: 'kioku train tones.yaml', seed: 1, createdAt: new Date(0) };

let folder = '';
let made: LearntFromManifests;
const progress: Progress[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kioku-speech-'));
  made = await learnInThread(tonesJob(folder), { onProgress: (now) => void progress.push(now) });
  await exportRecogniser(join(folder, 'model'), made, INFO);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true }));

/** Words with pauses between them, in faint noise. */
function sentence(words: readonly ('low' | 'high')[]): Float32Array {
  const pause = new Float32Array(0.25 * RATE_HZ);
  const pieces = words.flatMap((word) => [pause, spoken(word, 1.02, 230)]);
  const samples = Float32Array.from([...pieces, pause].flatMap((piece) => Array.from(piece)));
  const faint = noise(samples.length, 9);
  return samples.map((sample, i) => sample + 0.001 * faint[i]);
}

async function laneOf(model: string, decide: object): Promise<Lane> {
  const source = { kind: 'microphone' };
  const config = await defineConfig({ model, source, decide: { kind: 'transcribe', ...decide }, sinks: [] });
  return openLane(config, userEngine, contextOf(config, { counters: new Counters() }));
}

/** All of a stream. */
function frameOf(stream: string, data: Float64Array, rateHz: number): Frame {
  const signal = { kind: 'audio', rateHz, channels: 1 } as const;
  return { stream, source: 0, seq: 1, us: 0, arrivedUs: 0, signal, data, mark: 'end' };
}

/** On held-out speech, of which there is some. */
function evaluated({ evaluation }: LearntFromManifests['learnt']): SpeechEvaluation {
  if (evaluation === undefined) throw new Error('nothing was held out');
  return evaluation;
}

/** The parameters of a small net after four steps. */
async function fourSteps(seed: number): Promise<Float32Array> {
  const job = tonesJob(folder, { train: { seed, hidden: 6, layers: 2, dropout: 0.3 } });
  let steps = 0;
  const { learnt } = await learnFromManifests(job, { shouldStop: () => ++steps === 4 });
  expect(learnt.stopped).toBe('aborted');
  return learnt.parameters;
}

describe('learning a recogniser', () => {
  it('learns words of speakers it has not heard, and tells how far it is', () => {
    const { learnt, words, manifests } = made;
    expect(words).toEqual(['high', 'low']);
    expect(manifests.map(({ recordings, problems }) => [recordings, problems])).toEqual([
      [12, []],
      [8, []],
    ]);
    const { all, bySpeaker, loss } = evaluated(learnt);
    // Babble of the same tones is hard to tell from them; who says one of both at random has an error in two words.
    expect(loss).toBeLessThan(0.2);
    expect(all.utterances).toBe(200);
    expect([...bySpeaker.keys()].toSorted()).toEqual(['tried0', 'tried1']);
    expect(all.errors).toBe([...bySpeaker.values()].reduce((sum, { errors }) => sum + errors, 0));
    expect(learnt.optimiserSteps).toBe(700);
    const reported = progress.map(({ validationLoss }) => validationLoss).filter((rate) => !Number.isNaN(rate));
    expect(reported).toContain(loss);
  });

  it('gives the same parameters for the same seed, bit for bit, and others for another', async () => {
    const first = await fourSteps(1);
    expect(await fourSteps(1)).toEqual(first);
    expect(await fourSteps(2)).not.toEqual(first);
  });

  it('keeps the last weights where nothing is held out, and learns the same', async () => {
    const train = (heldOut: boolean): Promise<LearntFromManifests> => {
      const { heldOut: tried, ...job } = tonesJob(folder, { train: { hidden: 6, maxEpochs: 2, patienceEpochs: 1 } });
      return learnFromManifests({ ...job, heldOut: heldOut ? tried : undefined }, { onProgress });
    };
    const seen: Progress[] = [];
    const onProgress = (now: Progress): void => void seen.push(now);
    const { learnt, words, manifests } = await train(false);
    expect(learnt).toMatchObject({ stopped: 'epochs', optimiserSteps: 200, best: { epoch: 1, step: 200 } });
    expect(learnt.evaluation).toBeUndefined();
    expect(manifests).toHaveLength(1);
    expect(seen.every(({ validationLoss, loss }) => Number.isNaN(validationLoss) && loss > 0)).toBe(true);
    const cards = join(folder, 'last');
    const card = await exportRecogniser(cards, { learnt, words, manifests }, INFO);
    expect(card).toMatchObject({ training: { chosen: 'last weights' }, data: [{ recordings: 12 }] });
    const written = readFileSync(join(cards, 'recogniser.json'), 'utf8');
    expect(written).not.toMatch(/heldOut|bestEpoch/);
    // Looking at held-out speech changes nothing of what is learnt.
    const watched = await train(true);
    expect(watched.learnt.validations.map(({ trainLoss }) => trainLoss)).toEqual(
      learnt.validations.map(({ trainLoss }) => trainLoss),
    );
  }, 60_000);

  it('says what became of the lines of a manifest', async () => {
    const job = tonesJob(folder, { train: { hidden: 4 } });
    const lines = readFileSync(job.manifest, 'utf8');
    const odd = join(folder, 'odd.tsv');
    writeFileSync(odd, `${lines}\nabsent.wav\tlow\nlearnt-0-low-200.wav\tlow low low low low low\nno tab`);
    const heldOut = join(folder, 'unknown.tsv');
    writeFileSync(heldOut, `${readFileSync(job.heldOut, 'utf8')}\ntried-0-low-200.wav\tmiddle`);
    const { manifests } = await learnFromManifests({ ...job, manifest: odd, heldOut }, { shouldStop: () => true });
    expect(manifests[0].recordings).toBe(12);
    expect(manifests[0].badLines).toMatchObject([{ line: 15 }]);
    expect(manifests[0].problems.map(({ name, finding }) => [name, finding])).toEqual([
      ['absent.wav', 'unreadable'],
      ['learnt-0-low-200.wav', 'too-short'],
    ]);
    expect(manifests[1].problems.map(({ name, finding }) => [name, finding])).toEqual([
      ['tried-0-low-200.wav', 'unknown-word'],
    ]);
  });

  it('passes an error that the user can mend on from the thread', async () => {
    const job = { ...tonesJob(folder), manifest: join(folder, 'absent.tsv') };
    await expect(learnInThread(job)).rejects.toMatchObject({ code: 'DATA_MISSING' });
  });
});

describe('a recogniser that was learnt', () => {
  it('is opened like a published one, with its own rate and bands', async () => {
    const model = await openRecogniserFiles(join(folder, 'model'));
    expect(model).toMatchObject({
      kind: 'ctc',
      architecture: 'kioku-rnn',
      features: { sampleRateHz: RATE_HZ, melBins: 24, lowFrequencyHz: 20, highFrequencyHz: -400, sampleScale: 1 },
      chunkFrames: 4,
      shiftFrames: 4,
      outputFrames: 1,
      blank: 0,
    });
    expect(model.tokens.symbol(2)).toBe('▁low');
  });

  it('is refused when its metadata says what no net of this version is', async () => {
    const files = join(folder, 'model');
    const bytes = readFileSync(join(files, 'model.onnx'));
    const { metadata } = await readModelInfo(join(files, 'model.onnx'));
    const odd = join(folder, 'odd-model');
    mkdirSync(odd);
    copyFileSync(join(files, 'tokens.txt'), join(odd, 'tokens.txt'));
    for (const [key, value, reason] of [
      ['cell', 'sru', /cell is 'sru', which kioku does not know/],
      ['sample_rate', '8 kHz', /metadata 'sample_rate' is '8 kHz', not a count/],
      ['rnn_hidden_size', '31', /'h0' is float32 \[B, 32\], not float32 \[B, 31\]/],
    ] as const) {
      const changed = { ...Object.fromEntries(metadata), [key]: value };
      writeFileSync(join(odd, 'model.onnx'), withMetadata(bytes, changed));
      await expect(openRecogniserFiles(odd)).rejects.toMatchObject({
        code: 'MODEL_INVALID',
        message: expect.stringMatching(reason),
      });
    }
  });

  it('computes, step by step, what the net in training computes over a whole utterance', () => {
    const { learnt } = made;
    const { spec, scale, parameters, features } = learnt;
    const [steps, width] = [30, spec.inputs];
    const raw = noise(steps * width, 4).map((value) => 4 * value - 8);
    const chunks = { count: steps, data: raw.slice() };
    normalise(chunks, scale);
    withoutLevel(chunks, features.melBins);
    const frameTargets = new Int32Array(steps);
    const { feeds } = speechBatch([{ chunks, speaker: '', labels: [], frameTargets }], width, 1, 0);
    const { frame_targets: _unused, ...fed } = feeds;
    const whole = new OrtSession(buildSpeechLossGraph(spec, 1));
    const given = { ...fed, parameters: tensorOf(parameters, [parameters.length]) };
    const expected = float32Of(whole.run(given, { log_probs: null }), 'log_probs');
    whole.close();
    const step = new OrtSession(readFileSync(join(folder, 'model', 'model.onnx')));
    const zeros = tensorOf(new Float32Array(spec.hidden), [1, spec.hidden]);
    expect(stateWidth(spec)).toBe(2 * spec.hidden);
    let states: Record<string, Tensor> = { h0: zeros, c0: zeros, level: tensorOf(new Float32Array(1), [1, 1]) };
    for (let t = 0; t < steps; t++) {
      const x = tensorOf(raw.slice(t * width, (t + 1) * width), [1, 4, features.melBins]);
      const out = step.run({ x, ...states }, { log_probs: null, h0_next: null, c0_next: null, level_next: null });
      states = { h0: out['h0_next'], c0: out['c0_next'], level: out['level_next'] };
      const logProbs = float32Of(out, 'log_probs');
      const off = logProbs.map((value, c) => Math.abs(value - expected[t * spec.channels + c]));
      expect(Math.max(...off)).toBeLessThan(1e-4);
    }
    step.close();
  });

  it('writes down what it hears, however the sound is cut', async () => {
    const model = await openRecogniserFiles(join(folder, 'model'));
    const words = ['low', 'high', 'high', 'low', 'low'] as const;
    const samples = sentence(words);
    const told: string[] = [];
    for (const piece of [samples.length, 800, 37]) {
      const recogniser = await Recogniser.open(model, 1);
      recogniser.stepper.feature.open(0, 'a');
      recogniser.stepper.net.open(0, 'a');
      recogniser.stepper.decider.open(0, 'a');
      for (let from = 0; from < samples.length; from += piece) {
        recogniser.push(0, 'a', samples.subarray(from, from + piece), from);
        recogniser.turn();
      }
      recogniser.end([samples.length]);
      const finals = recogniser.finals('a');
      expect(finals.map(({ text }) => text).join(' ')).toBe(words.join(' '));
      told.push(JSON.stringify(finals.map(({ words: heard }) => heard)));
      recogniser.close();
    }
    expect(new Set(told).size).toBe(1);
  });

  it('hears the same behind a voice gate, which hears at its rate', async () => {
    const words = ['low', 'high', 'high', 'low', 'low'] as const;
    // Tones are hardly speech.
    const vad = { threshold: 0.01, offThreshold: 0.01, minSpeechMs: 0, minSilenceMs: 2000, preRollMs: 1000 };
    const heard: string[] = [];
    for (const gate of [{}, { vad }]) {
      const lane = await laneOf(join(folder, 'model'), gate);
      lane.push([frameOf('a', Float64Array.from(sentence(words)), RATE_HZ)]);
      const events = [...lane.turn().events, ...lane.end().events];
      heard.push(events.flatMap((event) => (event.type === 'final' ? [event.text] : [])).join(' '));
      lane.close();
    }
    expect(heard).toEqual([words.join(' '), words.join(' ')]);
  });

  it('is refused with a voice gate at a rate that no voice activity model hears', async () => {
    const files = join(folder, 'model');
    const { metadata } = await readModelInfo(join(files, 'model.onnx'));
    const odd = join(folder, 'odd-rate');
    mkdirSync(odd);
    copyFileSync(join(files, 'tokens.txt'), join(odd, 'tokens.txt'));
    const changed = { ...Object.fromEntries(metadata), sample_rate: '11025' };
    writeFileSync(join(odd, 'model.onnx'), withMetadata(readFileSync(join(files, 'model.onnx')), changed));
    await expect(laneOf(odd, { vad: {} })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: 'no voice activity model hears the 11025 Hz of the recogniser',
    });
  });

  it('has a card that says where it comes from and how good it is', () => {
    const card: unknown = JSON.parse(readFileSync(join(folder, 'model', 'recogniser.json'), 'utf8'));
    expect(card).toMatchObject({
      format: 'kioku-recogniser',
      licence: 'CC0-1.0',
      words: ['high', 'low'],
      stepMs: 40,
      algorithmicDelayMs: 57.5,
      training: {
        cell: 'lstm',
        hidden: 32,
        optimiserSteps: 700,
        chosen: 'best on held-out recordings',
        bestEpoch: made.learnt.best.epoch,
        command: INFO.command,
        seed: 1,
      },
      data: [{ recordings: 12 }, { recordings: 8 }],
      heldOut: {
        tokenErrorRate: evaluated(made.learnt).loss,
        ctcLoss: evaluated(made.learnt).ctcLoss,
        strings: 200,
        bySpeaker: { tried0: {}, tried1: {} },
      },
    });
  });
});
