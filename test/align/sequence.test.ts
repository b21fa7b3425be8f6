import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { clearWindow, seenBefore, WINDOW_FIELDS } from '../../src/align/sequence.js';

function window(): (sequence: number) => boolean {
  const state = new Float64Array(2 + WINDOW_FIELDS);
  clearWindow(state, 2);
  return (sequence) => seenBefore(state, 2, sequence);
}

it('knows exactly the numbers it has seen among the newest 64, in any order', () => {
  const steps = fc.array(fc.integer({ min: -63, max: 40 }), { maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: -1000, max: 2 ** 52 }), steps, (first, offsets) => {
      const seen = window();
      const model = new Set([first]);
      expect(seen(first)).toBe(false);
      let newest = first;
      for (const offset of offsets) {
        const sequence = newest + offset;
        expect(seen(sequence)).toBe(model.has(sequence));
        model.add(sequence);
        newest = Math.max(newest, sequence);
      }
    }),
  );
});

it('takes a number far below as a device that counts anew', () => {
  const seen = window();
  for (let s = 0; s < 200; s++) seen(s);
  expect([seen(0), seen(1), seen(0), seen(199)]).toEqual([false, false, true, false]);
});

it('does not shut out a device that restarts again and again before it has counted to 64', () => {
  const seen = window();
  const runs = Array.from(
    { length: 10 },
    () => Array.from({ length: 20 }, (_, s) => seen(s)).filter((was) => !was).length,
  );
  expect(runs[0]).toBe(20);
  expect(runs.slice(1).reduce((a, b) => a + b)).toBeGreaterThan(20);
});
