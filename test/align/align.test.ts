import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StepAligner } from '../../src/align/align.js';
import { alignSchema } from '../../src/core/alignment.js';
import type { Frame } from '../../src/core/contracts.js';
import { Counters } from '../../src/core/counters.js';
import { MICROS } from '../../src/core/time.js';
import { copyOfFrame } from '../../src/stream-aligner.js';
import { alignerContract } from '../contracts/aligner.contract.js';
import { readingOf } from '../support/readings.js';

const CHANNELS = [{ name: 'a' }, { name: 'b', aggregate: 'last' }, { name: 'n', aggregate: 'count' }];
const SLOTS = 4;
const S = MICROS.second;
const T0 = 1_700_000_000 * S;

function make(options: object = {}, counters = new Counters()): StepAligner {
  const parsed = alignSchema.parse({ channels: CHANNELS, ...options });
  return new StepAligner({ ...parsed, channels: parsed.channels ?? [] }, counters, SLOTS);
}

interface Rows {
  readonly frames: Frame[];
  /** `seconds since T0, mark, values` of each row; null = missing */
  readonly rows: unknown[][];
  readonly counts: Record<string, number>;
}

/** @param flush whether the input ends here */
function align(readings: readonly Frame[], options: object = {}, flush = true): Rows {
  const counters = new Counters();
  const aligner = make(options, counters);
  aligner.open(0, 'machine');
  const frames: Frame[] = [];
  for (const reading of readings) aligner.push(0, reading, (row) => frames.push(copyOfFrame(row)));
  if (flush) aligner.flush(0, (row) => frames.push(copyOfFrame(row)));
  const rows = frames.map(({ us, mark, data, mask }) => [
    (us - T0) / S,
    mark,
    ...Array.from(data, (v, c) => (mask?.[c] === 1 ? v : null)),
  ]);
  return { frames, rows, counts: counters.toJSON() };
}

const at = (seconds: number, channels: Record<string, number>, parts: Parameters<typeof readingOf>[2] = {}): Frame =>
  readingOf(T0 + Math.round(seconds * S), channels, parts);

const A = [{ name: 'a' }];

const all = (v: number): Record<string, number> => ({ mean: v, last: v, sum: v, count: v });

const numbered = (channels: Record<string, number>, sequence: number): Frame =>
  at(0.1, channels, { sequence, unstamped: true });

/** A device whose clock is off by `offset` seconds; readings arrive once a second all the same. */
const ticking = (from: number, to: number, offset: number): Frame[] =>
  Array.from({ length: to - from }, (_, i) =>
    at(from + i + offset, { a: from + i }, { arrivedUs: T0 + (from + i) * S }),
  );

describe('any aligner', () => {
  // Mostly steady, with strays to both sides, repeats, and message numbers that repeat.
  const time = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 3000 }) },
    { weight: 2, arbitrary: fc.integer({ min: -30_000, max: 30_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(1.6e12, -3.6e6, 0) },
  );
  const reading = fc.record({
    stepMs: time,
    names: fc.subarray(['a', 'b', 'n', 'unknown'], { minLength: 1 }),
    value: fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
    sequence: fc.option(fc.nat(100), { nil: undefined }),
  });
  const readings = fc.array(reading, { maxLength: 60 }).map((list) => {
    let ms = T0 / 1000;
    return list.map(({ stepMs, names, value, sequence }, seq) => {
      const us = (ms + stepMs) * 1000;
      if (Math.abs(stepMs) < 1e5) ms += stepMs;
      const channels = Object.fromEntries(names.map((name, i) => [name, value + i]));
      return readingOf(us, channels, { seq: seq + 1, ...(sequence !== undefined && { sequence }) });
    });
  });
  alignerContract('StepAligner', make, readings);
  alignerContract('StepAligner that waits', () => make({ lateMs: 2500, maxGapMs: 4000 }), readings);
});

