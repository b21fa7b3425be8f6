/** In which order rows go through the net, whoever sends how much. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Batch, Decider, Feature, Net, PerSlot, Slot } from '../src/core/contracts.js';
import type { Port, StepModel } from '../src/core/step-model.js';
import { ReadySlots } from '../src/feature/ready-slots.js';
import { Stepper } from '../src/stepper.js';

const SLOTS = 8;

/** Remembers nothing that is saved. */
class Stateless implements PerSlot {
  open = (): void => {};
  leave = (): void => {};
  save = (): Uint8Array => new Uint8Array(0);
  load = (): void => {};
}

/** Rows of one value: their number within the stream. */
class Rows extends Stateless implements Feature {
  readonly names = ['number'];
  readonly shiftUs = 1;
  readonly #waiting = Array.from({ length: SLOTS }, (): { number: number; gap: boolean }[] => []);
  readonly #ready = new ReadySlots(SLOTS);
  push = (): void => {};
  flush = (): void => {};

  add(slot: Slot, rows: readonly { number: number; gap: boolean }[]): void {
    this.#waiting[slot].push(...rows);
    if (rows.length > 0) this.#ready.add(slot);
  }

  take(out: Batch): number {
    return this.#ready.fill(out, (slot, batch) => {
      const row = this.#waiting[slot].shift();
      if (row === undefined) throw new Error(`nothing waits in slot ${slot}`);
      const at = batch.n++;
      batch.slot[at] = slot;
      batch.gap[at] = row.gap ? 1 : 0;
      batch.data[at] = row.number;
      return this.#waiting[slot].length > 0;
    });
  }
}

function port(name: string): Port {
  return { name, elementType: 'float32', shape: ['B', 1] };
}

/** Its output is the sum of all inputs since the last gap: a state that shows in which order rows came. */
function summingNet(rows: number, maxSteps: number): Net {
  const sums = new Float32Array(SLOTS);
  const x = new Float32Array(rows * maxSteps);
  const y = new Float32Array(rows * maxSteps);
  return Object.assign(new Stateless(), {
    model: {
      path: '',
      sha256: '',
      inputs: [port('x')],
      outputs: [port('y')],
      states: [],
      constants: [],
    } satisfies StepModel,
    provider: 'test/sum',
    capacity: rows,
    rows: x.length,
    maxSteps,
    input: { x },
    integerInput: {},
    output: { y },
    reset: (slot: Slot) => void (sums[slot] = 0),
    step: (slots: Int32Array, n: number, steps = 1) => {
      expect(Math.log2(steps) % 1).toBe(0);
      expect(n * steps).toBeLessThanOrEqual(x.length);
      for (let row = 0; row < n * steps; row++) y[row] = sums[slots[row % n]] += x[row];
    },
    close: () => {},
  });
}

interface Seen {
  readonly slot: Slot;
  readonly number: number;
  readonly sum: number;
}

/** Remembers all rows as they are handed over, one list a batch. */
class Recorder extends Stateless implements Decider {
  readonly batches: Seen[][] = [];
  end = (): void => {};

  push(output: Float32Array, input: Batch): void {
    const rows = Array.from({ length: input.n }, (_, i) => ({
      slot: input.slot[i],
      number: input.data[i],
      sum: output[i],
    }));
    this.batches.push(rows);
  }
}

function run(backlogs: readonly (readonly boolean[])[], rows: number, maxSteps: number): Seen[][] {
  const feature = new Rows();
  const recorder = new Recorder();
  const stepper = new Stepper(feature, summingNet(rows, maxSteps), recorder);
  backlogs.forEach((gaps, slot) => {
    feature.add(
      slot,
      gaps.map((gap, number) => ({ gap, number: number + 1 })),
    );
  });
  const total = backlogs.reduce((sum, { length }) => sum + length, 0);
  expect(stepper.turn(() => {})).toBe(total);
  return recorder.batches;
}

/** Per slot, whether each of its rows has a gap before it. */
const backlogs = fc.array(
  fc.array(fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.boolean()), { maxLength: 70 }),
  {
    maxLength: SLOTS,
  },
);

describe('the stepper', () => {
  it('hands the decider the same rows in the same order, several steps a run or one', () => {
    fc.assert(
      fc.property(backlogs, fc.constantFrom(2, 8, 32), (all, maxSteps) => {
        expect(run(all, SLOTS, maxSteps)).toEqual(run(all, SLOTS, 1));
      }),
    );
  });

  it('takes the rows of a stream in order, on from the state that the last one left', () => {
    fc.assert(
      fc.property(backlogs, fc.constantFrom(1, 4, 32), fc.integer({ min: 1, max: SLOTS }), (all, maxSteps, rows) => {
        const seen = run(all, rows, maxSteps).flat();
        all.forEach((gaps, slot) => {
          const own = seen.filter((one) => one.slot === slot);
          let sum = 0;
          const expected = gaps.map((gap, i) => ({ slot, number: i + 1, sum: (sum = (gap ? 0 : sum) + i + 1) }));
          expect(own).toEqual(expected);
        });
      }),
    );
  });

  it('lets no stream go twice while another waits, also when one floods', () => {
    fc.assert(
      fc.property(backlogs, fc.constantFrom(1, 32), fc.integer({ min: 1, max: SLOTS }), (all, maxSteps, rows) => {
        const left = all.map(({ length }) => length);
        // Since a stream went last: who has had to wait.
        const passed = all.map(() => new Set<Slot>());
        for (const batch of run(all, rows, maxSteps)) {
          expect(new Set(batch.map(({ slot }) => slot)).size).toBe(batch.length);
          const went = new Set(batch.map(({ slot }) => slot));
          for (const slot of went) {
            for (const other of passed[slot]) expect(went.has(other) || left[other] === 0).toBe(true);
          }
          for (const { slot } of batch) {
            left[slot]--;
            passed.forEach((others) => others.delete(slot));
            passed[slot] = new Set([...all.keys()].filter((other) => !went.has(other) && left[other] > 0));
          }
        }
      }),
    );
  });
});
