import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { normal, uniform } from '../../src/core/random.js';
import { trainSchema } from '../../src/core/training.js';
import type { BatchSource } from '../../src/train/batches.js';
import { prepareDataset } from '../../src/train/dataset.js';
import type { SequenceInMemory } from '../../src/train/sequence.js';
import { Evaluator } from '../../src/train/evaluator.js';
import { runJob, trainJob } from '../../src/train/job.js';
import { learnForecasting } from '../../src/train/forecast-learner.js';
import { initialParameters, type NetSpec } from '../../src/train/net-spec.js';
import { Windows } from '../../src/train/windows.js';
import { ADDING, addingProblem, OPTIONS } from './adding-problem.js';
import { inMemory, seriesOf } from './series-of.js';
import { sineMixtureJob } from './sine-mixture.js';

/** Squared error over the undisturbed series, of what was learnt from it with 3 % outliers. */
function errorDespiteOutliers(objective: 'gaussian' | 'student-t'): number {
  const job = sineMixtureJob(2000, trainSchema.parse({ objective, hidden: 16, maxEpochs: 30 }));
  const sequence = inMemory(job.sequences[0]);
  const clean = sequence.x.slice();
  for (let row = 0; row < sequence.split; row++) {
    if (uniform(5, 0, row) < 0.03) sequence.x[row] += 20 * normal(5, 1, row);
  }
  const { parameters, spec } = runJob(job);
  const pieces = [{ sequence: { ...sequence, x: clean }, from: 0, countFrom: 0, to: sequence.rows - 1 }];
  const evaluator = new Evaluator(spec, new Windows(pieces, { inputs: 1, channels: 1, length: 32, lanes: 1 }));
  const { mse } = evaluator.evaluate(parameters);
  evaluator.close();
  return mse;
}

describe('what the loop learns', () => {
  it.each<Partial<NetSpec>>([{ cell: 'lstm' }, { cell: 'lstm', projection: 12 }, { cell: 'gru' }])(
    'the adding problem over 40 steps with %j: error below 0.01 of 0.167',
    (kind) => {
      const training = addingProblem(40, 32, 100, 1);
      const { evaluation, optimiserSteps } = learnForecasting(
        { ...ADDING, ...kind },
        training,
        addingProblem(40, 200, 2, 2),
        OPTIONS,
      );
      expect(evaluation.mse).toBeLessThan(0.01);
      expect(optimiserSteps).toBeLessThanOrEqual(2000);
    },
  );

  it('a mixture of sines with a 1×32 LSTM: a tenth of the error of "repeat the last value", or less', () => {
    const options = trainSchema.parse({ cell: 'lstm', hidden: 32, objective: 'mse' });
    const { validationMse, persistenceMse } = runJob(sineMixtureJob(4000, options));
    expect(persistenceMse).toBeGreaterThan(0.01);
    expect(persistenceMse / validationMse).toBeGreaterThan(10);
  });

  it('beyond the plateau of "repeat the last value" with the default options, on which little data rests for a while', () => {
    const values = Float64Array.from({ length: 2000 }, (_, t) => 60 + 5 * Math.sin(t / 15) + 0.4 * Math.sin(t * 7.3));
    const us = values.map((_, t) => t * 60e6);
    const starts = Uint8Array.from(values, (_, t) => (t === 0 ? 1 : 0));
    const boiler = seriesOf({ stream: 'boiler', us, values, mask: new Uint8Array(2000).fill(1), starts });
    const dataset = prepareDataset([boiler], {
      channels: ['temperature'],
      stepUs: 60e6,
      calendar: [],
      noiseFloors: [0],
      validationFraction: 0.2,
      fewestSamples: 64,
    });
    const { validationMse, persistenceMse } = runJob(trainJob(dataset, trainSchema.parse({})));
    expect(validationMse).toBeLessThan(0.8 * persistenceMse);
  });

  it('what is usual, undisturbed by outliers, under a Student-t likelihood', () => {
    expect(errorDespiteOutliers('student-t')).toBeLessThan(0.5 * errorDespiteOutliers('gaussian'));
  });

  it('the change, not the value: a level far from all that was learnt is still followed', () => {
    const job = sineMixtureJob(2000, trainSchema.parse({ hidden: 16, maxEpochs: 20 }));
    const sequence = inMemory(job.sequences[0]);
    sequence.x.forEach((z, row) => {
      if (row > sequence.split) sequence.x[row] = z + 30;
    });
    // The jump itself is one of 400 forecasts and costs both 30²/400; a net that foretold values would miss all of them.
    const { validationMse, persistenceMse } = runJob(job);
    expect(persistenceMse).toBeLessThan(5);
    expect(validationMse).toBeLessThan(5);
  });
});

