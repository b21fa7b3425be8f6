/** A net as training leaves it, without the training: random weights and invented figures. */
import { trainSchema } from '../../src/core/training.js';
import type { ExportInfo } from '../../src/train/export.js';
import type { TrainedNet } from '../../src/train/job.js';
import type { Validation } from '../../src/train/record.js';
import { initialParameters, type NetSpec } from '../../src/train/net-spec.js';

const options = trainSchema.parse({ cell: 'lstm', hidden: 8, layers: 2, calendar: ['day'] });

const best: Validation = {
  epoch: 2,
  step: 30,
  trainLoss: -0.5,
  validationLoss: -0.4,
  learningRate: 5e-3,
  gradientNorm: 0.7,
  clippedShare: 0.1,
};

export function untrainedNet(seed: number): TrainedNet {
  const { cell, hidden, layers, dropout } = options;
  const spec: NetSpec = { cell, inputs: 4, hidden, layers, channels: 2, objective: 'gaussian', dropout, skip: true };
  return {
    spec,
    options: { ...options, seed },
    parameters: initialParameters(spec, seed),
    stopped: 'epochs',
    epochs: 3,
    optimiserSteps: 30,
    record: { validations: [best], best, channels: [], heldOut: [] },
    validationMse: 0.1,
    persistenceMse: 0.5,
    seconds: 1.5,
  };
}

export const exportInfo: ExportInfo = {
  name: 'pump',
  stepUs: 250_000,
  channels: [
    { name: 'temperature', aggregate: 'mean' },
    { name: 'pressure', aggregate: 'last' },
  ],
  data: {
    normalisation: {
      pooled: [
        { center: 20, scale: 1 },
        { center: 3, scale: 0.5 },
      ],
      streams: {},
    },
    rows: 1000,
    streams: 2,
    fromUs: 1_700_000_000_000_000,
    toUs: 1_700_000_250_000_000,
  },
  createdAt: new Date('2026-01-02T03:04:05Z'),
  licence: 'Apache-2.0',
};
