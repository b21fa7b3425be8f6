/** Published encoders on an engine: many streams in one net step as one stream alone does straight on ONNX Runtime. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Net } from '../../../src/core/contracts.js';
import { normal } from '../../../src/core/random.js';
import type { RecogniserModel } from '../../../src/core/recogniser.js';
import { openRecogniserFiles } from '../../../src/step/recogniser/open.js';
import { NetByHand } from '../../support/recogniser-by-hand.js';
import {
  writeLstmTransducer,
  writeZipformer2Ctc,
  writeZipformer2Transducer,
} from '../../support/speech-models/models.js';
import { userEngine } from '../../support/user-engine.js';

/** ONNX Runtime multiplies a matrix of several rows in other blocks than one row: the last digits may differ. */
const TOLERANCE = 2e-5;

const STREAMS = 5;
const STEPS = 6;

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-encoders-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Log-mel like noise, a pure function of its arguments. */
function features(width: number, stream: number, step: number): Float32Array {
  return Float32Array.from({ length: width }, (_, i) => 3 * normal(stream, step, i) - 7);
}

async function open(model: RecogniserModel): Promise<Net> {
  const net = await userEngine.open(model.encoder, STREAMS);
  onTestFinished(() => net.close());
  for (let slot = 0; slot < STREAMS; slot++) net.open(slot, `stream${slot}`);
  return net;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

describe.each([
  ['LSTM transducer', writeLstmTransducer],
  ['Zipformer2 transducer', writeZipformer2Transducer],
  ['Zipformer2 CTC', writeZipformer2Ctc],
])('the encoder of a %s', (name, write) => {
  let model: RecogniserModel;
  /** The output of every stream's every step, each stream alone. */
  let expected: readonly (readonly Float32Array[])[];
  let width = 0;

  beforeAll(async () => {
    model = await openRecogniserFiles(await write(join(folder, name)));
    width = model.chunkFrames * model.features.melBins;
    expected = Array.from({ length: STREAMS }, (_, stream) => {
      const alone = new NetByHand(model.encoder);
      const outputs = Array.from({ length: STEPS }, (__, step) => alone.run(features(width, stream, step)));
      alone.close();
      return outputs;
    });
  });

  /** Steps the streams once and compares; `done[slot]` counts the steps of each. */
  function step(net: Net, slots: readonly number[], done: number[]): void {
    slots.forEach((slot, i) => net.input['x'].set(features(width, slot, done[slot]), i * width));
    net.step(Int32Array.from(slots), slots.length);
    const output = net.output[model.encoder.outputs[0].name];
    const outputWidth = output.length / STREAMS;
    slots.forEach((slot, i) => {
      const row = output.slice(i * outputWidth, (i + 1) * outputWidth);
      expect(largestDifference(row, expected[slot][done[slot]])).toBeLessThan(TOLERANCE);
      done[slot]++;
    });
  }

  it('does not care which streams step together', async () => {
    const net = await open(model);
    const anyBatch = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 1 });
    fc.assert(
      fc.property(fc.array(anyBatch, { minLength: STEPS, maxLength: STEPS }), (batches) => {
        const done = Array.from({ length: STREAMS }, (_, slot) => {
          net.reset(slot);
          return 0;
        });
        for (const slots of batches) step(net, slots, done);
        expect(done).toEqual(done.map((_, slot) => batches.filter((slots) => slots.includes(slot)).length));
      }),
      { numRuns: 10 },
    );
  });

  it('goes on from a saved state as if nothing had been', async () => {
    const first = await open(model);
    const done = [0, 0, 0, 0, 0];
    step(first, [0, 1], done);
    step(first, [1, 0], done);
    const saved = first.save(1);
    const second = await open(model);
    second.load(4, saved);
    // Another slot of another net, so the row is compared by what stream 1 should say.
    second.input['x'].set(features(width, 1, 2));
    second.step(Int32Array.of(4), 1);
    const output = second.output[model.encoder.outputs[0].name];
    expect(largestDifference(output.slice(0, output.length / STREAMS), expected[1][2])).toBeLessThan(TOLERANCE);
  });
});
