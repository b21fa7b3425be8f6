import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readCard } from '../../src/step/card-file.js';
import { float32Of, OrtSession, tensorOf } from '../../src/step/ort.js';
import { exportModel, updateCard } from '../../src/train/export.js';
import { buildSequenceGraph } from '../../src/train/inference-graphs.js';
import { StepByHand } from '../support/step-by-hand.js';
import { exportInfo, untrainedNet } from './trained-net.js';

const fault = vi.hoisted(() => ({ beforeRename: false }));

vi.mock('../../src/core/whole-file.js', async (importOriginal) => {
  const original = await importOriginal<{ writeWhole: (path: string, text: string) => Promise<void> }>();
  return {
    writeWhole: async (path: string, text: string): Promise<void> => {
      if (fault.beforeRename) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      await original.writeWhole(path, text);
    },
  };
});

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-export-'));
});

afterEach(async () => {
  fault.beforeRename = false;
  await rm(folder, { recursive: true });
});

describe('exportModel', () => {
  it('writes a card that its reader accepts and a step model that computes what the trained net does', async () => {
    const net = untrainedNet(1);
    const model = join(folder, 'new', 'pump');
    const written = await exportModel(model, net, exportInfo);
    expect(await readCard(model)).toEqual(written);
    expect(written.training).toMatchObject({ cell: 'lstm', from: '2023-11-14T22:13:20.000Z', persistenceMse: 0.5 });

    const x = Float32Array.of(0.1, -0.2, 0.3, 0.4, 0.5, -0.6, 0.7, 0.8);
    const step = new StepByHand({ card: written, onnx: await readFile(join(model, written.model)) });
    const sequence = new OrtSession(buildSequenceGraph(net.spec, net.parameters));
    const state = tensorOf(new Float32Array(32), [1, 32]);
    const whole = float32Of(sequence.run({ x: tensorOf(x, [2, 1, 4]), state }, { y: null }), 'y');
    const stepped = [...step.step(x.slice(0, 4)), ...step.step(x.slice(4))];
    stepped.forEach((value, i) => expect(Math.abs(value - whole[i])).toBeLessThan(1e-6));
    step.close();
    sequence.close();
  });

  it('replaces a model and leaves no second one behind', async () => {
    await exportModel(folder, untrainedNet(1), exportInfo);
    const second = await exportModel(folder, untrainedNet(2), exportInfo);
    expect(await readCard(folder)).toEqual(second);
    expect((await readdir(folder)).toSorted()).toEqual([second.model, 'model.json'].toSorted());
    const third = await exportModel(folder, untrainedNet(3), exportInfo);
    expect(await readCard(folder)).toEqual(third);
    expect((await readdir(folder)).toSorted()).toEqual([third.model, 'model.json'].toSorted());
  });

  it('leaves a whole model behind whenever it is killed', async () => {
    await exportModel(folder, untrainedNet(0), exportInfo);
    const program = fileURLToPath(new URL('./export-forever.ts', import.meta.url));
    for (const exportsBeforeKill of [1, 4, 9]) {
      const child = spawn(process.execPath, ['--import', 'tsx', program, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      let seen = 0;
      for await (const _ of createInterface(child.stdout)) if (++seen === exportsBeforeKill) child.kill('SIGKILL');
      await exited;
      expect(seen).toBeGreaterThanOrEqual(exportsBeforeKill);
      const { model } = await readCard(folder);
      const session = new OrtSession(join(folder, model));
      expect(session.outputs.map((output) => output.name)).toEqual(['y_t', 'h0_next', 'c0_next', 'h1_next', 'c1_next']);
      session.close();
    }
  });

  it('keeps the former model when the new card cannot be put in place', async () => {
    const former = await exportModel(folder, untrainedNet(1), exportInfo);
    fault.beforeRename = true;
    await expect(exportModel(folder, untrainedNet(2), exportInfo)).rejects.toMatchObject({ code: 'DISK' });
    expect(await readCard(folder)).toEqual(former);
    expect((await readdir(folder)).toSorted()).toEqual([former.model, 'model.json'].toSorted());
  });

  it('keeps the former model when the disk is full', async () => {
    const former = await exportModel(folder, untrainedNet(1), exportInfo);
    // Every write to /dev/full fails with ENOSPC, as on a full disk.
    await symlink('/dev/full', join(folder, 'model-b.onnx'));
    const failed = exportModel(folder, untrainedNet(2), exportInfo);
    await expect(failed).rejects.toMatchObject({ name: 'UserError', code: 'DISK' });
    await expect(failed).rejects.toThrow(folder);
    expect(await readCard(folder)).toEqual(former);
  });

  it('says where it cannot write', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    await expect(exportModel(join(file, 'model'), untrainedNet(1), exportInfo)).rejects.toMatchObject({ code: 'DISK' });
  });

  it('refuses figures that a card cannot hold, and writes nothing that anybody would load', async () => {
    const broken = { ...untrainedNet(1), validationMse: NaN };
    await expect(exportModel(folder, broken, exportInfo)).rejects.toMatchObject({ name: 'BugError' });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('updateCard', () => {
  it('replaces the card and nothing else', async () => {
    const card = await exportModel(folder, untrainedNet(1), exportInfo);
    const onnx = await readFile(join(folder, card.model));
    const calibrated = { ...card, calibration: { decider: 'anomaly', streams: { pump: 'AAEC' } } };
    await updateCard(folder, calibrated);
    expect(await readCard(folder)).toEqual(calibrated);
    expect(await readFile(join(folder, card.model))).toEqual(onnx);
  });

  it('keeps the former card when the disk is full', async () => {
    const card = await exportModel(folder, untrainedNet(1), exportInfo);
    fault.beforeRename = true;
    await expect(updateCard(folder, { ...card, name: 'other' })).rejects.toMatchObject({ code: 'DISK' });
    expect(await readCard(folder)).toEqual(card);
  });
});
