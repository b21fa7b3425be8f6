/** What a training finds out about its streams for the card, beyond the net: what they would have raised. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { calibrate } from '../src/calibrate.js';
import type { Config } from '../src/config/config.js';
import { defineConfig } from '../src/config/load.js';
import { silentLog } from '../src/core/log.js';
import { normal } from '../src/core/random.js';
import { gatherReadings } from '../src/intake.js';
import { learn } from '../src/learn.js';
import { openLane } from '../src/open-lane.js';
import { contextOf } from '../src/stage-context.js';
import { nodeEngine } from '../src/step/node-engine.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-calibrate-'));
  const file = (name: string, seed: number, rows: number): void => {
    const line = (s: number): string =>
      `${1_700_000_000 + s},${(Math.sin(s / 9) + 0.1 * normal(seed, 0, s)).toFixed(4)}`;
    writeFileSync(join(folder, name), `time,x\n${Array.from({ length: rows }, (_, s) => line(s)).join('\n')}\n`);
  };
  file('a.csv', 1, 700);
  file('b.csv', 2, 500);
  file('short.csv', 3, 400);
});
afterAll(() => rm(folder, { recursive: true }));

function configOf(files: readonly string[], model: string, decide: object = {}): Promise<Config> {
  const source = { kind: 'replay', files: [...files] };
  return defineConfig({ source, model, decide, train: { maxEpochs: 2 } }, join(folder, 'test.yaml'));
}

async function learnt(config: Config) {
  const context = contextOf(config, { log: silentLog });
  const gathered = await gatherReadings(config, { context });
  const { card } = await learn(config, gathered, { engine: nodeEngine, context });
  return { card, context, gathered };
}

describe('rehearsal', () => {
  it('is of what every stream holds out, and gives the opening scores that are wished for', async () => {
    const { card } = await learnt(await configOf(['a.csv', 'b.csv'], 'wished', { alertsPerWeek: 1 }));
    const { rehearsal, threshold } = card.calibration ?? {};
    expect(rehearsal).toMatchObject({ heldOut: true, streams: { a: { rows: 140 }, b: { rows: 100 } } });
    expect(threshold).toMatchObject({ alertsPerWeek: 1, from: { heldOut: true, rows: 240, hours: 240 / 3600 } });
    expect(Object.keys(threshold?.streams ?? {})).toEqual(['a', 'b']);
  });

  it('is of the later half where too little is held out, and the card says so', async () => {
    const { card } = await learnt(await configOf(['short.csv'], 'short', { alertsPerWeek: 1 }));
    expect(card.calibration?.rehearsal).toMatchObject({ heldOut: false, streams: { short: { rows: 200 } } });
    expect(card.calibration?.threshold?.from).toMatchObject({ heldOut: false, rows: 200 });
  });

  it('serves a wish that comes later, without learning again', async () => {
    const config = await configOf(['a.csv'], 'later');
    const { card, context, gathered } = await learnt(config);
    expect(card.calibration?.rehearsal).toBeDefined();
    expect(card.calibration?.threshold).toBeUndefined();
    const wishing = await configOf(['a.csv'], 'later', { alertsPerWeek: 2 });
    const lane = await openLane(wishing, nodeEngine, context);
    lane.close();
    // Nor does a wish change what is remembered of a stream or what it would have raised.
    const again = await calibrate(wishing, gathered.series, nodeEngine, context);
    expect({ ...again, threshold: undefined }).toEqual({ ...card.calibration, threshold: undefined });
    expect(again.threshold?.alertsPerWeek).toBe(2);
  });
});