describe('the same seed', () => {
  const spec: NetSpec = { ...ADDING, cell: 'lstm', hidden: 6, layers: 2, dropout: 0.3 };
  const train = (seed: number): Float32Array =>
    learnForecasting(spec, addingProblem(10, 4, 10, 1), addingProblem(10, 4, 1, 2), { ...OPTIONS, maxEpochs: 3, seed })
      .parameters;

  it('gives the same parameters, bit for bit, dropout included; another seed does not', () => {
    expect(train(1)).toEqual(train(1));
    expect(train(2)).not.toEqual(train(1));
  });
});

describe('the end of training', () => {
  const spec: NetSpec = { ...ADDING, hidden: 8 };
  const training = addingProblem(10, 8, 10, 1);
  const validation = addingProblem(10, 50, 1, 2);

  const lossOf = (parameters: Float32Array): number => {
    const evaluator = new Evaluator(spec, validation);
    const { loss } = evaluator.evaluate(parameters);
    evaluator.close();
    return loss;
  };

  it('when asked to, after the present step, with the best weights so far', () => {
    let steps = 0;
    const seen: number[] = [];
    const result = learnForecasting(spec, training, validation, OPTIONS, {
      shouldStop: () => ++steps === 45,
      onProgress: ({ validationLoss }) => void seen.push(validationLoss),
    });
    expect(result.stopped).toBe('aborted');
    expect(result.optimiserSteps).toBe(45);
    expect(result.epochs).toBe(5);
    expect(result.best.validationLoss).toBe(Math.min(...seen.filter((loss) => !Number.isNaN(loss))));
    expect(lossOf(result.parameters)).toBe(result.best.validationLoss);
  });

  it('asked for before the first step: one step, and a result that holds', () => {
    const result = learnForecasting(spec, training, validation, OPTIONS, { shouldStop: () => true });
    expect(result.optimiserSteps).toBe(1);
    expect(lossOf(result.parameters)).toBe(result.best.validationLoss);
  });

  it('when the time is over', () => {
    const result = learnForecasting(spec, training, validation, { ...OPTIONS, maxSeconds: 1e-6 });
    expect(result).toMatchObject({ stopped: 'time', optimiserSteps: 1 });
  });

  it('when validation gets no better: the weights are those from before it got worse', () => {
    const reported: number[] = [];
    let best = { loss: Infinity, epoch: -1 };
    // Ten windows with a little to learn in much chance: what is learnt from them in the end is wrong elsewhere.
    const memorised = mostlyNoise(1, 10);
    const wide: NetSpec = { ...spec, hidden: 32, inputs: 1 };
    const options = { ...OPTIONS, maxEpochs: 200, patienceEpochs: 5 };
    const result = learnForecasting(wide, memorised, mostlyNoise(2, 20), options, {
      onProgress: ({ epoch, validationLoss, bestValidationLoss, loss }) => {
        if (bestValidationLoss < best.loss) best = { loss: bestValidationLoss, epoch };
        if (!Number.isNaN(loss)) reported.push(validationLoss);
        expect(bestValidationLoss <= validationLoss || Number.isNaN(validationLoss)).toBe(true);
      },
    });
    expect(result.stopped).toBe('patience');
    // Epochs count from 0: the last one is the fifth after the best.
    expect(result.epochs - 1).toBe(best.epoch + 5);
    expect(best.epoch).toBeGreaterThan(0);
    expect(result.best.validationLoss).toBeLessThan(reported[reported.length - 1]);
  });

  it('when the loss is no longer a number: an error that says what to do', () => {
    const wild: BatchSource = {
      ...training,
      fill(epoch, index, batch) {
        training.fill(epoch, index, batch);
        if (epoch === 1) batch.target.fill(1e30);
      },
    };
    expect(() => learnForecasting(spec, wild, validation, OPTIONS)).toThrow(
      expect.objectContaining({ code: 'TRAINING', hint: expect.stringContaining('train.learningRate') }),
    );
  });
});

