import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FreeSlots } from '../../src/core/free-slots.js';

describe('FreeSlots', () => {
  it('gives the lowest place that is free, and none when all are taken', () => {
    const moves = fc.array(fc.tuple(fc.constantFrom('take', 'take', 'give'), fc.nat()), { maxLength: 400 });
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 31, 32, 33, 70), moves, (capacity, list) => {
        const slots = new FreeSlots(capacity);
        const taken: number[] = [];
        const given: number[] = [];
        const lowestOnes: number[] = [];
        for (const [move, any] of list) {
          if (move === 'take') {
            let lowest = 0;
            while (taken.includes(lowest)) lowest++;
            given.push(slots.take());
            lowestOnes.push(lowest < capacity ? lowest : -1);
            if (lowest < capacity) taken.push(lowest);
          } else if (taken.length > 0) {
            slots.give(taken.splice(any % taken.length, 1)[0]);
          }
        }
        expect(given).toEqual(lowestOnes);
      }),
      { numRuns: 200 },
    );
  });

  it('finds the lowest of many through all its levels', () => {
    const capacity = 40_000;
    const slots = new FreeSlots(capacity);
    for (let i = 0; i < capacity; i++) if (slots.take() !== i) throw new Error(`not ${i}`);
    expect(slots.take()).toBe(-1);
    for (const place of [39_999, 1024, 32_768, 31]) slots.give(place);
    expect(Array.from({ length: 5 }, () => slots.take())).toEqual([31, 1024, 32_768, 39_999, -1]);
  });
});
