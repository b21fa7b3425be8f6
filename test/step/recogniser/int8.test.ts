/** Exports with 8-bit weights, as `quantize_dynamic` makes them: what a stream hears must not depend on its batch-mates. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Net } from '../../../src/core/contracts.js';
import { normal } from '../../../src/core/random.js';
import type { TransducerModel } from '../../../src/core/recogniser.js';
import type { StepModel } from '../../../src/core/step-model.js';
import { openRecogniserFiles } from '../../../src/step/recogniser/open.js';
import { sound } from '../../support/sound.js';
import { writeInt8LstmTransducer, writeLstmTransducer } from '../../support/speech-models/models.js';
import { Recogniser } from '../../support/transcribe.js';
import { userEngine } from '../../support/user-engine.js';

const STREAMS = 5;
const STEPS = 6;

let folder = '';
let model: TransducerModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-int8-'));
  await writeLstmTransducer(join(folder, 'both'));
  model = await openTransducer(await writeInt8LstmTransducer(join(folder, 'both')));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function openTransducer(path: string, precision?: 'fp32' | 'int8'): Promise<TransducerModel> {
  const opened = await openRecogniserFiles(path, precision ? { precision } : {});
  if (opened.kind !== 'transducer') throw new Error('not a transducer');
  return opened;
}

/** Values as the input would have them, louder from stream to stream: the scale of a batch is that of the loudest. */
function values(stream: number, step: number, port: number, width: number): Float32Array {
  return Float32Array.from({ length: width }, (_, i) => (stream + 1) * normal(stream, step, 1000 * port + i));
}

/** Every step's output of each of the streams, which step together. */
async function outputsOf(part: StepModel, streams: readonly number[]): Promise<Float32Array[][]> {
  const net: Net = await userEngine.open(part, STREAMS);
  onTestFinished(() => net.close());
  streams.forEach((stream, slot) => net.open(slot, `stream${stream}`));
  const slots = Int32Array.from(streams, (_, slot) => slot);
  const output = net.output[part.outputs[0].name];
  const width = output.length / STREAMS;
  const outputs: Float32Array[][] = streams.map(() => []);
  for (let step = 0; step < STEPS; step++) {
    part.inputs.forEach(({ name }, port) => {
      const input = net.input[name];
      const inputWidth = input.length / STREAMS;
      streams.forEach((stream, slot) => input.set(values(stream, step, port, inputWidth), slot * inputWidth));
    });
    net.step(slots, slots.length);
    streams.forEach((_, slot) => outputs[slot].push(output.slice(slot * width, (slot + 1) * width)));
  }
  return outputs;
}

const ALL = Array.from({ length: STREAMS }, (_, stream) => stream);

function allAlone(part: StepModel): Promise<Float32Array[]>[] {
  return ALL.map(async (stream) => (await outputsOf(part, [stream]))[0]);
}

describe('a transducer with quantised encoder and joiner', () => {
  it('is what is opened, by itself or when it is asked for', async () => {
    for (const opened of [model, await openTransducer(join(folder, 'both'), 'int8')]) {
      const files = [opened.encoder, opened.decoder, opened.joiner].map(({ path }) => basename(path));
      expect(files).toEqual(['encoder.int8.onnx', 'decoder.onnx', 'joiner.int8.onnx']);
      expect([opened.encoder.rowsPerRun, opened.joiner.rowsPerRun]).toEqual([1, 1]);
    }
    const whole = await openTransducer(join(folder, 'both'), 'fp32');
    expect(basename(whole.encoder.path)).toBe('encoder.onnx');
    expect(whole.encoder.rowsPerRun).toBeUndefined();
  });

  it.each(['encoder', 'joiner'] as const)(
    'gives a stream of its %s bit for bit what it gives it alone',
    async (part) => {
      expect(await outputsOf(model[part], ALL)).toEqual(await Promise.all(allAlone(model[part])));
    },
  );

  it('would not, were the rows of a batch run at once', async () => {
    const { rowsPerRun: _, ...atOnce } = model.encoder;
    expect(await outputsOf(atOnce, ALL)).not.toEqual(await Promise.all(allAlone(model.encoder)));
  });

  it('is close to the same model with 32-bit weights', async () => {
    const whole = await openTransducer(join(folder, 'both'), 'fp32');
    const [quantised, exact] = await Promise.all([outputsOf(model.joiner, [0]), outputsOf(whole.joiner, [0])]);
    const furthest = quantised[0].map((row, step) =>
      row.reduce((most, value, i) => Math.max(most, Math.abs(value - exact[0][step][i])), 0),
    );
    expect(Math.max(...furthest)).toBeGreaterThan(0);
    expect(Math.max(...furthest)).toBeLessThan(0.2);
  });

  it('is searched with a beam as it is alone, whoever else is listened to', async () => {
    const streams = ALL.map((stream) => Float32Array.from(sound(stream, 2), (sample) => sample / (1 + stream)));
    const heard = async (numbers: readonly number[]): Promise<string[]> => {
      const recogniser = await Recogniser.open(model, numbers.length, { search: 'beam', alternatives: 4 });
      numbers.forEach((number, slot) => {
        recogniser.stepper.open(slot, `stream${number}`);
        recogniser.push(slot, `stream${number}`, streams[number], 0);
      });
      recogniser.end(numbers.map((number) => streams[number].length));
      recogniser.close();
      return numbers.map((number) => JSON.stringify(recogniser.finals(`stream${number}`)));
    };
    const together = await heard(ALL);
    expect(together.join('').length).toBeGreaterThan(1000);
    for (const number of ALL) expect(await heard([number])).toEqual([together[number]]);
  });
});
