/**
 * A provider that computes in memory of its own: WebGPU, which the library of onnxruntime-node has on Linux, on a graphics
 * processor or on a Vulkan driver in software (SwiftShader of Debian's Chromium, Mesa's lavapipe from 23.1 on).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { compareEngines } from '../../../src/step/agreement.js';
import { readCard, stepModelOf } from '../../../src/step/card-file.js';
import { nativeEngine, openNativeLibrary } from '../../../src/step/native/engine.js';
import { nodeEngine } from '../../../src/step/node-engine.js';
import { probeModel } from '../../../src/step/probe.js';
import { needsVulkanDriver } from '../../support/needs.js';
import { GRU, kiokuModel, writeModel } from '../../support/step-model.js';

const WEBGPU = { name: 'webgpu', options: {} };

it('takes every input of every step, and gives what the processor gives', async (ctx) => {
  vi.stubEnv('VK_DRIVER_FILES', needsVulkanDriver(ctx));
  onTestFinished(() => void vi.unstubAllEnvs());
  const folder = await mkdtemp(join(tmpdir(), 'kioku-device-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = await writeModel(folder, kiokuModel({ ...GRU, cell: 'lstm', hidden: 64 }));
  const engine = nativeEngine(openNativeLibrary(), [WEBGPU]);
  for (const model of [probeModel(), stepModelOf(path, await readCard(path))]) {
    const agreement = await compareEngines(model, engine, nodeEngine, { rows: 20, steps: 8 });
    expect(agreement.provider).toMatch(/^native\/webgpu/);
    expect(agreement.difference).toBeLessThan(1e-4);
  }
});
