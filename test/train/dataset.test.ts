import { describe, expect, it } from 'vitest';
import { fitScale, toZ } from '../../src/feature/scaling.js';
import { prepareDataset, type DatasetOptions } from '../../src/train/dataset.js';
import type { Series } from '../../src/train/series.js';
import { inMemory, seriesOf } from './series-of.js';

const STEP_US = 500_000;
const OPTIONS: DatasetOptions = {
  channels: ['a'],
  stepUs: STEP_US,
  calendar: [],
  noiseFloors: [0],
  validationFraction: 0.2,
  fewestSamples: 20,
};

/** A series of one channel; NaN = missing; `gaps` = rows before which time is missing. */
function series(stream: string, values: readonly number[], gaps: readonly number[] = []): Series {
  const us = Float64Array.from(values, (_, row) => row * STEP_US);
  const mask = Uint8Array.from(values, (value) => (Number.isNaN(value) ? 0 : 1));
  const starts = Uint8Array.from(values, (_, row) => (row === 0 || gaps.includes(row) ? 1 : 0));
  return seriesOf({ stream, us, values: Float64Array.from(values), mask, starts });
}

const ramp = Array.from({ length: 100 }, (_, row) => row);

describe('prepareDataset', () => {
  it('fits the scale on the learnt part only', () => {
    const outlandish = ramp.map((value) => (value < 80 ? value : 1e6));
    const { normalisation } = prepareDataset([series('pump', outlandish)], OPTIONS);
    expect(normalisation.streams['pump']).toEqual([fitScale(Float64Array.from(ramp.slice(0, 80)), 0)]);
  });

  it('cuts at gaps and holds out the tail of the stream, not of each stretch', () => {
    const { sequences, rows } = prepareDataset([series('pump', ramp, [30, 31, 90])], OPTIONS);
    // Row 30 stands alone: nothing follows it.
    expect(sequences.map((one) => one.rows)).toEqual([30, 59, 10]);
    // Of rows 31 … 89 the last learnt target is row 79: samples 31 … 78.
    expect(sequences.map((one) => one.split)).toEqual([29, 48, 0]);
    expect(rows).toBe(100);
  });

  it('holds the last observed value over missing ones, and 0 before the first', () => {
    const values = [NaN, 5, NaN, NaN, 7, ...ramp];
    const { sequences, normalisation } = prepareDataset([series('pump', values)], OPTIONS);
    const { x, observed } = inMemory(sequences[0]);
    const { center, scale } = normalisation.streams['pump'][0];
    const z = (value: number): number => Math.fround(toZ(value, center, scale));
    expect(x.slice(0, 5)).toEqual(Float32Array.from([0, z(5), z(5), z(5), z(7)]));
    expect(observed.slice(0, 5)).toEqual(Uint8Array.from([0, 1, 0, 0, 1]));
  });

  it('adds the calendar behind the channels', () => {
    const { sequences, inputs } = prepareDataset([series('pump', ramp)], { ...OPTIONS, calendar: ['day', 'week'] });
    expect(inputs).toBe(5);
    // The series starts at the epoch, midnight UTC: the day's sine is 0 and its cosine 1.
    const { x } = inMemory(sequences[0]);
    expect(x.slice(1, 3)).toEqual(Float32Array.of(0, 1));
    const angle = (2 * Math.PI * 99 * STEP_US) / 86_400e6;
    expect(x[99 * 5 + 1]).toBeCloseTo(Math.sin(angle), 6);
  });

  it('scales streams apart and pools them by the median', () => {
    const shifted = (by: number): number[] => ramp.map((value) => value + by);
    const all = [series('a', ramp), series('b', shifted(100)), series('c', shifted(1000))];
    const { normalisation, streams } = prepareDataset(all, OPTIONS);
    expect(streams).toBe(3);
    expect(Object.keys(normalisation.streams)).toEqual(['a', 'b', 'c']);
    expect(normalisation.pooled).toEqual(normalisation.streams['b']);
  });

  it('lends the pooled scale to a stream too short to fit, and keeps that stream out of the card', () => {
    const { normalisation, sequences } = prepareDataset([series('long', ramp), series('short', [1, 2, 3])], OPTIONS);
    expect(Object.keys(normalisation.streams)).toEqual(['long']);
    expect(sequences.length).toBe(2);
    const { center, scale } = normalisation.pooled[0];
    expect(inMemory(sequences[1]).x[0]).toBe(Math.fround(toZ(1, center, scale)));
  });

  it.each([
    ['no frame at all', []],
    ['too few steps', [series('pump', ramp.slice(0, 24))]],
    ['a gap after every step', [series('pump', ramp, ramp)]],
    [
      'a channel that is never observed',
      [
        series(
          'pump',
          ramp.map(() => NaN),
        ),
      ],
    ],
    [
      'nothing observed in the held-out tail',
      [
        series(
          'pump',
          ramp.map((v) => (v < 80 ? v : NaN)),
        ),
      ],
    ],
  ])('refuses %s', (_, all) => {
    expect(() => prepareDataset(all, OPTIONS)).toThrow(
      expect.objectContaining({ name: 'UserError', code: 'DATA_TOO_SHORT' }),
    );
  });

  it('says that the end of the data is missing, or that gaps are all over it', () => {
    const lostTail = ramp.map((value) => (value < 80 ? value : NaN));
    expect(() => prepareDataset([series('pump', lostTail)], OPTIONS)).toThrow(
      'the last 20 % of each stream, which say when to stop learning, hold no reading that follows another',
    );
    const alone = ramp.filter((row) => row % 3 > 0);
    expect(() => prepareDataset([series('pump', ramp, alone)], { ...OPTIONS, fewestSamples: 64 })).toThrow(
      'of 100 time steps only 33 can be learnt from: the others stand alone; at least 83 without a gap (41.5 s) are needed',
    );
    expect(() => prepareDataset([series('pump', ramp, ramp)], OPTIONS)).toThrow('of 100 time steps none can be');
  });

  it('names the channels that never change in any stream', () => {
    const sevens = ramp.map(() => 7);
    const still = [series('fan', sevens), series('pump', sevens)];
    expect(prepareDataset(still, OPTIONS).constant).toEqual(['a']);
    expect(prepareDataset([...still, series('tank', ramp)], OPTIONS).constant).toEqual([]);
  });

  it('says how much there is and how much is needed', () => {
    const short = [series('pump', ramp.slice(0, 25))];
    expect(() => prepareDataset(short, { ...OPTIONS, fewestSamples: 64 })).toThrow(
      'there are 24 time steps to learn from (12 s); at least 83 without a gap (41.5 s)',
    );
    expect(() => prepareDataset([series('pump', ramp.slice(0, 83))], { ...OPTIONS, fewestSamples: 64 })).not.toThrow();
  });
});
