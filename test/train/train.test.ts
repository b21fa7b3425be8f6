import { describe, expect, it } from 'vitest';
import type { Cell } from '../../src/core/card.js';
import { trainSchema } from '../../src/core/training.js';
import { runJob } from '../../src/train/job.js';
import { trainInWorker } from '../../src/train/train.js';
import { inMemory } from './series-of.js';
import { sineMixtureJob } from './sine-mixture.js';

const SMALL = trainSchema.parse({ hidden: 8, layers: 2, dropout: 0.1, maxEpochs: 4, calendar: ['day'] });
const ENDLESS = trainSchema.parse({ hidden: 8, maxEpochs: 100_000, patienceEpochs: 100_000, maxSeconds: 60 });

describe('trainInWorker', () => {
  it('gives what training in the calling thread gives, bit for bit, and reports on the way', async () => {
    const steps: number[] = [];
    const there = await trainInWorker(sineMixtureJob(600, SMALL), { onProgress: ({ step }) => void steps.push(step) });
    const here = runJob(sineMixtureJob(600, SMALL));
    expect(there.parameters).toEqual(here.parameters);
    expect({ ...there, seconds: 0 }).toEqual({ ...here, seconds: 0 });
    expect(steps[steps.length - 1]).toBe(here.optimiserSteps);
  });

  it('moves the data into the thread instead of copying it', async () => {
    const job = sineMixtureJob(600, { ...SMALL, maxEpochs: 1 });
    await trainInWorker(job);
    expect(job.sequences.map(inMemory).map((one) => one.x.length + one.observed.length)).toEqual([0]);
  });

  it('ends when it is asked to and keeps the best weights', async () => {
    const abort = new AbortController();
    let lowest = Infinity;
    const trained = await trainInWorker(sineMixtureJob(600, ENDLESS), {
      signal: abort.signal,
      onProgress: ({ epoch, bestValidationLoss }) => {
        if (!Number.isNaN(bestValidationLoss)) lowest = bestValidationLoss;
        if (epoch >= 3) abort.abort();
      },
    });
    expect(trained.stopped).toBe('aborted');
    expect(trained.epochs).toBeGreaterThanOrEqual(4);
    expect(trained.record.best.validationLoss).toBe(lowest);
    expect(trained.parameters.some((value) => value !== 0)).toBe(true);
  });

  it('passes an error that the user can mend on with its code and hint', async () => {
    const job = sineMixtureJob(600, SMALL);
    inMemory(job.sequences[0]).x.fill(NaN);
    await expect(trainInWorker(job)).rejects.toMatchObject({
      name: 'UserError',
      code: 'TRAINING',
      hint: expect.stringContaining('train.learningRate') as string,
    });
  });

  it('turns a crash of the thread into a typed error', async () => {
    const job = sineMixtureJob(600, SMALL);
    const impossible = { ...job, spec: { ...job.spec, cell: 'abacus' as Cell } };
    await expect(trainInWorker(impossible)).rejects.toMatchObject({
      name: 'BugError',
      message: expect.stringMatching(/^the training thread crashed: .*NaN/) as string,
    });
  });
});
