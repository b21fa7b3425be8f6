import { pathToFileURL } from 'node:url';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Packed } from '../../src/report/chart.js';
import { fairShare, pack, pick, thin } from '../../src/report/pack.js';
import { ROOT } from '../support/build.js';

/** The page's own: it runs in the browser, and is no module of `src`. */
let unpack: (packed: Packed) => (number | null)[];
beforeAll(async () => {
  const { href } = pathToFileURL(`${ROOT}assets/report/unpack.js`);
  ({ unpack } = (await import(href)) as { unpack: typeof unpack });
});

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -100, max: 100, noNaN: true }),
  fc.double({ min: 1.7e12, max: 1.7e12 + 1000, noNaN: true }),
);
const series = fc.array(fc.option(number, { nil: NaN, freq: 6 }), { maxLength: 200 });

describe('packed numbers', () => {
  it('come out of a page as they went in, as far as a chart can show', () => {
    fc.assert(
      fc.property(series, (values) => {
        const known = values.filter((value) => !Number.isNaN(value));
        const range = Math.max(...known) - Math.min(...known);
        const out = unpack(pack(values));
        expect(out).toHaveLength(values.length);
        expect(out.map((value) => value === null)).toEqual(values.map(Number.isNaN));
        const errors = known.map((value, i) => Math.abs(value - (out.filter((one) => one !== null)[i] ?? NaN)));
        expect(errors.filter((error) => !(error <= 1e-5 * range))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('take half the room where nobody sees the difference, and all of it where one would', () => {
    expect(pack([0.1, 20, NaN]).type).toBe('float32');
    const times = [1_760_000_000_000, 1_760_000_000_001, 1_760_000_001_000];
    expect(unpack(pack(times))).toEqual(times);
    const counter = [4_000_000_001, 4_000_000_002];
    expect(unpack(pack(counter))).toEqual(counter);
    expect(unpack(pack([1e300, 0]))).toEqual([1e300, 0]);
    expect(unpack(pack([]))).toEqual([]);
  });
});

describe('a thinned series', () => {
  it('keeps the extremes of every trace, its ends and its order, and is no longer than it may be', () => {
    const few = fc.integer({ min: 8, max: 60 });
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 500 }), few, (rows, most) => {
        const traces = [rows.map(([a]) => a), rows.map(([, b]) => b)];
        const chosen = thin(traces, most);
        expect(chosen.length).toBeLessThanOrEqual(Math.max(most, 8));
        expect([...chosen]).toEqual([...new Set(chosen)].toSorted((a, b) => a - b));
        expect([chosen[0], chosen.at(-1)]).toEqual([0, rows.length - 1]);
        for (const trace of traces) {
          const shown = pick(trace, chosen);
          expect(Math.max(...shown)).toBe(Math.max(...trace));
          expect(Math.min(...shown)).toBe(Math.min(...trace));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps each spike, and a hole as a hole', () => {
    const values = Float64Array.from({ length: 10_000 }, (_, i) => (i % 1000 === 500 ? 9 : Math.sin(i / 50)));
    values.fill(NaN, 3000, 4400);
    const shown = pick(values, thin([values], 200));
    expect(shown.filter((value) => value === 9)).toHaveLength(9);
    expect(shown.filter(Number.isNaN).length).toBeGreaterThan(10);
    expect(thin([values], 10_000)).toHaveLength(10_000);
  });
});

it('shares out the room of a page: short series whole, long ones alike, never less than the least', () => {
  expect(fairShare([100, 200, 300], 1000, 10)).toBe(300);
  expect(fairShare([100, 4000, 4000], 1100, 10)).toBe(500);
  expect(fairShare([1000, 10, 1000, 10], 520, 10)).toBe(250);
  expect(fairShare([1000, 1000], 100, 400)).toBe(400);
  expect(fairShare([], 100, 400)).toBe(400);
});
