import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Curve } from '../../src/train/curve.js';
import { learnForecasting } from '../../src/train/forecast-learner.js';
import type { Validation } from '../../src/train/record.js';
import { ADDING, addingProblem, OPTIONS } from './adding-problem.js';

const NET = { ...ADDING, hidden: 8 };

const CUT = { ...OPTIONS, schedule: 'step' as const, maxEpochs: 8, clipNorm: 0.1 };

const at = (epoch: number): Validation => ({
  epoch,
  step: 10 * epoch,
  trainLoss: 1 / (1 + epoch),
  validationLoss: 2 / (1 + epoch),
  learningRate: 0.01,
  gradientNorm: 1,
  clippedShare: 0,
});

function pushed(curve: Curve, from: number, to: number): Curve {
  for (let epoch = from; epoch < to; epoch++) curve.push(at(epoch));
  return curve;
}

describe('the curve of a training', () => {
  it('keeps every epoch of a short one', () => {
    expect(pushed(new Curve(), 0, 7).validations.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('keeps evenly many of any long one, the first and the latest among them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (epochs) => {
        const kept = pushed(new Curve(), 0, epochs).validations.map(({ epoch }) => epoch);
        expect(kept.length).toBeLessThanOrEqual(1000);
        expect(kept.length).toBeGreaterThanOrEqual(Math.min(epochs, 500));
        const distances = kept.slice(1).map((epoch, i) => epoch - kept[i]);
        expect(new Set(distances.slice(0, -1)).size).toBeLessThanOrEqual(1);
        expect(distances.every((distance) => distance <= distances[0])).toBe(true);
        expect([kept[0], kept[kept.length - 1]]).toEqual([0, epochs - 1]);
      }),
      { numRuns: 30 },
    );
  });

  it('goes on from a checkpoint as if there had been none', () => {
    fc.assert(
      fc.property(fc.nat({ max: 3000 }), fc.nat({ max: 3000 }), (before, after) => {
        const first = pushed(new Curve(), 0, before);
        const second = new Curve();
        second.restore(structuredClone(first.state()));
        expect(pushed(second, before, before + after).state()).toEqual(pushed(new Curve(), 0, before + after).state());
      }),
      { numRuns: 30 },
    );
  });
});

describe('what training says of each epoch', () => {
  it('is the losses of its windows and of its end, the rate and the gradient; the best one is that of the weights', () => {
    const training = addingProblem(10, 8, 10, 1);
    const reported: number[] = [];
    const result = learnForecasting(NET, training, addingProblem(10, 50, 1, 2), CUT, {
      onProgress: ({ validationLoss, step }) => {
        if (step > 0 && step % 10 === 0 && !Number.isNaN(validationLoss)) reported.push(validationLoss);
      },
    });
    const { validations, best } = result;
    expect(validations.map(({ epoch, step }) => [epoch, step])).toEqual(
      Array.from({ length: 8 }, (_, epoch) => [epoch, 10 * (epoch + 1)]),
    );
    expect(validations.map(({ learningRate }) => learningRate)).toEqual(
      [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01].map((part) => part * OPTIONS.learningRate),
    );
    expect(reported).toEqual(expect.arrayContaining(validations.map(({ validationLoss }) => validationLoss)));
    expect(best).toEqual(validations.toSorted((a, b) => a.validationLoss - b.validationLoss)[0]);
    for (const { gradientNorm, clippedShare } of validations) {
      expect(gradientNorm).toBeGreaterThan(0);
      expect(clippedShare * 10).toBeCloseTo(Math.round(clippedShare * 10), 9);
    }
    // Under a bound of a tenth some gradients are shortened; without a bound to speak of none is.
    expect(validations.some(({ clippedShare }) => clippedShare > 0)).toBe(true);
    const free = learnForecasting(NET, training, addingProblem(10, 50, 1, 2), {
      ...CUT,
      maxEpochs: 2,
      clipNorm: 1e9,
    });
    expect(free.validations.map(({ clippedShare }) => clippedShare)).toEqual([0, 0]);
    expect(free.validations[0].gradientNorm).not.toBe(free.validations[1].gradientNorm);
  });
});