describe('time steps', () => {
  it('hold the mean, the last by time, the sum and the number of readings', () => {
    const channels = ['mean', 'last', 'sum', 'count'].map((aggregate) => ({ name: aggregate, aggregate }));
    const { rows, frames } = align(
      [at(0.1, all(1), { seq: 7 }), at(0.9, all(5), { seq: 8 }), at(0.5, all(3), { seq: 9 })],
      {
        channels,
      },
    );
    expect(rows).toEqual([[0, 'start', 3, 5, 9, 3]]);
    expect(frames[0].seq).toBe(9);
  });

  it('close with the first reading of a later step', () => {
    expect(align([at(0, { a: 1 }), at(0.999, { a: 3 })], { channels: A }, false).rows).toEqual([]);
    expect(align([at(0, { a: 1 }), at(1, { a: 3 })], { channels: A }, false).rows).toEqual([[0, 'start', 1]]);
  });

  it('say what is missing, and count nothing as 0 while the stream lives', () => {
    const { rows, counts } = align([at(0, { a: 1 }), at(1, { b: 2 }), at(4, { a: 3, n: 9 })]);
    expect(rows).toEqual([
      [0, 'start', 1, null, 0],
      [1, undefined, null, 2, 0],
      [2, undefined, null, null, null],
      [3, undefined, null, null, null],
      [4, undefined, 3, null, 1],
    ]);
    expect(counts).toEqual({ 'align.filled': 2 });
  });

  it('without readings are 0 where every channel is a sum or a count', () => {
    const channels = [
      { name: 'n', aggregate: 'count' },
      { name: 's', aggregate: 'sum' },
    ];
    expect(align([at(0, { n: 1, s: 5 }), at(2, { s: 1 })], { channels }).rows).toEqual([
      [0, 'start', 1, 5],
      [1, undefined, 0, 0],
      [2, undefined, 0, 1],
    ]);
  });

  it('that were made upstream pass with their mask', () => {
    const frame: Frame = {
      ...at(0, {}),
      signal: { kind: 'channels', names: ['b', 'a'], stepUs: S },
      data: Float64Array.of(1, 2, 3, 4, 5, 6),
      mask: Uint8Array.of(1, 1, 0, 1, 1, 1),
    };
    expect(align([frame], { channels: [...A, { name: 'b' }] }).rows).toEqual([
      [0, 'start', 2, 1],
      [1, undefined, 4, null],
      [2, undefined, 6, 5],
    ]);
  });

  it('leave out channels and values that are not theirs, counted', () => {
    const { rows, counts } = align([at(0, { x: 1, y: 2 }), at(0.1, { a: NaN, x: 3 }), at(0.2, { a: 1 })], {
      channels: A,
    });
    expect(rows).toEqual([[0, 'start', 1]]);
    expect(counts).toEqual({ 'align.unknown-channel': 3, 'align.not-finite': 1 });
    expect(align([readingOf(NaN, { a: 1 }), readingOf(1e300, { a: 1 })], { channels: A }).counts).toEqual({
      'align.bad-time': 2,
    });
  });
});

describe('late readings', () => {
  const late = [at(0, { a: 1 }), at(1.5, { a: 2 }), at(0.5, { a: 3 }), at(2.5, { a: 4 })];

  it('of a closed step are dropped', () => {
    const { rows, counts } = align(late, { channels: A });
    expect(rows.map((row) => row[2])).toEqual([1, 2, 4]);
    expect(counts).toEqual({ 'align.late': 1 });
  });

  it('are waited for when told so, also at the very start', () => {
    const { rows, counts } = align([at(1.7, { a: 8 }), ...late], { channels: A, lateMs: 1500 });
    expect(rows).toEqual([
      [0, 'start', 2],
      [1, undefined, 5],
      [2, undefined, 4],
    ]);
    expect(counts).toEqual({});
  });
});

describe('repeated deliveries', () => {
  it('are known by the time stamp within a channel; the first value counts', () => {
    const readings = [at(0.1, { a: 1 }), at(0.1, { a: 9 }), at(0.1, { b: 5 }), at(0.2, { a: 3 })];
    const { rows, counts } = align(readings);
    expect(rows).toEqual([[0, 'start', 2, 5, 0]]);
    expect(counts).toEqual({ 'align.duplicate': 1 });
    expect(align(readings, { dedupe: false }).rows).toEqual([[0, 'start', 13 / 3, 5, 0]]);
  });

  it('are not suspected where the time is only that of arrival', () => {
    const { rows, counts } = align(
      [1, 2, 3].map((a) => at(0.1, { a }, { unstamped: true })),
      { channels: A },
    );
    expect(rows).toEqual([[0, 'start', 2]]);
    expect(counts).toEqual({});
  });

  it('are known by the message number, each topic with its own', () => {
    const { rows, counts } = align([
      numbered({ a: 1 }, 5),
      numbered({ b: 1 }, 5),
      numbered({ a: 2 }, 7),
      numbered({ a: 2 }, 7),
      numbered({ a: 6 }, 6),
      numbered({ a: 9 }, 5),
    ]);
    expect(rows).toEqual([[0, 'start', 3, 1, 0]]);
    expect(counts).toEqual({ 'align.duplicate': 2 });
  });

  it('in a long burst are no clock that was set back', () => {
    const readings = Array.from({ length: 40 }, (_, i) => at(i * 10, { a: i }));
    const { rows, counts } = align([...readings, ...readings.slice(-15, -1), at(400, { a: 40 })], {
      channels: A,
      maxGapMs: 20_000,
    });
    expect(rows.filter((row) => row[2] !== null)).toHaveLength(41);
    expect(rows.filter((row) => row[1] === 'gap')).toEqual([]);
    expect(counts['align.duplicate']).toBe(14);
  });
});

