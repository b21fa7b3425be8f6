import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/core/contracts.js';
import { BugError, UserError } from '../../src/core/errors.js';
import { uniform } from '../../src/core/random.js';
import { saveNumbers } from '../../src/core/saved-state.js';
import { normaliseKind } from '../../src/feature/normalise.js';
import type { Normaliser } from '../../src/feature/normaliser.js';
import { emptyBatch, featureContract, rowOfBatch } from '../contracts/feature.contract.js';
import { readingOf } from '../support/readings.js';
import { stageContext } from '../support/stages.js';
import { handMadeCard, KNOWN, POOLED } from './card.js';

const NAMES = ['a', 'b'];
const S = 1e6;

function make(warmupSteps: number): ReturnType<typeof normaliseKind.create> {
  const options = normaliseKind.schema.parse({ kind: 'normalise', warmupSteps });
  return normaliseKind.create(options, { ...stageContext(), card: handMadeCard(), capacity: 4 });
}

/** @param values a row each; null = missing */
function stepsOf(us: number, values: readonly (number | null)[][], mark?: 'start' | 'gap'): Frame {
  const flat = values.flat();
  return {
    ...readingOf(us, {}),
    signal: { kind: 'channels', names: NAMES, stepUs: S },
    data: Float64Array.from(flat, (v) => v ?? 0),
    mask: Uint8Array.from(flat, (v) => (v === null ? 0 : 1)),
    ...(mark !== undefined && { mark }),
  };
}

interface Row {
  readonly us: number;
  readonly gap: number;
  readonly settled: number;
  readonly data: number[];
  readonly mask: number[];
}

function rowsOf(feature: Pick<Normaliser, 'take'>): Row[] {
  const rows: Row[] = [];
  const batch = emptyBatch(1, 4);
  while (feature.take(batch) > 0) rows.push(rowOfBatch(batch, 0) as Row);
  return rows;
}

const cell = fc.oneof(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), fc.constant(null));
const frames = fc.array(
  fc
    .record({
      rows: fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 3 }),
      mark: fc.option(fc.constantFrom('start' as const, 'gap' as const), { nil: undefined }),
      us: fc.integer({ min: 0, max: 1e15 }),
    })
    .map(({ us, rows, mark }) => stepsOf(us, rows, mark)),
  { maxLength: 30 },
);
featureContract('normalise', () => make(60), frames);

describe('inputs', () => {
  it('are the channels on their own scale, then the calendar', () => {
    const feature = make(10);
    feature.open(0, 'known');
    feature.push(0, stepsOf(86_400 * S * 20_000 + 21_600 * S, [[12, -2]], 'start'));
    expect(feature.names).toEqual(['a', 'b', 'day.sin', 'day.cos']);
    expect(rowsOf(feature)).toEqual([
      expect.objectContaining({ gap: 1, settled: 1, data: [1, -2, 1, expect.closeTo(0, 6)], mask: [1, 1, 1, 1] }),
    ]);
  });

  it('hold the last value over what is missing, and nothing over a gap', () => {
    const feature = make(10);
    feature.open(0, 'known');
    feature.push(0, stepsOf(0, [[null, -2], [12, null], [null, null]], 'start')); // prettier-ignore
    feature.push(0, stepsOf(99 * S, [[null, -1.5]], 'gap'));
    const rows = rowsOf(feature);
    expect(rows.map(({ data }) => data.slice(0, 2))).toEqual([[0, -2], [1, -2], [1, -2], [0, -1]]); // prettier-ignore
    expect(rows.map(({ mask }) => mask.slice(0, 2))).toEqual([[0, 1], [1, 0], [0, 0], [0, 1]]); // prettier-ignore
    expect(rows.map(({ gap }) => gap)).toEqual([1, 0, 0, 1]);
    expect(rows.map(({ us }) => us)).toEqual([0, S, 2 * S, 99 * S]);
  });

  it('go back to the unit of the channel', () => {
    const feature = make(0);
    feature.open(0, 'known');
    feature.open(1, 'constructor');
    expect(feature.toUnits(0, 1, 2)).toBe(KNOWN[1].center + 2 * KNOWN[1].scale);
    expect(feature.toUnits(1, 1, -1)).toBe(POOLED[1].center - POOLED[1].scale);
  });

  it('refuse channels that are not the model’s', () => {
    const feature = make(10);
    feature.open(0, 'known');
    expect(() => feature.push(0, readingOf(0, { b: 1, a: 2 }))).toThrow(BugError);
  });
});

const normal = (i: number, c: number): number =>
  Math.sqrt(-2 * Math.log(1 - uniform(5, i, 2 * c))) * Math.cos(2 * Math.PI * uniform(5, i, 2 * c + 1));

