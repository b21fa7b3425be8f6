/** The native engine computes what onnxruntime-node computes, for every kind of model that kioku steps. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/core/contracts.js';
import { CELLS, type Cell } from '../../../src/core/card.js';
import type { StepModel } from '../../../src/core/step-model.js';
import { compareEngines } from '../../../src/step/agreement.js';
import { readCard, stepModelOf } from '../../../src/step/card-file.js';
import { nativeEngine, openNativeLibrary } from '../../../src/step/native/engine.js';
import { nodeEngine } from '../../../src/step/node-engine.js';
import { openRecogniserFiles } from '../../../src/step/recogniser/open.js';
import { sileroModel } from '../../../src/step/silero.js';
import type { NetSpec } from '../../../src/train/net-spec.js';
import {
  writeInt8LstmTransducer,
  writeLstmTransducer,
  writeZipformer2Ctc,
  writeZipformer2Transducer,
} from '../../support/speech-models/models.js';
import { otherBuild } from '../../support/other-build.js';
import { GRU, kiokuModel, maskedModel, publishedModel, writeModel, type TestModel } from '../../support/step-model.js';

/** Enough streams for a block and a few buckets; now and then one rests. */
const EXERCISE = { rows: 70, steps: 7 } as const;

/** Another build has other kernels, whose sums differ in their order. */
const OTHER_BUILD_TOLERANCE = 1e-5;

const CPU = [{ name: 'cpu', options: {} }];

const engines: (readonly [string, Engine, number])[] = [
  ['the library of onnxruntime-node', nativeEngine(openNativeLibrary(), CPU), 0],
];
const other = otherBuild();
if (other !== undefined) {
  engines.push(['another build', nativeEngine(openNativeLibrary(other), CPU), OTHER_BUILD_TOLERANCE]);
}

function specOf(cell: Cell, layers: number): NetSpec {
  return { ...GRU, cell, layers, hidden: 60 + layers, objective: layers === 2 ? 'mse' : 'gaussian' };
}

const specs = CELLS.flatMap((cell) => [1, 2, 3].map((layers) => specOf(cell, layers)));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-agreement-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function difference(engine: Engine, model: StepModel): Promise<number> {
  return (await compareEngines(model, engine, nodeEngine, EXERCISE)).difference;
}

let written = 0;

async function stepModel(model: TestModel): Promise<StepModel> {
  const path = await writeModel(join(folder, String(written++)), model);
  return stepModelOf(path, await readCard(path));
}

describe.each(engines)('the native engine with %s agrees with onnxruntime-node', (_, engine, tolerance) => {
  it.each(specs.map((spec) => [`${spec.layers} × ${spec.cell}`, spec] as const))('%s', async (_name, spec) => {
    const fused = spec.cell.startsWith('rnn') ? [] : [kiokuModel(spec, 'fused')];
    for (const model of [kiokuModel(spec, 'plain'), maskedModel(spec), ...fused]) {
      expect(await difference(engine, await stepModel(model))).toBeLessThanOrEqual(tolerance);
    }
  });

  it('a published layout', async () => {
    expect(await difference(engine, await stepModel(publishedModel()))).toBeLessThanOrEqual(tolerance);
  });

  it('Silero VAD, which has a constant integer input', async () => {
    const { model } = await sileroModel();
    expect(model.constants).toHaveLength(1);
    expect(await difference(engine, model)).toBeLessThanOrEqual(tolerance);
  });

  it.each([
    ['an LSTM transducer', writeLstmTransducer],
    ['a quantised LSTM transducer', writeInt8LstmTransducer],
    ['a Zipformer2 transducer, with integer states', writeZipformer2Transducer],
    ['a Zipformer2 CTC model', writeZipformer2Ctc],
  ])('%s', async (name, write) => {
    const recogniser = await openRecogniserFiles(await write(join(folder, String(written++))));
    const parts = recogniser.kind === 'ctc' ? [] : [recogniser.decoder, recogniser.joiner];
    const integers = recogniser.encoder.states.some(({ elementType }) => elementType === 'int64');
    expect(integers).toBe(name.includes('Zipformer'));
    for (const part of [recogniser.encoder, ...parts]) {
      expect(await difference(engine, part)).toBeLessThanOrEqual(tolerance);
    }
  });
});
