import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, asyncProperty, assert, integer } from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RecordingWriter } from '../../src/source/recording.js';
import { replayKind } from '../../src/source/replay.js';
import { sourceContract } from '../contracts/source.contract.js';
import { needsSharedData } from '../support/needs.js';
import { Collector, stageContext, type TestContextParts } from '../support/stages.js';

const goOn = new AbortController().signal;
const T0 = Date.UTC(2026, 0, 31, 12) * 1000;

function folder(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'kioku-replay-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  return dir;
}

function replay(baseDir: string, options: Record<string, unknown>, parts: Partial<TestContextParts> = {}) {
  const context = stageContext({ ...parts, baseDir });
  const source = replayKind.create(replayKind.schema.parse({ kind: 'replay', ...options }), context);
  onTestFinished(() => source.stop());
  return { source, context, collector: new Collector(source) };
}

/** All packets of a replay, with ample credit. */
async function all(baseDir: string, options: Record<string, unknown>) {
  const { source, context, collector } = replay(baseDir, options);
  source.credit(1e9);
  await source.start(goOn);
  await collector.done;
  const rows = collector.packets.map(({ arrivedUs, bytes }) => [
    (arrivedUs - T0) / 1e6,
    JSON.parse(Buffer.from(bytes).toString()) as unknown,
  ]);
  return { rows, context, collector };
}

function csvOf(n: number, stepSeconds = 1): string {
  const lines = Array.from({ length: n }, (_, i) => `${T0 / 1e6 + i * stepSeconds},${i}`);
  return `time,value\n${lines.join('\n')}\n`;
}

sourceContract('replay', (_ctx) => {
  const { source } = replay(folder({ 'pump.csv': csvOf(100) }), { files: 'pump.csv' }, { index: 3 });
  return Promise.resolve({ source, feed: () => Promise.resolve() });
});

describe('CSV', () => {
  it('makes of every row the JSON that a device would have sent', async () => {
    const csv = [
      '\uFEFFtimestamp, temperature ,"state, long","a ""quoted"" name"',
      '2026-01-31 12:00:00,21.50,"on, ok",1e3',
      '2026-01-31 12:00:00.000250,,off,-.5',
      '',
    ].join('\r\n');
    const { rows, collector } = await all(folder({ 'pump-1.csv': csv }), { files: 'pump-1.csv' });
    expect(rows).toEqual([
      [0, { timestamp: '2026-01-31 12:00:00', temperature: 21.5, 'state, long': 'on, ok', 'a "quoted" name': 1000 }],
      [0.00025, { timestamp: '2026-01-31 12:00:00.000250', 'state, long': 'off', 'a "quoted" name': -0.5 }],
    ]);
    expect(collector.packets[0]).toMatchObject({ topic: 'pump-1', route: { stream: 'pump-1' }, seq: 1, source: 0 });
  });

  it.each([
    [';', ',', 'ts;v\n1769860800;1,5\n'],
    ['\t', '.', 'ts\tv\n1769860800\t1.5\n'],
    ['|', '.', '"ts,a,b,c"|ts|v\nx|1769860800|1.5\n'],
  ])('finds the delimiter %j', async (_delimiter, decimal, csv) => {
    const { rows } = await all(folder({ 'a.csv': csv }), { files: 'a.csv', decimal });
    expect(rows).toEqual([[0, expect.objectContaining({ v: 1.5 })]]);
  });

  it('takes the names of the columns from the configuration where the file has none', async () => {
    const { rows } = await all(folder({ 'a.txt': '1,1769860800000\n2,1769860801000\n' }), {
      files: 'a.txt',
      columns: ['v', 'when'],
      time: { field: 'when', format: 'ms' },
    });
    expect(rows.map(([seconds]) => seconds)).toEqual([0, 1]);
  });

  it('finds the time under any name when it is written as a date', async () => {
    const csv = 'Druck;Zeit;Temp\n5;2026-01-31 12:00:00;20\n6;2026-01-31 12:00:01;21\n';
    const { rows } = await all(folder({ 'a.csv': csv }), { files: 'a.csv' });
    expect(rows).toEqual([
      [0, { Druck: 5, Zeit: '2026-01-31 12:00:00', Temp: 20 }],
      [1, { Druck: 6, Zeit: '2026-01-31 12:00:01', Temp: 21 }],
    ]);
  });

  it('counts malformed rows, shows the first with their lines, and goes on', async () => {
    const csv = [
      'time,v',
      '1769860800,1',
      '1769860801',
      'soon,2',
      '1769860802,3,4',
      '1769860803,"a"b',
      '1769860804,5',
      '',
    ];
    const { rows, context } = await all(folder({ 'a.csv': csv.join('\n') }), { files: 'a.csv' });
    expect(rows.map(([seconds]) => seconds)).toEqual([0, 3, 4]);
    expect(rows[1]).toEqual([3, { time: 1_769_860_803, v: '"a"b' }]);
    expect(context.counters.toJSON()).toEqual({ 'source.bad-time': 1, 'source.malformed-row': 2 });
    const shown = context.log.lines.filter((line) => line.includes('a row was skipped'));
    expect(shown.map((line) => /"line":(\d+)/.exec(line)?.[1])).toEqual(['3', '4', '5']);
  });

  it('survives a quote that is never closed', async () => {
    const csv = `time,v\n1769860800,1\n1769860801,"${'x\n'.repeat(1_000_000)}`;
    const { rows, context } = await all(folder({ 'a.csv': csv }), { files: 'a.csv' });
    expect(rows).toHaveLength(1);
    expect(context.counters.get('source.malformed-row')).toBeGreaterThan(0);
  });

  it('reads a real file of NAB (spaces in the times)', async (ctx) => {
    const path = needsSharedData(ctx, 'sensors/nab/data/realAWSCloudwatch/ec2_cpu_utilization_24ae8d.csv');
    const { collector, context } = await all('/', { files: path });
    expect(collector.packets).toHaveLength(4032);
    expect(context.counters.toJSON()).toEqual({});
  });
});

