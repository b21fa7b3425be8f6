import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCHEDULES, type Schedule } from '../../src/core/card.js';
import { trainSchema } from '../../src/core/training.js';
import { runJob } from '../../src/train/job.js';
import { scheduledRate } from '../../src/train/schedule.js';
import { sineMixtureJob } from './sine-mixture.js';

/** Of a training of 1000 steps with a highest rate of 0.01. */
function rates(schedule: Schedule, steps: readonly number[], warmUp = 0): number[] {
  return steps.map((step) => scheduledRate({ learningRate: 0.01, schedule, warmUp }, step, 1000));
}

describe('scheduledRate', () => {
  it.each<[Schedule, readonly (readonly [step: number, rate: number])[]]>([
    [
      'cosine',
      [
        [0, 0.01],
        [250, 0.001 + 0.009 * 0.5 * (1 + Math.SQRT1_2)],
        [500, 0.0055],
        [1000, 0.001],
      ],
    ],
    [
      'constant',
      [
        [0, 0.01],
        [500, 0.01],
        [999, 0.01],
      ],
    ],
    [
      'step',
      [
        [0, 0.01],
        [499, 0.01],
        [500, 0.001],
        [749, 0.001],
        [750, 0.0001],
        [999, 0.0001],
      ],
    ],
    [
      'one-cycle',
      [
        [0, 0.0004],
        [150, 0.0052],
        [300, 0.01],
        [650, 0.00500002],
        [1000, 4e-8],
      ],
    ],
  ])('%s', (schedule, expected) => {
    const found = rates(
      schedule,
      expected.map(([step]) => step),
    );
    found.forEach((rate, i) => expect(rate, `step ${expected[i][0]}`).toBeCloseTo(expected[i][1], 12));
  });

  it('is faded in by a warm-up, from more than nothing, and then what it is without', () => {
    const faded = rates('constant', [0, 49, 98, 99, 500], 0.1);
    faded.forEach((rate, i) => expect(rate).toBeCloseTo([0.0001, 0.005, 0.0099, 0.01, 0.01][i], 12));
    for (const schedule of SCHEDULES) {
      expect(rates(schedule, [99, 500, 999], 0.1)).toEqual(rates(schedule, [99, 500, 999]));
    }
  });

  it('is always above 0 and never above the learning rate', () => {
    const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const warmUp = fc.double({ min: 0, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(
        fc.constantFrom(...SCHEDULES),
        fc.integer({ min: 1, max: 1e6 }),
        share,
        warmUp,
        (schedule, total, done, warmUp) => {
          const rate = scheduledRate({ learningRate: 0.5, schedule, warmUp }, Math.floor(done * total), total);
          expect(rate).toBeGreaterThan(0);
          expect(rate).toBeLessThanOrEqual(0.5);
        },
      ),
    );
  });
});

/** Squared error of what is learnt, as a part of that of "repeat the last value". */
function errorWith(options: object): number {
  const all = trainSchema.parse({ cell: 'gru', hidden: 16, objective: 'mse', maxEpochs: 25, ...options });
  const { validationMse, persistenceMse } = runJob(sineMixtureJob(1500, all));
  return validationMse / persistenceMse;
}

describe('training', () => {
  it.each([
    { schedule: 'constant' },
    { schedule: 'step' },
    { schedule: 'one-cycle', learningRate: 0.02 },
    { schedule: 'cosine', warmUp: 0.2 },
    { weightDecay: 0.01 },
  ])('learns with %j', (options) => {
    expect(errorWith(options)).toBeLessThan(0.5);
  });

  it('is held back by a decay that outweighs what it learns', () => {
    const learningRate = 0.05;
    expect(errorWith({ learningRate, weightDecay: 1 })).toBeGreaterThan(2 * errorWith({ learningRate }));
  });
});
