import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { normal, uniform } from '../../src/core/random.js';
import { allocateBatch } from '../../src/train/batches.js';
import { prepareDataset, type Dataset, type DatasetOptions } from '../../src/train/dataset.js';
import { bytesOf } from '../../src/train/sequence.js';
import { SeriesCollector, type Series } from '../../src/train/series.js';
import { readSpilled, SpillFile } from '../../src/train/spill-file.js';
import { trainingWindows, validationWindows, type Windows } from '../../src/train/windows.js';
import { columnsOf } from './series-of.js';

const STEP_US = 1_000_000;
const folder = mkdtempSync(join(tmpdir(), 'kioku-spill-'));
afterAll(() => rmSync(folder, { recursive: true }));

const shape = fc.record({
  streams: fc.integer({ min: 1, max: 4 }),
  channels: fc.integer({ min: 1, max: 3 }),
  frames: fc.integer({ min: 60, max: 400 }),
  memoryBytes: fc.integer({ min: 0, max: 20_000 }),
  seed: fc.nat(),
});
type Shape = typeof shape extends fc.Arbitrary<infer S> ? S : never;

/** Frames of one to three rows, of random streams, with holes and gaps. */
function collect({ streams, channels, frames, seed }: Shape, memoryBytes: number | undefined): SeriesCollector {
  const spill = memoryBytes === undefined ? undefined : { memoryBytes, folder };
  const collector = new SeriesCollector(channels, STEP_US, spill);
  const names = Array.from({ length: channels }, (_, c) => `c${c}`);
  const nextStep = new Float64Array(streams);
  for (let k = 0; k < frames; k++) {
    const stream = Math.floor(uniform(seed, 1, k) * streams);
    const rows = 1 + Math.floor(uniform(seed, 2, k) * 3);
    const step = nextStep[stream] + (uniform(seed, 3, k) < 0.02 ? 5 : 0);
    nextStep[stream] = step + rows;
    const cells = Array.from({ length: rows * channels }, (_, i) => k * 16 + i);
    collector.push({
      stream: `s${stream}`,
      source: 0,
      seq: k,
      us: step * STEP_US,
      arrivedUs: step * STEP_US,
      signal: { kind: 'channels', names, stepUs: STEP_US },
      data: Float64Array.from(cells, (i) => normal(seed, 4, i)),
      mask: Uint8Array.from(cells, (i) => (uniform(seed, 5, i) < 0.9 ? 1 : 0)),
    });
  }
  return collector;
}

function datasetOf(series: readonly Series[], channels: number, spill?: DatasetOptions['spill']): Dataset {
  return prepareDataset(series, {
    channels: Array.from({ length: channels }, (_, c) => `c${c}`),
    stepUs: STEP_US,
    calendar: ['day'],
    noiseFloors: Array.from({ length: channels }, () => 0),
    validationFraction: 0.3,
    fewestSamples: 1,
    ...(spill === undefined ? {} : { spill }),
  });
}

/** Every window of an epoch, copied. */
function batchesOf(windows: Windows): object[] {
  const batch = allocateBatch(windows);
  return Array.from({ length: windows.perEpoch }, (_, index) => {
    windows.fill(0, index, batch);
    return structuredClone(batch);
  });
}

function allBytes({ sequences, inputs, channels }: Dataset): Buffer {
  return Buffer.concat(
    sequences.flatMap((one) => Array.from(bytesOf(one, inputs, channels), (piece) => Buffer.from(piece))),
  );
}

