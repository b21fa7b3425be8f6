import { describe, expect, it } from 'vitest';
import { normal } from '../../src/core/random.js';
import { fitScale } from '../../src/feature/scaling.js';
import { fitChannels } from '../../src/train/fit.js';
import { Reservoir } from '../../src/train/reservoir.js';
import { seriesOf } from './series-of.js';

/** Ten of the numbers below n. */
function sampleOf(n: number, stream: number): number[] {
  const reservoir = new Reservoir(10, stream);
  for (let v = 0; v < n; v++) reservoir.add(v);
  return [...reservoir.values];
}

describe('a reservoir', () => {
  it('keeps everything while there is room, and as much as there is room for beyond', () => {
    expect(sampleOf(4, 0)).toEqual([0, 1, 2, 3]);
    expect(sampleOf(10, 0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(sampleOf(1000, 0)).size).toBe(10);
  });

  it('of the same values is the same', () => {
    expect(sampleOf(1000, 1)).toEqual(sampleOf(1000, 1));
    expect(sampleOf(1000, 1)).not.toEqual(sampleOf(1000, 2));
  });

  it('keeps each value with the same probability, the first and the last alike', () => {
    const [kept, seen, samples] = [20, 200, 4000];
    const times = new Float64Array(seen);
    for (let stream = 0; stream < samples; stream++) {
      const reservoir = new Reservoir(kept, stream);
      for (let v = 0; v < seen; v++) reservoir.add(v);
      for (const v of reservoir.values) times[v]++;
    }
    // Each count is binomial(4000, 0.1): mean 400, standard deviation 19. Five of those, over 200 counts.
    const p = kept / seen;
    const deviation = Math.sqrt(samples * p * (1 - p));
    for (const count of times) expect(Math.abs(count - samples * p)).toBeLessThan(5 * deviation);
    // Chi-squared with 199 degrees of freedom (fewer, as the sum is fixed): below 300 with probability 0.99999.
    const chi = times.reduce((sum, count) => sum + (count - samples * p) ** 2 / (samples * p * (1 - p)), 0);
    expect(chi).toBeLessThan(300);
  });
});

describe('the scales of channels', () => {
  it('are those of all learnt rows while these are few, whatever the number of channels', () => {
    const [rows, channels] = [100, 35];
    const values = Float64Array.from({ length: rows * channels }, (_, i) => normal(1, 0, i) * (1 + (i % channels)));
    const us = Float64Array.from({ length: rows }, (_, row) => row * 1e6);
    const series = seriesOf({
      stream: 'pump',
      us,
      values,
      mask: new Uint8Array(values.length).fill(1),
      starts: new Uint8Array(rows),
    });
    const floors = Array.from({ length: channels }, (_, c) => c / 10);
    const expected = floors.map((floor, c) =>
      fitScale(
        values.filter((_, i) => i % channels === c && i < 80 * channels),
        floor,
      ),
    );
    expect(fitChannels(series, 80, floors).map((fit) => fit?.scale)).toEqual(expected);
  });

  it('of a million rows are within a percent of those of all', () => {
    const rows = 1_000_000;
    const values = Float64Array.from({ length: rows }, (_, i) => 20 + 3 * Math.sin(i / 1000) + normal(1, 0, i));
    const us = Float64Array.from({ length: rows }, (_, row) => row * 1e6);
    const series = seriesOf({
      stream: 'pump',
      us,
      values,
      mask: new Uint8Array(rows).fill(1),
      starts: new Uint8Array(rows),
    });
    const fitted = fitChannels(series, rows, [0])[0]?.scale;
    const exact = fitScale(values, 0);
    expect(fitted).not.toEqual(exact);
    expect(Math.abs((fitted?.center ?? 0) - exact.center)).toBeLessThan(0.01 * exact.scale);
    expect(Math.abs((fitted?.scale ?? 0) - exact.scale)).toBeLessThan(0.01 * exact.scale);
  });
});
