import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotRows } from '../../src/feature/slot-rows.js';
import { emptyBatch } from '../contracts/feature.contract.js';

const STRIDE = 3;
const SLOTS = 5;

function add(rows: SlotRows, slot: number, value: number): void {
  const at = rows.add(slot);
  rows.data.fill(value, at, at + STRIDE);
}

/** Takes at most `most` rows. @returns `[slot, value]` of each */
function take(rows: SlotRows, most: number): [slot: number, value: number][] {
  const taken: [number, number][] = [];
  rows.fill(emptyBatch(most, 1), (slot, at, out) => {
    expect([...rows.data.subarray(at, at + STRIDE)]).toEqual(Array.from({ length: STRIDE }, () => rows.data[at]));
    taken.push([slot, rows.data[at]]);
    out.n++;
  });
  return taken;
}

/** What `SlotRows` should do, the slow and plain way. */
class PlainRows {
  readonly rowsOf = new Map<number, number[]>();
  waiting: number[] = [];

  add(slot: number, value: number): void {
    const rows = this.rowsOf.get(slot) ?? [];
    if (rows.length === 0) this.waiting.push(slot);
    this.rowsOf.set(slot, [...rows, value]);
  }

  take(most: number): [number, number][] {
    const now = this.waiting.splice(0, most);
    return now.map((slot) => {
      const [value, ...rest] = this.rowsOf.get(slot) ?? [];
      this.rowsOf.set(slot, rest);
      if (rest.length > 0) this.waiting.push(slot);
      return [slot, value];
    });
  }

  drop(slot: number): void {
    this.rowsOf.delete(slot);
    this.waiting = this.waiting.filter((other) => other !== slot);
  }
}

const move = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      slot: fc.nat(SLOTS - 1),
      n: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('take' as const), n: fc.integer({ min: 1, max: SLOTS + 2 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'save' as const), slot: fc.nat(SLOTS - 1) }),
  },
);

describe('rows of slots', () => {
  it('are given in the order of each slot, to the slot that waits longest first, whatever leaves meanwhile', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const rows = new SlotRows(SLOTS, STRIDE);
        const plain = new PlainRows();
        for (let slot = 0; slot < SLOTS; slot++) rows.open(slot);
        const seen: unknown[] = [];
        const expected: unknown[] = [];
        let value = 0;
        for (const one of moves) {
          if (one.kind === 'add') {
            for (let i = 0; i < one.n; i++) {
              add(rows, one.slot, value);
              plain.add(one.slot, value++);
            }
          } else if (one.kind === 'take') {
            seen.push(take(rows, one.n));
            expected.push(plain.take(one.n));
          } else if (one.kind === 'leave') {
            rows.leave(one.slot);
            rows.open(one.slot);
            plain.drop(one.slot);
          } else {
            const saved = rows.rowsOf(one.slot);
            const values = plain.rowsOf.get(one.slot) ?? [];
            seen.push([...saved]);
            expected.push(values.flatMap((v) => Array.from({ length: STRIDE }, () => v)));
            rows.setRowsOf(one.slot, saved);
            plain.drop(one.slot);
            for (const v of values) plain.add(one.slot, v);
          }
        }
        expect(seen).toEqual(expected);
        while (plain.waiting.length > 0) expect(take(rows, 3)).toEqual(plain.take(3));
        expect(take(rows, 3)).toEqual([]);
      }),
    );
  });

  it('take no room when a burst is over, and little when each turn takes what came', () => {
    const rows = new SlotRows(SLOTS, STRIDE);
    rows.open(0);
    for (let i = 0; i < 50_000; i++) add(rows, 0, i);
    for (let i = 0; i < 50_000; i++) rows.fill(emptyBatch(1, 1), (_slot, _at, out) => void out.n++);
    expect(rows.data.length).toBe(0);
    for (let i = 0; i < 1000; i++) {
      add(rows, 0, i);
      expect(take(rows, 1)).toEqual([[0, i]]);
    }
    expect(rows.data.length).toBeLessThanOrEqual(64);
  });
});
