import { readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { calibrate } from '../src/calibrate.js';
import type { Config } from '../src/config/config.js';
import { defineConfig } from '../src/config/load.js';
import type { StageContext } from '../src/core/kind.js';
import { silentLog } from '../src/core/log.js';
import { normal } from '../src/core/random.js';
import type { Gathered } from '../src/gather.js';
import { gatherReadings } from '../src/intake.js';
import { learn } from '../src/learn.js';
import { readCard } from '../src/step/card-file.js';
import { contextOf } from '../src/stage-context.js';
import { checkpointIn } from '../src/train/checkpoint.js';
import { columnsOf, seriesOf } from './train/series-of.js';
import { nodeEngine } from '../src/step/node-engine.js';

let folder: string;
let config: Config;
let gathered: Gathered;
let context: StageContext;

/** A swing of nine seconds with some noise. */
const row = (seed: number, s: number): string =>
  `${1_700_000_000 + s},${(Math.sin(s / 9) + 0.1 * normal(seed, 0, s)).toFixed(4)}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-learn-'));
  const file = (name: string, seed: number, rows: number): void => {
    const lines = Array.from({ length: rows }, (_, s) => row(seed, s));
    writeFileSync(join(folder, name), `time,x\n${lines.join('\n')}\n`);
  };
  file('long.csv', 1, 700);
  file('other.csv', 2, 700);
  // Too little to know its scale: it warms up at run time.
  file('brief.csv', 3, 10);
  const source = { kind: 'replay', files: ['long.csv', 'other.csv', 'brief.csv'] };
  config = await defineConfig({ source, model: 'model', train: { maxEpochs: 4 } }, join(folder, 'test.yaml'));
  context = contextOf(config);
  gathered = await gatherReadings(config, { context });
});
afterAll(() => rm(folder, { recursive: true }));

describe('learning', () => {
  it('gathers a series a stream', () => {
    expect(gathered.series.map(({ stream, rows }) => [stream, rows])).toEqual([
      ['brief', 10],
      ['long', 700],
      ['other', 700],
    ]);
  });

  it('writes a model whose card knows the normal of every stream that it could learn', async () => {
    const { card, stopped } = await learn(config, gathered, { engine: nodeEngine, context });
    expect(stopped).toBe('epochs');
    expect(card).toEqual(await readCard(config.model));
    expect(card.training.streams).toBe(3);
    expect(Object.keys(card.normalisation.streams)).toEqual(['long', 'other']);
    expect(Object.keys(card.calibration?.streams ?? {})).toEqual(['long', 'other']);
  });

  it('records the training: its curve, and of each channel how good the model is on what it has not learnt', async () => {
    const { card, record } = await learn(config, gathered, { engine: nodeEngine, context });
    expect(record).toMatchObject({
      objective: 'gaussian',
      stopped: 'epochs',
      best: { trainLoss: card.training.trainLoss, validationLoss: card.training.validationLoss },
      data: { rows: 1410, streams: 3, stepUs: card.stepUs, fromUs: 1_700_000_000e6, toUs: 1_700_000_699e6 },
    });
    expect(record.validations).toHaveLength(4);
    const [{ name, values, net, persistence }] = record.channels;
    expect(name).toBe('x');
    // A fifth of each stream; that of the brief one is in the unit that it borrows from the others.
    expect(values).toBe(140 + 140 + 2);
    const { scale } = card.normalisation.pooled[0];
    expect((net.rmse / scale) ** 2 / card.training.validationMse).toBeCloseTo(1, 1);
    expect((persistence.rmse / scale) ** 2 / card.training.persistenceMse).toBeCloseTo(1, 1);
    expect(record.heldOut.map(({ stream }) => stream).toSorted()).toEqual(['brief', 'long', 'other']);
  });

  it.each(['student-t', 'pinball'] as const)(
    'learns by %s what a decider takes for the mean and variance that it is',
    async (objective) => {
      const robust = {
        ...config,
        model: join(folder, objective),
        train: { ...config.train, objective },
      };
      const { card } = await learn(robust, gathered, { engine: nodeEngine, context });
      expect(card).toMatchObject({ objective: 'gaussian', training: { likelihood: objective } });
      expect(card).toEqual(await readCard(robust.model));
      expect(Object.keys(card.calibration?.streams ?? {})).toEqual(['long', 'other']);
    },
  );

  it('calibrates to the same bits whoever else is calibrated', async () => {
    const { card } = await learn(config, gathered, { engine: nodeEngine, context });
    const alone = gathered.series.filter(({ stream }) => stream === 'other');
    const calibration = await calibrate(config, alone, nodeEngine, context);
    expect(calibration.streams['other']).toBe(card.calibration?.streams['other']);
    expect(calibration.streams['other']).not.toBe(card.calibration?.streams['long']);
  });

  it('starts anew behind a gap, as it will at run time', async () => {
    const { card } = await learn(config, gathered, { engine: nodeEngine, context });
    const other = gathered.series[2];
    const { starts, ...columns } = columnsOf(other);
    const interrupted = seriesOf({ stream: other.stream, ...columns, starts: starts.with(350, 1) });
    const calibration = await calibrate(config, [interrupted], nodeEngine, context);
    expect(calibration.streams['other']).not.toBe(card.calibration?.streams['other']);
  });

  it('makes the same model when the data is larger than memory, goes on from a checkpoint of either, and leaves nothing behind', async () => {
    const withRoom = { ...config, model: join(folder, 'with-room') };
    const parts = { engine: nodeEngine, context };
    const expected = await learn(withRoom, gathered, parts);
    const memoryMb = 0.01;
    const without: Config = { ...config, model: join(folder, 'without'), train: { ...config.train, memoryMb } };
    const spilled = await gatherReadings(without, { context });
    expect(spilled.bytes).toBeLessThanOrEqual(memoryMb * 1e6);
    expect(spilled.spilledBytes).toBeGreaterThan(memoryMb * 1e6);
    const stopping = new AbortController();
    const cut = await learn(without, spilled, {
      ...parts,
      signal: stopping.signal,
      onProgress: () => stopping.abort(),
    });
    expect(cut.stopped).toBe('aborted');
    const goesOn = { ...without, train: config.train };
    for (const { card } of [
      await learn(goesOn, spilled, { ...parts, resume: true }),
      await learn(without, spilled, parts),
    ]) {
      expect(card.modelSha256).toBe(expected.card.modelSha256);
      expect(card.normalisation).toEqual(expected.card.normalisation);
      expect(card.calibration).toEqual(expected.card.calibration);
    }
    spilled.close();
    expect(readdirSync(without.model).toSorted()).toEqual(readdirSync(withRoom.model).toSorted());
  });

  it('keeps the best weights when it is stopped', async () => {
    const stopping = new AbortController();
    const parts = { engine: nodeEngine, context, signal: stopping.signal, onProgress: () => stopping.abort() };
    const endless = { ...config, train: { ...config.train, maxEpochs: 100_000, patienceEpochs: 100_000 } };
    const { card, stopped } = await learn(endless, gathered, parts);
    expect(stopped).toBe('aborted');
    expect(card.training.optimiserSteps).toBeGreaterThan(0);
  });

  it('that was stopped goes on to the model that it would have made, and warns who starts anew instead', async () => {
    const long = { ...config, model: join(folder, 'long'), train: { ...config.train, maxEpochs: 8 } };
    const stopping = new AbortController();
    const stop = { engine: nodeEngine, context, signal: stopping.signal, onProgress: () => stopping.abort() };
    const cut = await learn(long, gathered, stop);
    expect(cut.stopped).toBe('aborted');
    const { card, stopped, record } = await learn(long, gathered, { engine: nodeEngine, context, resume: true });
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (_: object, message: string) => void warnings.push(message) };
    const parts = { engine: nodeEngine, context: contextOf(config, { log }) };
    const anew = await learn(long, gathered, parts);
    expect(warnings).toEqual([]);
    expect(stopped).toBe('epochs');
    expect(anew.card.modelSha256).toBe(card.modelSha256);
    expect(record.validations).toHaveLength(8);
    expect(anew.record).toEqual(record);
    expect(anew.card.calibration).toEqual(card.calibration);
    writeFileSync(checkpointIn(long.model), 'left by another');
    await learn({ ...long, train: { ...long.train, maxEpochs: 1 } }, gathered, parts);
    expect(warnings).toEqual([expect.stringMatching(/an unfinished training is there/)]);
  });
});
