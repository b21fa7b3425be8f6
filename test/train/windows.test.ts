import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { allocateBatch, persistenceMse } from '../../src/train/batches.js';
import type { SequenceInMemory } from '../../src/train/sequence.js';
import { trainingWindows, validationWindows, type Windows } from '../../src/train/windows.js';

/** Every value says where it is from: sequence · 1000 + row. */
function sequence(index: number, rows: number, split: number): SequenceInMemory {
  const x = Float32Array.from({ length: rows }, (_, row) => index * 1000 + row);
  return { rows, x, observed: new Uint8Array(rows).fill(1), split };
}

/** What passes down the lanes: every counted target, and whether each window goes on where its lane was. */
function walk(windows: Windows): { targets: number[]; jumps: number } {
  const batch = allocateBatch(windows);
  const targets: number[] = [];
  const last = new Float64Array(windows.lanes).fill(NaN);
  let jumps = 0;
  let counted = 0;
  for (let index = 0; index < windows.perEpoch; index++) {
    windows.fill(0, index, batch);
    for (let lane = 0; lane < windows.lanes; lane++) {
      for (let t = 0; t < windows.length; t++) {
        const at = t * windows.lanes + lane;
        if (batch.weight[at] === 0) continue;
        targets.push(batch.target[at]);
        expect(batch.target[at]).toBe(batch.x[at] + 1);
        const fresh = t === 0 && batch.restart[lane] === 1;
        if (!fresh && batch.x[at] !== last[lane]) jumps++;
        last[lane] = batch.target[at];
      }
    }
    counted += batch.counted;
  }
  expect(counted).toBe(targets.length);
  return { targets: targets.toSorted((a, b) => a - b), jumps };
}

function lanesFor(rows: number): number {
  const options = { inputs: 1, channels: 1, length: 32, lanes: 16 };
  return trainingWindows([sequence(0, rows, rows - 1)], options).lanes;
}

const shapes = fc.record({
  rows: fc.array(fc.integer({ min: 2, max: 200 }), { minLength: 1, maxLength: 6 }),
  learnt: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
  length: fc.integer({ min: 1, max: 12 }),
  lanes: fc.integer({ min: 1, max: 5 }),
});

describe('windows', () => {
  it('show every learnt sample exactly once, in order, whatever the number and length of lanes', () => {
    fc.assert(
      fc.property(shapes, ({ rows, learnt, length, lanes }) => {
        const sequences = rows.map((n, i) => sequence(i, n, Math.floor((n - 1) * learnt)));
        const windows = trainingWindows(sequences, { inputs: 1, channels: 1, length, lanes });
        const { targets, jumps } = walk(windows);
        const expected = sequences.flatMap((one, i) => Array.from({ length: one.split }, (_, k) => i * 1000 + k + 1));
        expect(targets).toEqual(expected);
        expect(jumps).toBe(0);
        expect(windows.lanes).toBeLessThanOrEqual(lanes);
      }),
    );
  });

  it('hold out exactly the samples that are not learnt', () => {
    fc.assert(
      fc.property(shapes, ({ rows, learnt, length, lanes }) => {
        const sequences = rows.map((n, i) => sequence(i, n, Math.floor((n - 1) * learnt)));
        const { targets } = walk(validationWindows(sequences, { inputs: 1, channels: 1, length, lanes }));
        const expected = sequences.flatMap((one, i) =>
          Array.from({ length: one.rows - 1 - one.split }, (_, k) => i * 1000 + one.split + k + 1),
        );
        expect(targets).toEqual(expected);
      }),
    );
  });

  it('do not count missing targets', () => {
    const one = sequence(0, 5, 4);
    one.observed[2] = 0;
    const { targets } = walk(trainingWindows([one], { inputs: 1, channels: 1, length: 8, lanes: 1 }));
    expect(targets).toEqual([1, 3, 4]);
  });

  it('warm held-out pieces up with the samples before them', () => {
    const windows = validationWindows([sequence(0, 100, 80)], { inputs: 1, channels: 1, length: 4, lanes: 1 });
    const batch = allocateBatch(windows);
    windows.fill(0, 0, batch);
    expect([...batch.x]).toEqual([48, 49, 50, 51]);
    expect(batch.counted).toBe(0);
    expect([...batch.restart]).toEqual([1]);
  });

  it('use fewer lanes for little data and all of them for much', () => {
    expect([lanesFor(200), lanesFor(1000), lanesFor(10_000)]).toEqual([1, 3, 16]);
  });
});

describe('persistenceMse', () => {
  it('is the mean squared change over the counted entries', () => {
    const one: SequenceInMemory = {
      rows: 4,
      x: Float32Array.of(0, 1, 3, 10),
      observed: Uint8Array.of(1, 1, 1, 0),
      split: 3,
    };
    const windows = trainingWindows([one], { inputs: 1, channels: 1, length: 2, lanes: 1 });
    expect(persistenceMse(windows)).toBe((1 + 4) / 2);
  });
});