it('reads a real file of SKAB (semicolons), and tells its rows from broken ones', async (ctx) => {
  const path = needsSharedData(ctx, 'sensors/skab/anomaly-free/anomaly-free.csv');
  const { collector, context } = await all('/', { files: path });
  expect(collector.packets).toHaveLength(9405);
  expect(collector.texts[0]).toContain('"Accelerometer1RMS":0.202394,');
  expect(context.counters.toJSON()).toEqual({});
});

describe('JSON Lines', () => {
  it('hands the lines on as they are, at the time they say', async () => {
    const lines = ['{"ts":1769860800000,"v":1}', '', '  {"ts": 1769860801000, "v": [1, {"x": "ü"}]}  '];
    const { collector, rows } = await all(folder({ 'a.jsonl': lines.join('\r\n') }), { files: 'a.jsonl' });
    expect(rows.map(([seconds]) => seconds)).toEqual([0, 1]);
    expect(collector.texts).toEqual([lines[0], lines[2]]);
  });

  it('finds the time in a nested field', async () => {
    const { rows } = await all(folder({ 'a.jsonl': '{"meta":{"at":"2026-01-31T12:00:01Z"},"v":1}\n' }), {
      files: 'a.jsonl',
      time: { field: 'meta.at' },
    });
    expect(rows.map(([seconds]) => seconds)).toEqual([1]);
  });

  it('counts what is no object or has no time; leaves NaN to the decoder', async () => {
    const lines = ['{"time":1769860800,"v":1}', '{"time":', '7', '{"v":1}', '{"time":1769860801,"v":NaN}'];
    const { source, context, collector } = replay(folder({ 'a.jsonl': lines.join('\n') }), { files: 'a.jsonl' });
    source.credit(100);
    await source.start(goOn);
    await collector.done;
    expect(collector.texts).toEqual([lines[0], lines[4]]);
    expect(context.counters.toJSON()).toEqual({ 'source.bad-time': 1, 'source.malformed-row': 2 });
  });

  it('skips a line that is longer than any payload', async () => {
    const lines = ['{"time":1769860800}', `{"time":1769860801,"v":"${'x'.repeat(17_000_000)}"}`, '{"time":1769860802}'];
    const { rows, context } = await all(folder({ 'a.jsonl': lines.join('\n') }), { files: 'a.jsonl' });
    expect(rows.map(([seconds]) => seconds)).toEqual([0, 2]);
    expect(context.counters.toJSON()).toEqual({ 'source.row-too-long': 1 });
  });
});

describe('several files', () => {
  it('are merged by time, ties in the order in which they are named', async () => {
    const dir = folder({ 'a.csv': csvOf(3, 2), 'b.csv': csvOf(5, 1) });
    const { collector } = await all(dir, { files: ['a.csv', 'b.csv'] });
    const order = collector.packets.map(({ topic, arrivedUs }) => `${topic}${(arrivedUs - T0) / 1e6}`);
    expect(order).toEqual(['a0', 'b0', 'b1', 'a2', 'b2', 'b3', 'a4', 'b4']);
  });

  it('are a stream each, whatever the template of the feed', async () => {
    const dir = folder({ 'pump.csv': csvOf(1), 'fan.csv': csvOf(1) });
    const { collector } = await all(dir, { files: ['pump.csv', 'fan.csv'], topic: 'plant/{device}/{channel}' });
    expect(collector.packets.map(({ route }) => route)).toEqual([{ stream: 'pump' }, { stream: 'fan' }]);
  });
});

