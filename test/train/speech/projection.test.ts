import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModelInfo } from '../../../src/onnx/reader.js';
import { float32Of, OrtSession, tensorOf, type Tensor } from '../../../src/step/ort.js';
import { openRecogniserFiles } from '../../../src/step/recogniser/open.js';
import { exportRecogniser } from '../../../src/train/speech/export-recogniser.js';
import { learnFromManifests, type LearntFromManifests } from '../../../src/train/speech/manifest-job.js';
import { normalise } from '../../../src/train/speech/mel-scale.js';
import { withoutLevel } from '../../../src/train/speech/running-level.js';
import { speechBatch } from '../../../src/train/speech/speech-batch.js';
import { buildSpeechLossGraph } from '../../../src/train/speech/speech-graphs.js';
import { withMetadata } from '../../support/onnx-edit.js';
import { noise } from '../noise.js';
import { tonesJob } from './tones.js';

const INFO = { name: 'tones', licence: 'CC0-1.0', command: 'kioku train tones.yaml', seed: 1, createdAt: new Date(0) };

let folder = '';
let made: LearntFromManifests;

/** A net of two layers with dropout between them, after ten steps, half of which look at the places of the words. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kioku-projection-'));
  const train = { hidden: 11, projection: 5, layers: 2, dropout: 0.2, weightDecay: 0.01 };
  let steps = 0;
  made = await learnFromManifests(tonesJob(folder, { train }), { shouldStop: () => ++steps === 10 });
  await exportRecogniser(join(folder, 'model'), made, INFO);
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

describe('a recogniser with a projection', () => {
  it('remembers the projected output and the cells of each layer, and how loud it is', async () => {
    const { encoder } = await openRecogniserFiles(join(folder, 'model'));
    expect(encoder.states.map(({ name, shape }) => [name, shape])).toEqual([
      ['h0', ['B', 5]],
      ['c0', ['B', 11]],
      ['h1', ['B', 5]],
      ['c1', ['B', 11]],
      ['level', ['B', 1]],
    ]);
  });

  it('says so in its metadata and its card', async () => {
    const { metadata } = await readModelInfo(join(folder, 'model', 'model.onnx'));
    expect([metadata.get('rnn_hidden_size'), metadata.get('d_model')]).toEqual(['11', '5']);
    const card: unknown = JSON.parse(readFileSync(join(folder, 'model', 'recogniser.json'), 'utf8'));
    const inputs = 4 * 24;
    const tokens = 3;
    const parameters = 44 * (inputs + 5 + 1) + 5 * 11 + 44 * (5 + 5 + 1) + 5 * 11 + tokens * 5 + tokens;
    expect(card).toMatchObject({ training: { cell: 'lstm', hidden: 11, projection: 5, layers: 2, parameters } });
  });

  it('is refused when its metadata says another width', async () => {
    const odd = join(folder, 'odd-model');
    mkdirSync(odd);
    copyFileSync(join(folder, 'model', 'tokens.txt'), join(odd, 'tokens.txt'));
    const path = join(folder, 'model', 'model.onnx');
    const { metadata } = await readModelInfo(path);
    for (const [value, reason] of [
      ['6', /'h0' is float32 \[B, 5\], not float32 \[B, 6\]/],
      ['none', /metadata 'd_model' is 'none', not a count/],
    ] as const) {
      const changed = { ...Object.fromEntries(metadata), d_model: value };
      writeFileSync(join(odd, 'model.onnx'), withMetadata(readFileSync(path), changed));
      await expect(openRecogniserFiles(odd)).rejects.toMatchObject({
        code: 'MODEL_INVALID',
        message: expect.stringMatching(reason),
      });
    }
  });

  it('computes, step by step, what the net in training computes over a whole utterance', () => {
    const { spec, scale, parameters, features } = made.learnt;
    const [steps, width] = [30, spec.inputs];
    const raw = noise(steps * width, 4).map((value) => 4 * value - 8);
    const chunks = { count: steps, data: raw.slice() };
    normalise(chunks, scale);
    withoutLevel(chunks, features.melBins);
    const lesson = { chunks, speaker: '', labels: [], frameTargets: new Int32Array(steps) };
    const { frame_targets: _unused, ...fed } = speechBatch([lesson], width, 1, 0).feeds;
    const whole = new OrtSession(buildSpeechLossGraph(spec, 1));
    const given = { ...fed, parameters: tensorOf(parameters, [parameters.length]) };
    const expected = float32Of(whole.run(given, { log_probs: null }), 'log_probs');
    whole.close();
    const step = new OrtSession(readFileSync(join(folder, 'model', 'model.onnx')));
    const widths = { h0: 5, c0: 11, h1: 5, c1: 11, level: 1 };
    const names = Object.keys(widths);
    let states: Record<string, Tensor> = Object.fromEntries(
      Object.entries(widths).map(([name, size]) => [name, tensorOf(new Float32Array(size), [1, size])]),
    );
    const outputs = Object.fromEntries(
      ['log_probs', ...names.map((name) => `${name}_next`)].map((name) => [name, null]),
    );
    for (let t = 0; t < steps; t++) {
      const x = tensorOf(raw.slice(t * width, (t + 1) * width), [1, 4, features.melBins]);
      const out = step.run({ x, ...states }, outputs);
      states = Object.fromEntries(names.map((name) => [name, out[`${name}_next`]]));
      const logProbs = float32Of(out, 'log_probs');
      const off = logProbs.map((value, token) => Math.abs(value - expected[t * spec.channels + token]));
      expect(Math.max(...off)).toBeLessThan(1e-4);
    }
    step.close();
  });
});
