/** A machine whose cycle gets shorter and shorter: a net that goes on learning foretells it, one that does not gets lost. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { defineConfig } from '../../src/config/load.js';
import { normal } from '../../src/core/random.js';
import { gatherReadings } from '../../src/intake.js';
import { learn } from '../../src/learn.js';
import { Pipeline } from '../../src/pipeline.js';
import { contextOf } from '../../src/stage-context.js';
import { silentLog } from '../../src/core/log.js';
import { nodeEngine } from '../../src/step/node-engine.js';

const LEARNT = 800;
const DRIFTING = 3000;
const AFTER = 600;
const START_S = 1_700_000_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-drift-'));
  let phase = 0;
  const lines = Array.from({ length: LEARNT + DRIFTING + AFTER }, (_, row) => {
    const drifted = Math.min(1, Math.max(0, row - LEARNT) / DRIFTING);
    phase += (2 * Math.PI) / (25 - 17 * drifted);
    return `${START_S + row},${(Math.sin(phase) + 0.05 * normal(1, 0, row)).toFixed(4)}`;
  });
  // A stream has the name of its file.
  mkdirSync(join(folder, 'learnt'));
  writeFileSync(join(folder, 'learnt', 'machine.csv'), `time,x\n${lines.slice(0, LEARNT).join('\n')}\n`);
  writeFileSync(join(folder, 'machine.csv'), `time,x\n${lines.slice(LEARNT).join('\n')}\n`);
  const config = await configOf('learnt/machine.csv');
  const context = contextOf(config);
  await learn(config, await gatherReadings(config, { context }), { engine: nodeEngine, context });
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

function configOf(file: string, online?: object): Promise<Config> {
  return defineConfig(
    {
      model: 'model',
      source: { kind: 'replay', files: file, speed: 'full' },
      train: { maxEpochs: 40 },
      decide: { scores: true, forecasts: true },
      sinks: [],
      ...(online === undefined ? {} : { online }),
    },
    join(folder, 'test.yaml'),
  );
}

/** Mean squared error of the forecasts of the last rows, when the cycle no longer changes. */
async function errorAfterDrift(online?: object): Promise<number> {
  const pipeline = new Pipeline(await configOf('machine.csv', online), { engine: nodeEngine, log: silentLog });
  const squares: number[] = [];
  pipeline.events.subscribe((events) => {
    for (const event of events) {
      if (event.type !== 'score' || event.us < (START_S + LEARNT + DRIFTING) * 1e6) continue;
      for (const { expected, observed } of event.channels ?? []) squares.push((observed - expected) ** 2);
    }
  });
  await pipeline.run(new AbortController().signal);
  expect(squares.length).toBeGreaterThan(AFTER / 2);
  return squares.reduce((sum, square) => sum + square, 0) / squares.length;
}

it('is foretold with less than half of the error', async () => {
  const [off, on] = [await errorAfterDrift(), await errorAfterDrift({})];
  expect(on).toBeLessThan(off / 2);
});
