import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowQueue } from '../../src/feature/row-queue.js';

const STRIDE = 3;

function add(queue: RowQueue, value: number): void {
  const row = queue.add();
  queue.data.fill(value, row, row + STRIDE);
}

describe('row queue', () => {
  it('gives rows back in their order, however adding and removing alternate', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -90, max: 90 })), (moves) => {
        const queue = new RowQueue(STRIDE);
        const expected: number[] = [];
        const taken: number[] = [];
        let added = 0;
        for (const move of moves) {
          for (let i = 0; i < move; i++) add(queue, added++);
          for (let i = 0; i < -move && queue.size > 0; i++) {
            expected.push(taken.length);
            taken.push(queue.data[queue.first + STRIDE - 1]);
            queue.removeFirst();
          }
        }
        expect(taken).toEqual(expected);
        expect(queue.size).toBe(added - taken.length);
      }),
    );
  });

  it('keeps no room for a burst that is over', () => {
    const queue = new RowQueue(STRIDE);
    for (let i = 0; i < 5000; i++) add(queue, i);
    while (queue.size > 0) queue.removeFirst();
    expect(queue.data.length).toBe(0);
    add(queue, 7);
    expect(queue.data[queue.first]).toBe(7);
  });
});
