/** A training with everything in it that a checkpoint has to hold: dropout, two layers, several lanes, a best epoch. */
import { trainSchema } from '../../src/core/training.js';
import type { TrainJob } from '../../src/train/job.js';
import { sineMixtureJob } from './sine-mixture.js';

const OPTIONS = trainSchema.parse({
  cell: 'lstm',
  hidden: 6,
  layers: 2,
  dropout: 0.2,
  sequenceLength: 16,
  lanes: 4,
  // Large enough for the loss to go up now and then: the best epoch is not the last one.
  learningRate: 0.05,
  maxEpochs: 12,
  calendar: ['day'],
  // After every step.
  checkpointSeconds: 1e-9,
});

export function longJob(checkpoint?: TrainJob['checkpoint'], changes: Partial<typeof OPTIONS> = {}): TrainJob {
  const job = sineMixtureJob(700, { ...OPTIONS, ...changes });
  return checkpoint === undefined ? job : { ...job, checkpoint };
}
