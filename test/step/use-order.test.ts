import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UseOrder } from '../../src/step/use-order.js';

const CAPACITY = 300;
const uses = fc.array(fc.tuple(fc.constantFrom('use', 'use', 'use', 'use', 'leave'), fc.nat(CAPACITY - 1)), {
  minLength: 100,
  maxLength: 600,
});

describe('the order of use', () => {
  it('is that of a list, through many times that its log is full', () => {
    fc.assert(
      fc.property(uses, fc.integer({ min: 1, max: CAPACITY }), (list, slots) => {
        const order = new UseOrder(CAPACITY);
        const plain: number[] = [];
        const oldest: number[] = [];
        const expected: number[] = [];
        for (const [move, any] of list) {
          const slot = any % slots;
          const at = plain.indexOf(slot);
          if (at >= 0) plain.splice(at, 1);
          if (move === 'use') {
            if (at >= 0) order.use(slot);
            else order.open(slot);
            plain.push(slot);
          } else if (at >= 0) order.leave(slot);
          oldest.push(order.oldest);
          expected.push(plain[0] ?? -1);
        }
        expect(oldest).toEqual(expected);
        expect([...order]).toEqual(plain);
      }),
      { numRuns: 100 },
    );
  });

  it('stays that of the last uses after a flood has come and gone', () => {
    const order = new UseOrder(100_000);
    for (let slot = 0; slot < 100_000; slot++) order.open(slot);
    for (let slot = 99_999; slot >= 3; slot--) order.leave(slot);
    order.use(0);
    expect([...order]).toEqual([1, 2, 0]);
    for (const slot of [1, 2, 0]) {
      expect(order.oldest).toBe(slot);
      order.leave(slot);
    }
    expect(order.oldest).toBe(-1);
  });
});
