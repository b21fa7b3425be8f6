import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backtestFile, type FileResult } from '../../src/backtest/backtest-file.js';
import { type BacktestSetting, configOfFile, deciderWith } from '../../src/backtest/file-config.js';
import { defineConfig } from '../../src/config/load.js';
import { DEFAULT_RUNTIME } from '../../src/core/runtime.js';
import type { IncidentEvent, KiokuEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import { normal } from '../../src/core/random.js';
import { gatherReadings } from '../../src/intake.js';
import { learn } from '../../src/learn.js';
import { Pipeline } from '../../src/pipeline.js';
import { contextOf } from '../../src/stage-context.js';
import { nodeEngine } from '../../src/step/node-engine.js';

const ROWS = 1200;
const LEARNT = 400;
const START_S = 1_700_000_000;
/** Two readings in each step of a minute. */
const ROW_S = 30;
/** Far from anything that was learnt. */
const FAULT = { from: 900, to: 960 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-backtest-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

const swing = (row: number): number => {
  const fault = row >= FAULT.from && row < FAULT.to ? 8 : 0;
  return Math.sin(row / 9) + 0.1 * normal(1, 0, row) + fault;
};
const timeOf = (row: number): string => new Date((START_S + row * ROW_S) * 1000).toISOString();

function table(name: string, valueOf: (row: number) => string, header = 'time,x', delimiter = ','): string {
  const lines = Array.from({ length: ROWS }, (_, row) => `${timeOf(row)}${delimiter}${valueOf(row)}`);
  writeFileSync(join(folder, name), `${header}\n${lines.join('\n')}\n`);
  return name;
}

const SETTING: BacktestSetting = {
  title: 'test',
  runtime: DEFAULT_RUNTIME,
  baselines: [],
  value: { align: { stepMs: 60_000 }, train: { maxEpochs: 8 }, decide: { warmupSteps: 50 } },
  file: '/nowhere/test.yaml',
  learnRows: LEARNT,
  thresholds: [],
};

const ONLINE = { everySteps: 16, segments: 4, segmentSteps: 8, learningRate: 0.05 };

const judgeAll = (name: string, settings: readonly BacktestSetting[]): Promise<FileResult[]> =>
  backtestFile({ path: join(folder, name), name }, settings, () => nodeEngine, new AbortController().signal);

const judge = async (name: string, setting: BacktestSetting = SETTING): Promise<FileResult> =>
  (await judgeAll(name, [setting]))[0];

describe('a backtest of a file', () => {
  let was: FileResult;
  beforeAll(async () => {
    was = await judge(table('fault.csv', (row) => String(swing(row))));
  }, 60_000);

  it('finds the fault, and learns from the first rows only', () => {
    const result = was;
    expect(result.scores).toHaveLength(ROWS);
    expect(result.learntRows).toBe(LEARNT);
    expect([...result.scores.subarray(0, LEARNT)].every(Number.isNaN)).toBe(true);
    expect(result.scores.subarray(FAULT.from, FAULT.to).every((score) => score > 0.4)).toBe(true);
    expect(result.alerts).toHaveLength(1);
    // Its rule asks for three steps of two rows.
    expect(result.alerts[0]).toBeGreaterThanOrEqual(FAULT.from);
    expect(result.alerts[0]).toBeLessThan(FAULT.from + 8);
    expect(result.texts[7]).toBe(timeOf(7));
    expect(result.values[FAULT.from]).toBe(swing(FAULT.from));
  });

  it('keeps what was expected of each row and the incidents, where that is asked for, and says the same', async () => {
    expect(was.trace).toBeUndefined();
    const { trace, ...is } = await judge('fault.csv', { ...SETTING, traced: true });
    expect(is).toEqual(was);
    const [channel] = trace?.channels ?? [];
    expect(trace?.channels).toHaveLength(1);
    expect(channel).toMatchObject({ name: 'x', values: was.values });
    expect(channel.expected.subarray(0, LEARNT).every(Number.isNaN)).toBe(true);
    // Both rows of a step share its forecast, and most rows lie within the band; those of the fault lie far above it.
    const within = (row: number): boolean =>
      channel.values[row] >= channel.low[row] && channel.values[row] <= channel.high[row];
    const calm = Array.from({ length: FAULT.from - 500 }, (_, i) => 500 + i);
    expect(channel.expected[501]).toBe(channel.expected[500]);
    expect(calm.filter(within).length).toBeGreaterThan(0.8 * calm.length);
    expect(within(FAULT.from)).toBe(false);
    expect(trace?.incidents).toHaveLength(was.alerts.length);
    const [{ raisedUs, endUs, last }] = trace?.incidents ?? [];
    expect(raisedUs).toBe(was.timesUs[was.alerts[0]] - (was.timesUs[was.alerts[0]] % 60e6));
    expect(endUs).toBeGreaterThan(raisedUs);
    expect(last).toMatchObject({ phase: 'end', reason: 'anomaly', channels: [{ name: 'x' }] });
  });

  it.each([
    [LEARNT, {}],
    [601, {}],
    [930, {}],
    [601, { online: ONLINE }],
    [930, { decide: { warmupSteps: 50, alertsPerWeek: 20 } }],
  ])('says the same of earlier steps whatever comes from row %i on, %j', async (changed, more) => {
    const setting = { ...SETTING, value: { ...SETTING.value, ...more } };
    const before = Object.keys(more).length === 0 ? was : await judge('fault.csv', setting);
    const other = (row: number): number => (row < changed ? swing(row) : 5 - 3 * swing(row * 7));
    const is = await judge(
      table('is.csv', (row) => String(other(row))),
      setting,
    );
    // Of a step of two rows, the second may be changed.
    const same = changed - (changed % 2);
    expect(is.scores.subarray(0, same)).toEqual(before.scores.subarray(0, same));
    expect(is.open.subarray(0, same)).toEqual(before.open.subarray(0, same));
    expect([...is.alerts].filter((row) => row < same)).toEqual([...before.alerts].filter((row) => row < same));
    expect(is.scores.subarray(same)).not.toEqual(before.scores.subarray(same));
  });

  it('opens the incidents that a run opens', async () => {
    const path = join(
      folder,
      table('run.csv', (row) => String(swing(row))),
    );
    table('past.csv', (row) => String(swing(row + 5 * ROWS)));
    const value = { ...SETTING.value, model: 'model', sinks: [] };
    const learnt = { ...value, source: { kind: 'replay', files: 'past.csv' } };
    const past = await defineConfig(learnt, join(folder, 'test.yaml'));
    const context = contextOf(past);
    await learn(past, await gatherReadings(past, { context }), { engine: nodeEngine, context });
    const running = await defineConfig({ ...value, source: { kind: 'replay', files: path } }, past.file);
    const pipeline = new Pipeline(running, { engine: nodeEngine, log: silentLog });
    const events: KiokuEvent[] = [];
    pipeline.events.subscribe((batch) => void events.push(...batch));
    await pipeline.run(new AbortController().signal);
    const opened = events.filter((event): event is IncidentEvent => event.type === 'incident' && event.phase === 'new');
    const learntBefore = { ...SETTING, value, file: past.file, model: past.model, baselines: ['persistence'] as const };
    const [result, baseline] = await judgeAll('run.csv', [learntBefore]);
    expect(opened.length).toBeGreaterThan(0);
    expect(Array.from(result.alerts, (row) => Math.floor(result.timesUs[row] / 60e6) * 60e6)).toEqual(
      opened.map(({ us }) => us),
    );
    expect(Date.parse(result.modelSaw?.from ?? '')).toBeLessThanOrEqual(Date.parse(timeOf(0)));
    expect(result.learntRows).toBe(0);
    // A baseline has nothing but the file.
    expect([baseline.learntRows, baseline.modelSaw]).toEqual([LEARNT, undefined]);
    expect(baseline.alerts.length).toBeGreaterThan(0);
  });

  it.each([
    ['a net that stays as it is', {}],
    // What it learns from depends on the decider.
    ['a net that goes on learning', { online: ONLINE }],
  ])('tries other opening scores behind %s as if they were configured', async (_, more) => {
    const name = table('tried.csv', (row) => String(swing(row)));
    const common = { ...SETTING.value, ...more };
    const configured = await judge(name, { ...SETTING, value: common, thresholds: [0.4, 0.6] });
    const value = { ...common, decide: { warmupSteps: 50, openScore: 0.6, closeScore: (0.6 * 0.25) / 0.4 } };
    const high = await judge(name, { ...SETTING, value });
    expect(configured.threshold).toBe(0.4);
    expect(configured.candidates).toEqual([{ threshold: 0.6, anomalies: high.anomalies }]);
    expect(high.anomalies.length).toBeGreaterThan(0);
    // Or else it would have learnt nothing.
    expect(isDeepStrictEqual(configured.scores, was.scores)).toBe(!('online' in more));
  });

  it('knows the opening score that was found for a wish, and tries others beside it', async () => {
    const name = table('wish.csv', (row) => String(swing(row)));
    const value = { ...SETTING.value, decide: { warmupSteps: 50, alertsPerWeek: 20 } };
    const wished = await judge(name, { ...SETTING, value, thresholds: [0.9] });
    expect(wished.threshold).not.toBe(0.4);
    const found = { openScore: wished.threshold, closeScore: 0.625 * wished.threshold };
    const same = await judge(name, { ...SETTING, value: { ...value, decide: { warmupSteps: 50, ...found } } });
    expect(wished.anomalies).toEqual(same.anomalies);
    expect(wished.candidates).toHaveLength(1);
  });

  it('learns a net once for all configurations that differ in their deciders', async () => {
    const name = table('shared.csv', (row) => String(swing(row)));
    const other = {
      ...SETTING,
      title: 'other',
      value: { ...SETTING.value, decide: { warmupSteps: 60, openScore: 0.6 } },
    };
    const fewer = { ...SETTING, title: 'fewer', value: { ...SETTING.value, train: { maxEpochs: 1 } } };
    const [first, second, third] = await judgeAll(name, [SETTING, other, fewer]);
    expect(first).toEqual({ ...was, name });
    expect(second).toEqual(await judge(name, other));
    expect(third).toEqual(await judge(name, fewer));
    expect(third.scores).not.toEqual(first.scores);
  });
});

const NO_ROWS = { columns: [], rows: [] };

describe('the configuration of a file', () => {
  it('rescales the closing score with the opening score, as far as a decider takes it', async () => {
    const setting = { ...SETTING, value: { decide: { openScore: 0.4, closeScore: 0.06 } } };
    const config = await configOfFile(setting, '/nowhere/a.csv', NO_ROWS, 0);
    const high = await deciderWith(setting, config, 0.8);
    expect(high.options).toMatchObject({ openScore: 0.8, closeScore: 0.12 });
    const low = await deciderWith(setting, config, 0.15);
    expect(low.options).toMatchObject({ openScore: 0.15, closeScore: 0.05 });
  });

  it.each([
    [{ kind: 'replay', files: 'b.csv', delimiter: ';', speed: 50, columns: ['time', 'x'] }, ';'],
    [{ kind: 'mqtt', url: 'mqtt://127.0.0.1', topic: 'x' }, 'auto'],
  ])('reads CSV, as %j says of it', async (source, delimiter) => {
    const config = await configOfFile({ ...SETTING, value: { source } }, '/nowhere/a.csv', NO_ROWS, 0);
    expect(config.source.options).toMatchObject({ kind: 'replay', files: '/nowhere/a.csv', speed: 'full', delimiter });
    expect(config.source.options).not.toHaveProperty('columns');
  });
});

describe('bad data', () => {
  it('with holes, a constant column, decimal commas and its own labels is judged all the same', async () => {
    const cell = (row: number): string => {
      const value = row % 50 === 7 ? '' : swing(row).toFixed(4).replace('.', ',');
      return `${value};21,5;${row >= FAULT.from && row < FAULT.to ? 1 : 0}`;
    };
    const result = await judge(table('odd.csv', cell, 'time;x;still;anomaly', ';'));
    expect(result.values[8]).toBeCloseTo(swing(8), 4);
    expect(result.values[7]).toBeNaN();
    expect(result.alerts).toHaveLength(1);
    // The labels: a detector must not see them.
    expect(result.counters).toEqual({ 'align.unknown-channel': ROWS - LEARNT });
  });

  it('has the channels in the order of the columns, whichever came first', async () => {
    const cells = (row: number): string => `${row % 4 === 0 ? '' : swing(row)},${20 + swing(row)}`;
    const { values, trace } = await judge(table('two.csv', cells, 'time,x,y'), { ...SETTING, traced: true });
    expect(trace?.channels.map(({ name }) => name)).toEqual(['x', 'y']);
    expect([values[0], values[1]]).toEqual([NaN, swing(1)]);
  });

  it('keeps rows without a time, unjudged', async () => {
    const name = table('no-time.csv', (row) => String(swing(row)));
    const lines = Array.from({ length: ROWS }, (_, row) => `${row === 700 ? 'once' : timeOf(row)},${swing(row)}`);
    writeFileSync(join(folder, name), `time,x\n${lines.join('\n')}\n`);
    const result = await judge(name);
    expect(result.scores).toHaveLength(ROWS);
    expect([result.texts[700], result.scores[700], result.values[700]]).toEqual(['once', NaN, NaN]);
    expect(result.values[701]).toBe(swing(701));
    expect(result.counters).toEqual({ 'source.bad-time': 1 });
  });

  it.each([
    ['text', 'time,x', () => 'on', { code: 'DATA_INVALID' }],
    ['no time', 'number,x', () => '1', {}],
  ])('with %s is refused in clear words', async (_, header, valueOf, error) => {
    if (header.startsWith('number')) {
      writeFileSync(
        join(folder, 'bad.csv'),
        `number,x\n${Array.from({ length: ROWS }, (__, i) => `a${i},1`).join('\n')}\n`,
      );
    } else {
      table('bad.csv', valueOf, header);
    }
    await expect(judge('bad.csv')).rejects.toMatchObject({ name: 'UserError', code: 'DATA_INVALID', ...error });
  });

  it('that is shorter than what is learnt from, or too short to learn from, is refused', async () => {
    const name = table('short.csv', (row) => String(swing(row)));
    await expect(judge(name, { ...SETTING, learnRows: 5000 })).rejects.toMatchObject({
      code: 'DATA_TOO_SHORT',
      message: expect.stringContaining('none is left to judge') as string,
    });
    await expect(judge(name, { ...SETTING, learnRows: 40 })).rejects.toMatchObject({ code: 'DATA_TOO_SHORT' });
  });
});