describe('missing time', () => {
  it('up to maxGapMs is filled, beyond it the stream starts anew', () => {
    const filled = align([at(0, { a: 1 }), at(11, { a: 2 })], { channels: A });
    expect(filled.rows).toHaveLength(12);
    expect(filled.counts).toEqual({ 'align.filled': 10 });
    const gap = align([at(0, { a: 1 }), at(12, { a: 2 })], { channels: A });
    expect(gap.rows).toEqual([
      [0, 'start', 1],
      [12, 'gap', 2],
    ]);
    expect(gap.counts).toEqual({ 'align.gap': 1 });
  });

  it('does not swallow a stream that is slower than maxGapMs', () => {
    const { rows } = align(
      [0, 60, 120].map((s) => at(s, { a: s })),
      { channels: A },
    );
    expect(rows.map((row) => row[2])).toEqual([0, 60, 120]);
  });
});

describe('a clock that jumps', () => {
  const year = 365.25 * 86_400;
  it('forward by 50 years is one gap, not a billion rows', () => {
    const { rows, counts } = align([...ticking(0, 5, 0), ...ticking(5, 10, 50 * year)], { channels: A });
    expect(rows.map((row) => row[2])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(rows.map((row) => row[1])).toEqual(['start', ...Array(4), 'gap', ...Array(4)]);
    expect(counts).toEqual({ 'align.clock-forward': 1 });
  });

  it('back by an hour is believed at the fifth reading', () => {
    const { rows, counts } = align([...ticking(0, 20, 0), ...ticking(20, 40, -3600)], { channels: A });
    expect(rows.map((row) => row[2])).toEqual([...Array(20).keys(), ...Array.from({ length: 16 }, (_, i) => 24 + i)]);
    expect(rows[20].slice(0, 2)).toEqual([24 - 3600, 'gap']);
    expect(counts).toEqual({ 'align.clock-back': 4 });
  });

  it('back by a little is late until it has caught up', () => {
    const { rows, counts } = align([...ticking(0, 20, 0), ...ticking(20, 40, -5.5)], { channels: A });
    expect(rows.filter((row) => row[1] === 'gap')).toEqual([]);
    expect(counts).toEqual({ 'align.late': 5 });
  });

  it('is not believed for strays that never come in a row, nor for some that do not agree', () => {
    const scattered = Array.from({ length: 20 }, (_, i) => [
      ...ticking(i, i + 1, 0),
      ...ticking(i, i + 1, -3600),
    ]).flat();
    const single = align(scattered, { channels: A });
    expect(single.rows.map((row) => row[2])).toEqual([...Array(20).keys()]);
    expect(single.counts).toEqual({ 'align.clock-back': 20 });
    const wild = [1e4, 2e4, 3e4, 4e4, 5e4, 6e4].flatMap((back) => ticking(10, 11, -back));
    expect(align([...ticking(0, 10, 0), ...wild, ...ticking(10, 12, 0)], { channels: A }).rows).toHaveLength(12);
  });

  it('in one stray stamp, to either side, does not lock the stream out', () => {
    const back = align([...ticking(0, 10, 0), ...ticking(10, 11, -9e5), ...ticking(11, 30, 0)], { channels: A });
    expect(back.rows.filter((row) => row[1] === 'gap')).toEqual([]);
    expect(back.counts).toEqual({ 'align.clock-back': 1, 'align.filled': 1 });
    const ahead = align([...ticking(0, 10, 0), ...ticking(10, 11, 9e8), ...ticking(11, 30, 0)], { channels: A });
    expect(ahead.rows.map((row) => row[0])).toEqual([
      ...Array(10).keys(),
      ...Array.from({ length: 15 }, (_, i) => 15 + i),
    ]);
    expect(ahead.counts).toEqual({ 'align.clock-forward': 1, 'align.clock-back': 4, 'align.stray-time': 1 });
  });
});
