import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Blocks, slotsForBytes, touchRecords } from '../../src/core/blocks.js';
import { BugError } from '../../src/core/errors.js';

/** Memory whose blocks can be counted. */
function counted(
  capacity: number,
  blockSlots = 256,
): { blocks: Blocks<Float64Array>; made: () => number; gone: Float64Array[] } {
  let made = 0;
  const gone: Float64Array[] = [];
  const make = (slots: number): Float64Array => {
    made++;
    return new Float64Array(slots);
  };
  const blocks = new Blocks(capacity, make, { blockSlots, letGo: (memory) => gone.push(memory) });
  return { blocks, made: () => made, gone };
}

/** How many blocks have memory. */
function held(blocks: Blocks<Float64Array>): number {
  let count = 0;
  for (let slot = 0; slot < blocks.capacity; slot += blocks.slots) {
    try {
      blocks.of(slot);
      count++;
    } catch (error) {
      if (!(error instanceof BugError)) throw error;
    }
  }
  return count;
}

const moves = fc.array(fc.tuple(fc.constantFrom('open', 'open', 'leave'), fc.nat(1199)), { maxLength: 120 });

describe('Blocks', () => {
  it('keeps what each open slot has written, and holds exactly the blocks that have an open slot', () => {
    fc.assert(
      fc.property(
        moves,
        fc.constantFrom(1, 7, 255, 256, 257, 1200),
        fc.constantFrom(1, 16, 256),
        (list, capacity, size) => {
          const { blocks } = counted(capacity, size);
          const open = new Map<number, number>();
          list.forEach(([move, any], i) => {
            const slot = any % capacity;
            if (move === 'open') {
              blocks.open(slot);
              if (!open.has(slot)) blocks.of(slot)[blocks.place(slot)] = i + 1;
              open.set(slot, open.get(slot) ?? i + 1);
            } else {
              blocks.leave(slot);
              open.delete(slot);
            }
            expect(blocks.isOpen(slot)).toBe(open.has(slot));
            for (const [other, value] of open) expect(blocks.of(other)[blocks.place(other)]).toBe(value);
            const expected = new Set([...open.keys()].map((other) => Math.floor(other / size)));
            expect(held(blocks)).toBe(expected.size);
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  it('shows memory to whoever peeks, and makes none', () => {
    const { blocks, made } = counted(600);
    blocks.open(300);
    expect(blocks.peek(256)).toBe(blocks.of(300));
    expect(blocks.peek(255)).toBeUndefined();
    blocks.leave(300);
    expect(blocks.peek(300)).toBeUndefined();
    expect(made()).toBe(1);
  });

  it('gives slots of one block different places below its size', () => {
    for (const capacity of [1, 200, 256, 700]) {
      const { blocks } = counted(capacity);
      expect(blocks.slots).toBe(Math.min(256, capacity));
      const places = Array.from({ length: blocks.slots }, (_, slot) => blocks.place(slot));
      expect(new Set(places).size).toBe(blocks.slots);
      expect(Math.max(...places)).toBe(blocks.slots - 1);
    }
  });

  it('makes a block once for all its slots, and anew after the last has left', () => {
    const { blocks, made, gone } = counted(1000);
    for (let slot = 0; slot < 256; slot++) blocks.open(slot);
    expect(made()).toBe(1);
    blocks.open(256);
    expect(made()).toBe(2);
    for (let slot = 0; slot < 255; slot++) blocks.leave(slot);
    blocks.open(0);
    expect(made()).toBe(2);
    const memory = blocks.of(255);
    blocks.leave(0);
    expect(gone).toEqual([]);
    blocks.leave(255);
    expect(gone).toEqual([memory]);
    expect(() => blocks.of(255)).toThrow(BugError);
    blocks.open(255);
    expect(made()).toBe(3);
  });

  it('holds one block for ten slots after a flood of a hundred thousand', () => {
    const { blocks } = counted(1_000_000);
    for (let slot = 0; slot < 100_000; slot++) blocks.open(slot);
    expect(held(blocks)).toBe(Math.ceil(100_000 / 256));
    for (let slot = 0; slot < 100_000; slot++) blocks.leave(slot);
    expect(held(blocks)).toBe(0);
    for (let slot = 0; slot < 10; slot++) blocks.open(slot);
    expect(held(blocks)).toBe(1);
  });

  it('has fewer slots a block the more a slot takes', () => {
    expect([1, 512, 513, 1024, 100_000, 1e7].map(slotsForBytes)).toEqual([256, 256, 128, 128, 1, 1]);
  });

  it('reads every line of what is remembered of some slots', () => {
    const fields = 19;
    const blocks = new Blocks(600, (slots) => new Float64Array(slots * fields));
    const slots = Int32Array.of(3, 599, 300);
    for (const slot of slots) {
      blocks.open(slot);
      const at = fields * blocks.place(slot);
      for (const line of [0, 8, 16, 18]) blocks.of(slot)[at + line] = 1;
    }
    expect(touchRecords(blocks, fields, slots, 2)).toBe(8);
    expect(touchRecords(blocks, fields, slots, 3)).toBe(12);
  });

  it('refuses a capacity that is not a count, and slots that there are not', () => {
    for (const size of [0, 3, 0.5, Number.NaN]) expect(() => counted(9, size)).toThrow(BugError);
    for (const capacity of [0, -1, 1.5, Number.NaN]) expect(() => counted(capacity)).toThrow(BugError);
    const { blocks } = counted(300);
    for (const slot of [-1, 300, Number.NaN]) expect(() => blocks.open(slot)).toThrow(BugError);
    for (const slot of [-1, 0, 300]) {
      expect(blocks.isOpen(slot)).toBe(false);
      expect(() => blocks.of(slot)).toThrow(BugError);
      blocks.leave(slot);
    }
  });
});