it('gives the same packets however the credit comes', async () => {
  const lines = Array.from(
    { length: 300 },
    (_, i) => `{"time":${T0 / 1e6 + (i % 7)},"v":${i},"pad":"${'ü'.repeat(i)}"}`,
  );
  const dir = folder({ 'a.csv': csvOf(200), 'b.jsonl': lines.join('\n') });
  const files = ['a.csv', 'b.jsonl'];
  const whole = (await all(dir, { files })).collector.packets;
  expect(whole).toHaveLength(500);
  await assert(
    asyncProperty(array(integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 }), async (credits) => {
      const { source, collector } = replay(dir, { files });
      await source.start(goOn);
      for (let i = 0; collector.packets.length < whole.length; i++) {
        const credit = credits[i % credits.length];
        const wanted = Math.min(whole.length, collector.packets.length + credit);
        source.credit(credit);
        await collector.count(wanted);
      }
      expect(collector.packets).toEqual(whole);
    }),
    { numRuns: 20 },
  );
});

describe('a recording', () => {
  it('gives back what was recorded, bytes, topics and times', async () => {
    const dir = folder({});
    const path = join(dir, 'rec.jsonl');
    const writer = await RecordingWriter.create(path, 'plant');
    const payloads = [Buffer.from('{"v":1}'), Buffer.from([0xff, 0, 0xfe]), Buffer.from('zwölf\n"x"'), Buffer.alloc(0)];
    await writer.append(
      payloads.map((bytes, i) => ({
        source: 0,
        seq: i + 1,
        topic: `plant/pump/${i}`,
        route: { stream: 'pump' },
        bytes,
        arrivedUs: T0 + i,
      })),
    );
    await writer.close();
    expect(writer.written).toBe(4);
    const { source, collector } = replay(dir, { files: 'rec.jsonl', topic: 'plant/{device}/{channel}' });
    source.credit(100);
    await source.start(goOn);
    await collector.done;
    expect(collector.packets.map(({ bytes }) => Buffer.from(bytes))).toEqual(payloads);
    expect(collector.packets[2]).toMatchObject({
      topic: 'plant/pump/2',
      route: { stream: 'pump', channel: '2' },
      arrivedUs: T0 + 2,
    });
  });

  it('that was cut off in the middle of a line gives all the others', async () => {
    const content =
      '{"kioku":"recording","version":1}\n{"t":1,"topic":"a","p":"1"}\n{"t":2,"topic":"a","p":"2"}\n{"t":3,"to';
    const { source, context, collector } = replay(folder({ 'r.jsonl': content }), { files: 'r.jsonl' });
    source.credit(100);
    await source.start(goOn);
    await collector.done;
    expect(collector.texts).toEqual(['1', '2']);
    expect(context.counters.toJSON()).toEqual({ 'source.malformed-row': 1 });
  });

  it('is given to streams by a template; what fits none is counted', async () => {
    const content = '{"kioku":"recording","version":1}\n{"t":1,"topic":"a/b","p":"1"}\n{"t":2,"topic":"c","p":"2"}\n';
    const { source, context, collector } = replay(folder({ 'r.jsonl': content }), { files: 'r.jsonl', topic: '{x}/b' });
    source.credit(100);
    await source.start(goOn);
    await collector.done;
    expect(collector.packets.map(({ seq, route }) => [seq, route])).toEqual([[1, { stream: 'a' }]]);
    expect(context.counters.toJSON()).toEqual({ 'source.topic-mismatch': 1 });
  });

  it('of another version is refused', async () => {
    const dir = folder({ 'r.jsonl': '{"kioku":"recording","version":2}\n' });
    await expect(all(dir, { files: 'r.jsonl' })).rejects.toMatchObject({ code: 'DATA_INVALID' });
  });
});

describe('what is wrong with a file is said', () => {
  it.each(['csv', 'jsonl'])('a missing .%s', async (ending) => {
    const { source } = replay(folder({}), { files: `none.${ending}` });
    await expect(source.start(goOn)).rejects.toMatchObject({
      code: 'DATA_MISSING',
      message: expect.stringContaining(`none.${ending}`),
    });
  });

  it.each([
    ['an empty file', '', {}, /no usable row/],
    ['only a header', 'time,v\n', {}, /no usable row/],
    ['no time', 'a,b\n1,2\n', {}, /known to be the time/],
    ['a time as no computer wrote it', 'time,v\n12/31/2026 12:00,1\n', {}, /'12\/31\/2026 12:00' in 'time' is none/],
    ['no such column', 'a,b\n1,2\n', { time: { field: 'when' } }, /no column 'when'/],
    ['not one good row', 'time,v\n1\n2\n', {}, /no usable row/],
    ['a binary file', '\0\u0001\u0002"\0', {}, /no usable row|known to be the time/],
  ])('%s', async (_what, content, options, message) => {
    await expect(all(folder({ 'a.csv': content }), { files: 'a.csv', ...options })).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringMatching(message),
    });
  });
});
