import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/core/contracts.js';
import { SampleWindows } from '../../src/feature/windows.js';
import { emptyBatch, featureContract } from '../contracts/feature.contract.js';

/** 1 ms, so that numbers are small. */
const SHAPE = { sampleRateHz: 8000, windowSamples: 8, contextSamples: 3 };
const START_US = 1_700_000_000_000_000;

function frame(data: ArrayLike<number>, us: number, parts: Partial<Frame> = {}): Frame {
  const signal = { kind: 'audio', rateHz: SHAPE.sampleRateHz, channels: 1 } as const;
  return { stream: 's', source: 0, seq: 1, us, arrivedUs: us, signal, data: Float64Array.from(data), ...parts };
}

function opened(): SampleWindows {
  const windows = new SampleWindows(SHAPE, 2);
  windows.open(0, 's');
  return windows;
}

interface Row {
  readonly us: number;
  readonly gap: number;
  readonly data: readonly number[];
}

function rowsOf(windows: SampleWindows): Row[] {
  const batch = emptyBatch(2, windows.names.length);
  const rows: Row[] = [];
  while (windows.take(batch) > 0) {
    rows.push({ us: batch.us[0], gap: batch.gap[0], data: [...batch.data.subarray(0, batch.width)] });
  }
  return rows;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

describe('windows of samples', () => {
  it('carries the last samples of a window over to the next, zeros to the first', () => {
    const windows = opened();
    windows.push(0, frame(range(1, 17), START_US));
    expect(rowsOf(windows)).toEqual([
      { us: START_US, gap: 0, data: [0, 0, 0, ...range(1, 9)] },
      { us: START_US + 1000, gap: 0, data: range(6, 17) },
    ]);
  });

  it('fills up the last one with zeros, and starts anew after that', () => {
    const windows = opened();
    windows.push(0, frame([1, 2], START_US));
    windows.flush(0);
    windows.flush(0);
    windows.push(0, frame(range(1, 9), START_US + 9000));
    expect(rowsOf(windows)).toEqual([
      { us: START_US, gap: 0, data: [0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0] },
      { us: START_US + 9000, gap: 1, data: [0, 0, 0, ...range(1, 9)] },
    ]);
  });

  it('carries nothing over a gap', () => {
    const windows = opened();
    windows.push(0, frame(range(1, 12), START_US));
    windows.push(0, frame(range(21, 29), START_US + 60_000, { mark: 'gap' }));
    expect(rowsOf(windows)).toEqual([
      { us: START_US, gap: 0, data: [0, 0, 0, ...range(1, 9)] },
      { us: START_US + 1000, gap: 0, data: [6, 7, 8, 9, 10, 11, 0, 0, 0, 0, 0] },
      { us: START_US + 60_000, gap: 1, data: [0, 0, 0, ...range(21, 29)] },
    ]);
  });

  it('gives the same windows however the samples are cut, with times counted from the first', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 30 }), (cuts) => {
        const samples = range(
          0,
          cuts.reduce((sum, size) => sum + size, 0),
        );
        const whole = opened();
        whole.push(0, frame(samples, START_US));
        whole.flush(0);
        const pieces = opened();
        let at = 0;
        for (const size of cuts) {
          // Only the time of the first sample counts: those of later frames are rounded.
          pieces.push(0, frame(samples.slice(at, at + size), START_US + (at === 0 ? 0 : 125 * at + (at % 2))));
          at += size;
        }
        pieces.flush(0);
        expect(rowsOf(pieces)).toEqual(rowsOf(whole));
      }),
    );
  });

  it('refuses audio of another rate or of several channels', () => {
    const signal = { kind: 'audio', rateHz: 16_000, channels: 1 } as const;
    expect(() => opened().push(0, frame([1], 0, { signal }))).toThrow('mono audio of 8000 Hz');
    expect(() => opened().push(0, frame([1], 0, { signal: { ...signal, rateHz: 8000, channels: 2 } }))).toThrow('mono');
  });
});

/** The first frame completes a window, so that it is ready at once. */
const frames = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 25 }), fc.boolean()), { maxLength: 12 })
  .map((sizes): Frame[] => {
    let [at, us] = [0, START_US];
    return sizes.map(([more, gap], i) => {
      const size = more + (i === 0 ? SHAPE.windowSamples : 0);
      if (gap) us += 50_000;
      const made = frame(range(at, at + size), us, { seq: i + 1, ...(gap && i > 0 ? { mark: 'gap' as const } : {}) });
      at += size;
      us += 125 * size;
      return made;
    });
  });

featureContract('windows of samples', () => new SampleWindows(SHAPE, 4), frames);
