import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi, type TestContext } from 'vitest';
import { DEFAULT_RUNTIME } from '../../src/core/runtime.js';
import type { StepModel } from '../../src/core/step-model.js';
import { readCard, stepModelOf } from '../../src/step/card-file.js';
import type { LoadedEngine } from '../../src/step/load-engine.js';
import { tryModel } from '../../src/step/trial.js';
import { writeEndlessModel } from '../support/endless-model.js';
import { GRU, kiokuModel, writeModel } from '../support/step-model.js';

let folder = '';
let sound: StepModel;
let endless: StepModel;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-trial-'));
  const model = await writeModel(join(folder, 'sound'), kiokuModel(GRU));
  sound = stepModelOf(model, await readCard(model));
  endless = await writeEndlessModel(join(folder, 'endless.onnx'));
});
afterAll(() => rm(folder, { recursive: true }));

function trial(model: StepModel, limitMs?: number, engine: LoadedEngine = 'native'): Promise<void> {
  return tryModel({ engine, runtime: DEFAULT_RUNTIME, model }, 0, limitMs);
}

/** Linux tells the children of each thread. */
async function children(): Promise<readonly number[]> {
  const text = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8');
  return text
    .split(' ')
    .filter((pid) => pid !== '')
    .map(Number);
}

/** Ends the process of a trial that does not end by itself, as soon as there is one. */
async function endedBy(ctx: TestContext, signal: NodeJS.Signals): Promise<unknown> {
  if (process.platform !== 'linux') ctx.skip('needs /proc');
  const before = await children();
  const outcome = trial(endless).then(
    () => 'went well',
    (error: unknown) => error,
  );
  const started = async (): Promise<number | undefined> => (await children()).find((child) => !before.includes(child));
  const pid = await vi.waitUntil(started, { timeout: 20_000 });
  process.kill(pid, signal);
  return outcome;
}

describe('a trial', () => {
  it.each(['native', 'node'] as const)('lets a sound model pass (%s)', async (engine) => {
    await expect(trial(sound, undefined, engine)).resolves.toBeUndefined();
  });

  it('says what the engine says of a damaged model, and of none', async () => {
    const path = join(folder, 'damaged.onnx');
    await writeFile(path, (await readFile(sound.path)).subarray(0, 900));
    await expect(trial({ ...sound, path })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await expect(trial({ ...sound, path: join(folder, 'none.onnx') })).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  });

  it('ends a model that never ends', async () => {
    await expect(trial(endless, 2000)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/endless\.onnx: opening it and two steps took longer than 2 s/) as string,
    });
  });

  it('survives a crash, and says so', async (ctx) => {
    expect(await endedBy(ctx, 'SIGSEGV')).toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/endless\.onnx crashes ONNX Runtime \(SIGSEGV\)/) as string,
    });
    expect(await endedBy(ctx, 'SIGKILL')).toMatchObject({ hint: expect.stringContaining('memory') as string });
  });

  it('does not blame the model when it was ended from outside', async (ctx) => {
    expect(await endedBy(ctx, 'SIGTERM')).toMatchObject({ code: 'ENGINE' });
  });
});
