import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SpeechOptions } from '../../../src/core/speech-training.js';
import type { TrainOptions } from '../../../src/core/training.js';
import { checkpointIn } from '../../../src/train/checkpoint.js';
import {
  learnFromManifests,
  type LearntFromManifests,
  type ManifestJob,
} from '../../../src/train/speech/manifest-job.js';
import { refusal } from '../refusal.js';
import { tonesJob, writeSpeakers } from './tones.js';

/** Dropout, two layers, an epoch of places and one by CTC, strings so fast that some get too short: all that can go wrong. */
const TRAIN = {
  hidden: 6,
  layers: 2,
  dropout: 0.3,
  lanes: 2,
  maxEpochs: 2,
  learningRate: 0.02,
  weightDecay: 0.01,
} as const satisfies Partial<TrainOptions>;
const SPEECH: Partial<SpeechOptions> = { frameEpochs: 1 };
const STEPS = 200;

let folder = '';
let file = '';
let uninterrupted: LearntFromManifests;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kioku-speech-resume-'));
  file = checkpointIn(join(folder, 'model'));
  uninterrupted = await learnFromManifests(tonesJob(folder, { train: TRAIN, speech: SPEECH }));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

function jobOf(
  resume: boolean,
  changes: { readonly train?: Partial<TrainOptions>; readonly speech?: Partial<SpeechOptions> } = {},
): ManifestJob {
  const train = { ...TRAIN, ...changes.train };
  return { ...tonesJob(folder, { train, speech: { ...SPEECH, ...changes.speech } }), checkpoint: { file, resume } };
}

/** All but the time it took. */
const learnt = ({ learnt: { seconds: _seconds, ...rest }, ...more }: LearntFromManifests): object => ({
  ...rest,
  more,
});

/** Starts a training in a process of its own and kills that after so many steps. */
async function trainAndKill(steps: number, resume: boolean): Promise<void> {
  const job = join(folder, 'job.json');
  writeFileSync(job, JSON.stringify(jobOf(resume, { train: { checkpointSeconds: 1e-9 } })));
  const program = fileURLToPath(new URL('./train-until-killed.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, job], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let seen = 0;
  for await (const _ of createInterface(child.stdout)) if (++seen === steps) child.kill('SIGKILL');
  expect(await exited).toEqual([null, 'SIGKILL']);
}

/** Leaves the checkpoint of a training that was stopped after three steps. */
async function leaveCheckpoint(): Promise<void> {
  let steps = 0;
  const { learnt: cut } = await learnFromManifests(jobOf(false), { shouldStop: () => ++steps === 3 });
  expect(cut).toMatchObject({ stopped: 'aborted', optimiserSteps: 3 });
}

describe('the training of a recogniser that was interrupted', () => {
  it('by SIGKILL at a random step, twice, ends with the weights of one that was not, bit for bit', async () => {
    const random = (): number => 1 + Math.floor(Math.random() * (STEPS / 2 - 1));
    const [first, second] = [random(), random()];
    await trainAndKill(first, false);
    await trainAndKill(second, true);
    const resumed = await learnFromManifests(jobOf(true));
    expect(uninterrupted.learnt.optimiserSteps).toBe(STEPS);
    expect(learnt(resumed), `killed after ${first} and ${second} more steps`).toEqual(learnt(uninterrupted));
  }, 120_000);

  it('goes on with the same recordings elsewhere, and more time', async () => {
    await leaveCheckpoint();
    const { manifest: _manifest, ...job } = jobOf(true, { train: { maxSeconds: 1e4 }, speech: { licence: 'MIT' } });
    const elsewhere = writeSpeakers(join(folder, 'elsewhere'), 'learnt', [0.94, 1, 1.07]);
    let steps = 0;
    const hooks = { shouldStop: () => ++steps === 2 };
    const { learnt: more } = await learnFromManifests({ ...job, manifest: elsewhere }, hooks);
    expect(more).toMatchObject({ stopped: 'aborted', optimiserSteps: 5 });
  });

  it('is not gone on with where options, recordings, speakers or held-out recordings are others', async () => {
    await leaveCheckpoint();
    const others = jobOf(true, { train: { hidden: 7 }, speech: { gapMs: [0, 400] } });
    const options = /other options: train\.hidden 6 \(now 7\), speech\.gapMs \[0,500\] \(now \[0,400\]\)$/;
    await expect(learnFromManifests(others)).rejects.toEqual(refusal(options));
    for (const changed of [
      { manifest: writeSpeakers(join(folder, 'other'), 'learnt', [0.94, 1, 1.08]) },
      { manifest: writeSpeakers(join(folder, 'other'), 'renamed', [0.94, 1, 1.07]) },
      { heldOut: undefined },
    ]) {
      await expect(learnFromManifests({ ...jobOf(true), ...changed })).rejects.toEqual(refusal(/on other data$/));
    }
  });
});
