import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkpointIn, removeCheckpoint } from '../../src/train/checkpoint.js';
import { runJob, type TrainedNet } from '../../src/train/job.js';
import type { Progress } from '../../src/train/progress.js';
import { longJob } from './long-job.js';
import { refusal } from './refusal.js';
import { inMemory } from './series-of.js';

let folder: string;
let file: string;
let uninterrupted: TrainedNet;

beforeAll(() => {
  uninterrupted = runJob(longJob());
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-checkpoint-'));
  file = checkpointIn(join(folder, 'model'));
});
afterEach(() => rm(folder, { recursive: true }));

/** All but the time it took, and the options that may differ. */
const learnt = ({ seconds: _seconds, options: _options, ...rest }: TrainedNet): object => rest;

/** Trains up to and with optimiser step `steps`. */
function trainFor(steps: number, resume: boolean, changes: Parameters<typeof longJob>[1] = {}): TrainedNet {
  let asked = 0;
  const job = longJob({ file, resume }, { checkpointSeconds: 1e6, ...changes });
  return runJob(job, { shouldStop: () => ++asked === steps });
}

/** Starts a training in a process of its own and kills that after so many steps. */
async function trainAndKill(steps: number, resume: boolean): Promise<void> {
  const program = fileURLToPath(new URL('./train-until-killed.ts', import.meta.url));
  const args = ['--import', 'tsx', program, file, ...(resume ? ['resume'] : [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let seen = 0;
  for await (const _ of createInterface(child.stdout)) if (++seen === steps) child.kill('SIGKILL');
  expect(await exited).toEqual([null, 'SIGKILL']);
}

describe('a training that was interrupted', () => {
  it('would have got worse on the way: its best weights are not always the last ones', () => {
    expect(uninterrupted).toMatchObject({ stopped: 'epochs', epochs: 12 });
    expect(runJob(longJob(undefined, { patienceEpochs: 1 })).stopped).toBe('patience');
  });

  it('by SIGKILL at a random step, twice, ends with the weights of one that was not, bit for bit', async () => {
    const random = (): number => 1 + Math.floor(Math.random() * (uninterrupted.optimiserSteps / 3));
    const [first, second] = [random(), random()];
    await trainAndKill(first, false);
    await trainAndKill(second, true);
    const resumed = runJob(longJob({ file, resume: true }));
    expect(learnt(resumed), `killed after ${first} and ${second} more steps`).toEqual(learnt(uninterrupted));
  }, 60_000);

  it('by its user anywhere, any number of times, ends as one that was not, bit for bit', () => {
    const stops = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(stops, (stops) => {
        stops.forEach((steps, i) => trainFor(steps, i > 0));
        expect(learnt(runJob(longJob({ file, resume: true })))).toEqual(learnt(uninterrupted));
      }),
      { numRuns: 5 },
    );
  });

  it.each([
    { objective: 'pinball', schedule: 'one-cycle', weightDecay: 0.01 },
    { objective: 'student-t', schedule: 'step', warmUp: 0.2, cell: 'gru' },
    { cell: 'lstm', projection: 3, weightDecay: 0.01 },
  ] as const)('ends as one that was not with %j as well', (changes) => {
    trainFor(17, false, changes);
    trainFor(23, true, changes);
    const resumed = learnt(runJob(longJob({ file, resume: true }, changes)));
    expect(resumed).toEqual(learnt(runJob(longJob(undefined, changes))));
  });

  it('keeps a result of its own, with the best weights up to there', () => {
    const perEpoch = uninterrupted.optimiserSteps / uninterrupted.epochs;
    const cut = trainFor(3 * perEpoch + 1, false);
    expect(cut).toMatchObject({ stopped: 'aborted', epochs: 4, optimiserSteps: 3 * perEpoch + 1 });
    expect(cut.record.best.validationLoss).toBeGreaterThanOrEqual(uninterrupted.record.best.validationLoss);
  });

  it('goes on counting: steps, time and the fraction that is done', () => {
    const before = trainFor(30, false);
    const seen: Progress[] = [];
    const after = runJob(longJob({ file, resume: true }), { onProgress: (progress) => void seen.push(progress) });
    expect(seen[0].step).toBeGreaterThan(30);
    expect(seen[0].fraction).toBeGreaterThanOrEqual(31 / uninterrupted.optimiserSteps);
    expect(after.seconds).toBeGreaterThan(before.seconds * 0.9);
  });

  it('may have more time than it had: the limit counts from the first start', () => {
    const cut = runJob(longJob({ file, resume: false }, { maxSeconds: 1e-6 }));
    expect(cut).toMatchObject({ stopped: 'time', optimiserSteps: 1 });
    const again = runJob(longJob({ file, resume: true }, { maxSeconds: 1e-6 }));
    expect(again).toMatchObject({ stopped: 'time', optimiserSteps: 2 });
    expect(learnt(runJob(longJob({ file, resume: true })))).toEqual(learnt(uninterrupted));
  });
});

function resume(changes: Parameters<typeof longJob>[1] = {}): TrainedNet {
  return runJob(longJob({ file, resume: true }, changes));
}

describe('a checkpoint', () => {
  it('is written every so often, and leaves nothing else behind', () => {
    let written = 0;
    runJob(longJob({ file, resume: false }, { maxEpochs: 1 }), {
      shouldStop: () => {
        if (existsSync(file)) written++;
        return false;
      },
    });
    expect(written).toBe(uninterrupted.optimiserSteps / uninterrupted.epochs - 1);
    expect(readdirSync(join(folder, 'model'))).toEqual(['training.checkpoint']);
  });

  it('is not written where nobody asked for one, nor before its time', () => {
    runJob(longJob({ file, resume: false }, { maxEpochs: 1, checkpointSeconds: 1e6 }));
    expect(existsSync(join(folder, 'model'))).toBe(false);
  });

  it('that is absent is not invented', () => {
    expect(() => resume()).toThrow(refusal(/^there is no unfinished training: ENOENT/));
  });

  it('of other options is refused, and says which', () => {
    trainFor(2, false);
    expect(() => resume({ hidden: 7, seed: 9 })).toThrow(
      refusal(/other options: train\.hidden 6 \(now 7\), train\.seed 1 \(now 9\)$/),
    );
    expect(() => resume({ projection: 3 })).toThrow(refusal(/other options: train\.projection absent \(now 3\)$/));
  });

  it('of other data is refused', () => {
    trainFor(2, false);
    const job = longJob({ file, resume: true });
    inMemory(job.sequences[0]).x[100] += 1e-6;
    expect(() => runJob(job)).toThrow(refusal(/on other data$/));
  });

  it('with a flipped bit, a torn end or another content is refused', () => {
    trainFor(2, false);
    const whole = readFileSync(file);
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 7 }), fc.boolean(), (at, bit, cut) => {
        const damaged = cut ? whole.subarray(0, at) : Buffer.from(whole);
        if (!cut) damaged[at] ^= 1 << bit;
        writeFileSync(file, damaged);
        expect(() => resume()).toThrow(refusal(/is damaged/));
      }),
      { numRuns: 20 },
    );
  });

  it('that cannot be written ends training with an error that says why', () => {
    writeFileSync(join(folder, 'model'), 'in the way');
    expect(() => runJob(longJob({ file, resume: false }))).toThrow(expect.objectContaining({ code: 'DISK' }));
  });

  it('is removed with what a killed process left of the next one', async () => {
    trainFor(2, false);
    writeFileSync(`${file}.part`, 'torn');
    await removeCheckpoint(file);
    await removeCheckpoint(file);
    expect(readdirSync(join(folder, 'model'))).toEqual([]);
  });
});