describe('rows beyond what memory may hold', () => {
  it('are read back as they came, any part of them', () => {
    fc.assert(
      fc.property(shape, fc.nat(), fc.nat(), (data, a, b) => {
        const inMemory = collect(data, undefined).finish();
        const collector = collect(data, data.memoryBytes);
        const series = collector.finish();
        expect(series.map(({ stream, rows }) => [stream, rows])).toEqual(inMemory.map((s) => [s.stream, s.rows]));
        series.forEach((one, s) => {
          const whole = columnsOf(inMemory[s]);
          expect(columnsOf(one)).toEqual(whole);
          const [from, to] = [a % one.rows, 1 + (b % one.rows)].toSorted((x, y) => x - y);
          const part = [...one.pieces(from, to)].flatMap(({ us }) => Array.from(us));
          expect(part).toEqual(Array.from(whole.us.subarray(from, to)));
        });
        collector.close();
      }),
    );
  });

  it('leave memory, however many streams share it and however few rows each has', () => {
    const data = { streams: 50, channels: 2, frames: 5000, memoryBytes: 0, seed: 1 };
    const collector = collect(data, 30_000);
    expect(collector.bytes).toBeLessThanOrEqual(30_000);
    // Of a row 27 bytes, wherever it is; in memory there is also room for rows to come.
    expect(collector.spilledBytes + collector.bytes).toBeGreaterThanOrEqual(collector.rows * 27);
    expect(collector.spilledBytes).toBeLessThanOrEqual(collector.rows * 27);
    collector.close();
  });

  it('make no file while there is room', () => {
    const collector = collect({ streams: 2, channels: 1, frames: 100, memoryBytes: 0, seed: 1 }, 1e6);
    expect([collector.spilledBytes, readdirSync(folder)]).toEqual([0, []]);
  });
});

describe('sequences beyond what memory may hold', () => {
  it('give the windows of those in memory, bit for bit, from the first row to the last', () => {
    const windows = fc.record({ length: fc.integer({ min: 1, max: 40 }), lanes: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(shape, windows, (data, { length, lanes }) => {
        const collector = collect(data, data.memoryBytes);
        const inMemory = datasetOf(collect(data, undefined).finish(), data.channels);
        const inFile = datasetOf(collector.finish(), data.channels, { memoryBytes: 0, folder });
        const options = { inputs: inMemory.inputs, channels: data.channels, length, lanes };
        for (const windowsOf of [trainingWindows, validationWindows]) {
          const [there, here] = [inFile, inMemory].map(({ sequences }) => batchesOf(windowsOf(sequences, options)));
          expect(there).toEqual(here);
        }
        const { sequences: _there, file, ...rest } = inFile;
        const { sequences: _here, ...expected } = inMemory;
        expect(rest).toEqual(expected);
        file?.close();
        collector.close();
      }),
      { numRuns: 50 },
    );
  });

  it('are told apart from other data, and not from the same in memory', () => {
    const data = { streams: 2, channels: 2, frames: 3000, memoryBytes: 0, seed: 3 };
    const all = collect(data, undefined).finish();
    const inFile = datasetOf(all, 2, { memoryBytes: 0, folder });
    const inMemory = datasetOf(all, 2);
    expect(allBytes(inFile).equals(allBytes(inMemory))).toBe(true);
    inFile.file?.close();
  });
});

describe('the temporary file', () => {
  it('has no name, so that nothing is left of it whatever ends the process', () => {
    const file = new SpillFile(join(folder, 'model'));
    expect(file.append(Uint8Array.of(1, 2, 3))).toBe(0);
    expect(file.append(Uint8Array.of(4, 5))).toBe(3);
    const back = new Uint8Array(4);
    readSpilled(file.descriptor, back, 1);
    expect([...back]).toEqual([2, 3, 4, 5]);
    expect(readdirSync(join(folder, 'model'))).toEqual([]);
    file.close();
    file.close();
  });

  it('that cannot be made is an error that says where and why', () => {
    writeFileSync(join(folder, 'in-the-way'), '');
    expect(() => new SpillFile(join(folder, 'in-the-way'))).toThrow(
      expect.objectContaining({
        name: 'UserError',
        code: 'DISK',
        message: expect.stringMatching(/in-the-way/) as string,
      }),
    );
    expect(existsSync(join(folder, 'in-the-way'))).toBe(true);
  });
});
