import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/random.js';
import { planLanes, type LanePlan } from '../../src/train/lane-plan.js';

/** Rows that are computed in an epoch. */
function rowsOf(plan: LanePlan, lanes: number): number {
  return plan.length.reduce((sum, length) => sum + length, 0) * lanes;
}

/** Share of the computed rows that are padding. */
function padding(samples: readonly number[], lanes: number, length: number): number {
  const useful = samples.reduce((sum, n) => sum + n, 0);
  return 1 - useful / rowsOf(planLanes(samples, lanes, length), lanes);
}

/** The padding if every window had T rows and lanes took their pieces one after the other. */
function paddingOfWholeWindows(samples: readonly number[], lanes: number, length: number): number {
  const windows = samples.map((n) => Math.ceil(n / length)).toSorted((a, b) => b - a);
  const busy = new Int32Array(lanes);
  for (const taken of windows) busy[busy.indexOf(Math.min(...busy))] += taken;
  return 1 - samples.reduce((sum, n) => sum + n, 0) / (Math.max(...busy) * length * lanes);
}

function lengthsBetween(low: number, high: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => low + Math.floor(uniform(1, low, i) * (high + 1 - low)));
}

const shape = fc.record({
  samples: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 40 }),
  lanes: fc.integer({ min: 1, max: 7 }),
  length: fc.integer({ min: 1, max: 20 }),
});

describe('the plan of lanes', () => {
  it('leads through every sample of every piece once, in order and without a break in one lane', () => {
    fc.assert(
      fc.property(shape, ({ samples, lanes, length }) => {
        const plan = planLanes(samples, lanes, length);
        const reached = samples.map(() => 0);
        let breaks = 0;
        for (let lane = 0; lane < lanes; lane++) {
          // The piece that is to go on in the next window of this lane, or its state would be lost.
          let open = -1;
          for (let window = 0; window < plan.windows; window++) {
            const piece = plan.piece[window * lanes + lane];
            const from = plan.from[window * lanes + lane];
            if (open >= 0 && piece !== open) breaks++;
            open = -1;
            if (piece < 0) continue;
            if (from !== reached[piece]) breaks++;
            reached[piece] = Math.min(from + plan.length[window], samples[piece]);
            if (reached[piece] < samples[piece]) open = piece;
          }
          if (open >= 0) breaks++;
        }
        expect(breaks).toBe(0);
        expect(reached).toEqual(samples);
      }),
    );
  });

  it('computes no row that no lane needs, none beyond T, and never more than whole windows would', () => {
    fc.assert(
      fc.property(shape, ({ samples, lanes, length }) => {
        const plan = planLanes(samples, lanes, length);
        for (let window = 0; window < plan.windows; window++) {
          const held = Array.from({ length: lanes }, (_, lane) => window * lanes + lane)
            .filter((at) => plan.piece[at] >= 0)
            .map((at) => samples[plan.piece[at]] - plan.from[at]);
          expect(plan.length[window]).toBeLessThanOrEqual(Math.min(Math.max(...held), length));
        }
        expect(padding(samples, lanes, length)).toBeLessThanOrEqual(paddingOfWholeWindows(samples, lanes, length));
      }),
    );
  });

  it.each([
    // Batches of a machine of 20 to 300 steps; short ones; shorter than the window.
    { of: [20, 300, 500], length: 32, below: 0.05, before: 0.09 },
    { of: [20, 300, 500], length: 128, below: 0.05, before: 0.3 },
    { of: [20, 60, 500], length: 32, below: 0.05, before: 0.27 },
    { of: [5, 40, 2000], length: 32, below: 0.02, before: 0.4 },
  ])('wastes less than $below on sequences of $of steps in windows of $length', ({ of, length, below, before }) => {
    const samples = lengthsBetween(of[0], of[1], of[2]);
    expect(paddingOfWholeWindows(samples, 16, length)).toBeGreaterThan(before - 0.02);
    expect(padding(samples, 16, length)).toBeLessThan(below);
  });

  it('lets lanes go on with short pieces beside a long one', () => {
    const samples = [1000, ...Array.from({ length: 24 }, () => 100)];
    expect(planLanes(samples, 4, 32).windows).toBe(planLanes([1000, 1000, 1000, 1000], 4, 32).windows);
  });

  it('leaves a single long series in windows of T, with the rest at the end', () => {
    expect([...planLanes([100], 1, 32).length]).toEqual([32, 32, 32, 4]);
  });
});
