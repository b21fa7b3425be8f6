import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/core/contracts.js';
import { BugError } from '../../src/core/errors.js';
import { columnsOf } from './series-of.js';
import { SeriesCollector } from '../../src/train/series.js';

const STEP_US = 1_000_000;

function frame(stream: string, step: number, data: number[], more: Partial<Frame> = {}): Frame {
  const signal = { kind: 'channels', names: ['a', 'b'], stepUs: STEP_US } as const;
  return {
    stream,
    source: 0,
    seq: 1,
    us: step * STEP_US,
    arrivedUs: step * STEP_US,
    signal,
    data: Float64Array.from(data),
    ...more,
  };
}

describe('SeriesCollector', () => {
  it('gathers interleaved streams, sorted by name, and marks where time is missing', () => {
    const collector = new SeriesCollector(2, STEP_US);
    collector.push(frame('pump', 0, [1, 2], { mark: 'start' }));
    collector.push(frame('fan', 5, [9, 9]));
    collector.push(frame('pump', 1, [3, 4, 5, 6], { mask: Uint8Array.of(1, 0, 0, 1) }));
    // A gap that the aligner marks, then one that only the time shows.
    collector.push(frame('pump', 3, [7, 8], { mark: 'gap' }));
    collector.push(frame('pump', 5, [9, 10]));

    expect(collector.rows).toBe(6);
    const finished = collector.finish();
    const [fan, pump] = finished.map(columnsOf);
    expect(finished.map(({ stream }) => stream)).toEqual(['fan', 'pump']);
    expect([...pump.us]).toEqual([0, 1, 2, 3, 5].map((step) => step * STEP_US));
    expect([...pump.values]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect([...pump.mask]).toEqual([1, 1, 1, 0, 0, 1, 1, 1, 1, 1]);
    expect([...pump.starts]).toEqual([1, 0, 0, 1, 1]);
    expect([...fan.starts]).toEqual([1]);
  });

  it('grows beyond its first allocation without losing a row', () => {
    const collector = new SeriesCollector(2, STEP_US);
    for (let step = 0; step < 3000; step++) collector.push(frame('pump', step, [step, -step]));
    const pump = columnsOf(collector.finish()[0]);
    expect(pump.us.length).toBe(3000);
    expect(pump.values.every((value, i) => value === (i % 2 === 0 ? i >> 1 : -(i >> 1)))).toBe(true);
    expect(pump.starts.reduce((sum, start) => sum + start, 0)).toBe(1);
  });

  it('refuses frames that are not aligned to its steps', () => {
    const collector = new SeriesCollector(2, STEP_US);
    const signal = { kind: 'channels', names: ['a', 'b'], stepUs: 0 } as const;
    expect(() => collector.push(frame('pump', 0, [1, 2], { signal }))).toThrow(BugError);
  });
});
