/** Learning from many short series of unequal lengths, such as the batches of a machine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { normal, uniform } from '../../src/core/random.js';
import { trainSchema } from '../../src/core/training.js';
import { checkpointIn } from '../../src/train/checkpoint.js';
import { prepareDataset } from '../../src/train/dataset.js';
import { runJob, trainJob, type TrainJob } from '../../src/train/job.js';
import { seriesOf } from './series-of.js';

const folder = mkdtempSync(join(tmpdir(), 'kioku-unequal-'));
afterAll(() => rmSync(folder, { recursive: true }));

const OPTIONS = trainSchema.parse({
  cell: 'lstm',
  hidden: 8,
  layers: 2,
  dropout: 0.1,
  sequenceLength: 16,
  lanes: 4,
  learningRate: 0.02,
  maxEpochs: 12,
  checkpointSeconds: 1e-9,
});

/** 60 batches of 20 to 60 steps, each a swing that begins somewhere. */
function batchesJob(checkpoint?: TrainJob['checkpoint']): TrainJob {
  const series = Array.from({ length: 60 }, (_, batch) => {
    const rows = 20 + Math.floor(41 * uniform(1, 0, batch));
    const phase = 6 * uniform(1, 1, batch);
    const values = Float64Array.from({ length: rows }, (_, t) => Math.sin(t / 2 + phase) + 0.02 * normal(2, batch, t));
    const us = values.map((_, t) => t * 1e6);
    const starts = Uint8Array.from(values, (_, t) => (t === 0 ? 1 : 0));
    return seriesOf({ stream: `batch-${batch}`, us, values, mask: new Uint8Array(rows).fill(1), starts });
  });
  const dataset = prepareDataset(series, {
    channels: ['torque'],
    stepUs: 1e6,
    calendar: [],
    noiseFloors: [0],
    validationFraction: OPTIONS.validationFraction,
    fewestSamples: 32,
  });
  return trainJob(dataset, OPTIONS, checkpoint === undefined ? {} : { checkpoint });
}

describe('many short series', () => {
  it('are learnt', () => {
    const { validationMse, persistenceMse } = runJob(batchesJob());
    expect(validationMse).toBeLessThan(0.2 * persistenceMse);
  });

  it('are learnt to the same bits when the training is interrupted and resumed', () => {
    const file = checkpointIn(folder);
    const uninterrupted = runJob(batchesJob());
    for (const steps of [7, 31]) {
      let asked = 0;
      const cut = runJob(batchesJob({ file, resume: steps > 7 }), { shouldStop: () => ++asked === steps });
      expect(cut.stopped).toBe('aborted');
    }
    const resumed = runJob(batchesJob({ file, resume: true }));
    expect(resumed.optimiserSteps).toBe(uninterrupted.optimiserSteps);
    expect(resumed.parameters).toEqual(uninterrupted.parameters);
  });
});