describe('a stream that training never saw', () => {
  it('is provisional for half of the warm-up, then starts anew on its own scale, which stays', () => {
    const feature = make(1000);
    feature.open(0, 'new');
    for (let i = 0; i < 600; i++) {
      // Every tenth value is an outlier: the scale must not be impressed.
      const outlier = i % 10 === 3 ? 1000 : 0;
      feature.push(0, stepsOf(i * S, [[1e9 + 3 * normal(i, 0) + outlier, 50 + 20 * normal(i, 1)]]));
    }
    const rows = rowsOf(feature);
    expect(rows.map(({ settled }) => settled)).toEqual([...Array(500).fill(0), ...Array(100).fill(1)]);
    expect(rows.flatMap(({ gap }, i) => (gap === 1 ? [i] : []))).toEqual([500]);
    expect(feature.toUnits(0, 0, 0)).toBeCloseTo(1e9, -0.5);
    expect(feature.toUnits(0, 0, 1) - feature.toUnits(0, 0, 0)).toBeCloseTo(3, -0.5);
    expect(feature.toUnits(0, 1, 0)).toBeCloseTo(50, -1);
    const scale = feature.toUnits(0, 1, 1);
    for (let i = 600; i < 700; i++) feature.push(0, stepsOf(i * S, [[0, 1e6]]));
    expect(feature.toUnits(0, 1, 1)).toBe(scale);
  });

  it.each([1e9, -999, Number.MAX_VALUE, -Number.MAX_VALUE])('is not blinded by stray values of %d', (stray) => {
    const feature = make(600);
    feature.open(0, 'new');
    for (let i = 0; i < 301; i++) {
      feature.push(0, stepsOf(i * S, [[i % 33 === 2 ? stray : 20 + 2 * normal(i, 0), normal(i, 1)]]));
    }
    const center = feature.toUnits(0, 0, 0);
    expect(center).toBeCloseTo(20, 0);
    expect(feature.toUnits(0, 0, 1) - center).toBeGreaterThan(1.4);
    expect(feature.toUnits(0, 0, 1) - center).toBeLessThan(2.6);
    for (const { data } of rowsOf(feature)) expect(data.every(Number.isFinite)).toBe(true);
  });

  it('counts only rows that hold something', () => {
    const feature = make(4);
    feature.open(0, 'new');
    feature.push(0, stepsOf(0, [[1, 1], [null, null], [null, 2], [1, 1]])); // prettier-ignore
    expect(rowsOf(feature).map(({ settled }) => settled)).toEqual([0, 0, 0, 1]);
  });

  it('that stands still is given a tenth of the others’ spread', () => {
    const feature = make(100);
    feature.open(0, 'new');
    for (let i = 0; i < 60; i++) feature.push(0, stepsOf(i * S, [[7, 7]]));
    expect(feature.toUnits(0, 1, 0)).toBe(7);
    expect(feature.toUnits(0, 1, 1)).toBe(7 + POOLED[1].scale / 10);
  });

  it('is not judged by the rounding of numbers that are far larger than those of the others', () => {
    const feature = make(100);
    feature.open(0, 'new');
    for (let i = 0; i < 60; i++) feature.push(0, stepsOf(i * S, [[1e18 + 128 * (i % 3), 7]]));
    expect(feature.toUnits(0, 0, 1) - feature.toUnits(0, 0, 0)).toBeGreaterThanOrEqual(0.9e9);
  });

  it('uses the scale of the others where it showed too little', () => {
    const feature = make(100);
    feature.open(0, 'new');
    for (let i = 0; i < 60; i++) feature.push(0, stepsOf(i * S, [[7, i < 19 ? 7 : null]]));
    expect(feature.toUnits(0, 1, 1)).toBe(POOLED[1].center + POOLED[1].scale);
  });
});

/** Of a stream that is warming up. */
const savedNumbers = (): Float64Array => {
  const feature = make(100);
  feature.open(0, 'new');
  for (let i = 0; i < 30; i++) feature.push(0, stepsOf(i * S, [[i, -i]]));
  rowsOf(feature);
  return new Float64Array(feature.save(0).slice(1).buffer);
};

const loadNumbers = (numbers: Float64Array): void => {
  const feature = make(100);
  feature.open(0, 'new');
  feature.load(0, saveNumbers(2, numbers));
};

describe('a saved state', () => {
  // Whether it is settled, rows, centre and scale of both channels, held values, then the samples, how many were seen first.
  it.each([
    ['a centre that is no number', 2, Number.NaN],
    ['a scale of 0', 3, 0],
    ['an infinite scale', 5, Infinity],
    ['more values than rows', 8, 31],
    ['less than no values', 8, -1],
    ['half a value', 8, 1.5],
    ['no number of values', 8, Number.NaN],
    ['no number of rows', 1, Number.NaN],
  ])('with %s is refused', (_what, at, value) => {
    const numbers = savedNumbers();
    expect(() => loadNumbers(numbers)).not.toThrow();
    numbers[at] = value;
    expect(() => loadNumbers(numbers)).toThrow(UserError);
  });
});