describe('progress', () => {
  it('says how far it is, ends complete, and never goes back', () => {
    const fractions: number[] = [];
    learnForecasting(
      { ...ADDING, hidden: 4 },
      addingProblem(10, 4, 7, 1),
      addingProblem(10, 4, 1, 2),
      { ...OPTIONS, maxEpochs: 6 },
      {
        onProgress: (progress) => {
          fractions.push(progress.fraction);
          expect(progress.stepsPerSecond).toBeGreaterThan(0);
          expect(progress.secondsLeft).toBeGreaterThanOrEqual(0);
          expect(progress.step).toBeLessThanOrEqual((progress.epoch + 1) * 7);
        },
      },
    );
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.length).toBeGreaterThanOrEqual(6);
    expect(fractions[fractions.length - 1]).toBe(1);
  });
});

describe('lanes and padding', () => {
  const spec: NetSpec = {
    ...ADDING,
    cell: 'lstm',
    inputs: 2,
    hidden: 5,
    channels: 2,
    objective: 'gaussian',
    skip: true,
  };
  const parameters = initialParameters(spec, 3);

  function evaluate(sequences: readonly SequenceInMemory[], length: number, lanes: number): number {
    const pieces = sequences.map((sequence) => ({ sequence, from: 0, countFrom: 0, to: sequence.rows - 1 }));
    const evaluator = new Evaluator(spec, new Windows(pieces, { inputs: 2, channels: 2, length, lanes }));
    const { loss } = evaluator.evaluate(parameters);
    evaluator.close();
    return loss;
  }

  it('do not change the loss of a series', () => {
    const rows = fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 6 }), (rows, length, lanes) => {
        const sequences = rows.map((n, s) => randomSequence(n, s));
        // One series at a time, each in one window: neither padding nor a state to carry.
        const counted = sequences.map((one) => one.observed.subarray(2).reduce((sum, bit) => sum + bit, 0));
        const alone = sequences.map((one) => evaluate([one], one.rows - 1, 1));
        const total = counted.reduce((sum, n) => sum + n, 0);
        const expected = alone.reduce((sum, loss, s) => sum + (counted[s] > 0 ? loss * counted[s] : 0), 0) / total;
        fc.pre(total > 0);
        // float32 sums in another order.
        expect(Math.abs(evaluate(sequences, length, lanes) - expected)).toBeLessThan(1e-5 * (1 + Math.abs(expected)));
      }),
      { numRuns: 20 },
    );
  });
});

function randomSequence(rows: number, stream: number): SequenceInMemory {
  const x = Float32Array.from({ length: rows * 2 }, (_, i) => normal(1, stream, i));
  const observed = Uint8Array.from({ length: rows * 2 }, (_, i) => (normal(2, stream, i) > -1 ? 1 : 0));
  return { rows, x, observed, split: 0 };
}

/** Targets that have a little to do with the inputs, the same in every epoch. */
function mostlyNoise(seed: number, lanes: number): BatchSource {
  return {
    length: 4,
    lanes,
    inputs: 1,
    channels: 1,
    perEpoch: 1,
    fill(_epoch, _index, batch) {
      batch.restart.fill(1);
      batch.weight.fill(1);
      batch.counted = batch.weight.length;
      for (let i = 0; i < batch.x.length; i++) {
        batch.x[i] = normal(seed, 1, i);
        batch.target[i] = 0.5 * batch.x[i] + normal(seed, 2, i);
      }
    },
  };
}
