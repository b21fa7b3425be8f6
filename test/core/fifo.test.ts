import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from '../../src/core/fifo.js';

type Queue = Pick<Fifo<number>, 'length' | 'push' | 'unshift' | 'shift' | 'take' | 'remove'>;

/** The same with an array. */
class Reference implements Queue {
  readonly #items: number[] = [];

  get length(): number {
    return this.#items.length;
  }

  push(item: number): void {
    this.#items.push(item);
  }

  unshift(item: number): void {
    this.#items.unshift(item);
  }

  shift(): number | undefined {
    return this.#items.shift();
  }

  take(n: number): number[] {
    return this.#items.splice(0, n);
  }

  remove(meant: (item: number) => boolean): number | undefined {
    const at = this.#items.findIndex((item) => meant(item));
    return at < 0 ? undefined : this.#items.splice(at, 1)[0];
  }
}

type Operation = (queue: Queue, item: number) => unknown;

const push: Operation = (queue, item) => queue.push(item);
const shift: Operation = (queue) => queue.shift();
const unshift: Operation = (queue, item) => queue.unshift(item);
const remove: Operation = (queue) => queue.remove((item) => item % 5 === 2);

const operations: fc.Arbitrary<Operation[]> = fc
  .array(
    fc.oneof(
      fc.tuple(fc.constantFrom(push, shift), fc.nat(40)),
      fc.tuple(fc.constantFrom(unshift, remove), fc.nat(3)),
      fc.nat(60).map((n): [Operation, number] => [(queue) => queue.take(n), 1]),
    ),
    { maxLength: 40 },
  )
  .map((entries) => entries.flatMap(([operation, times]) => Array.from({ length: times }, () => operation)));

/** What a queue answers to all of them, its length after each, and what is left. */
function answers(queue: Queue, all: readonly Operation[]): unknown[] {
  return [...all.map((operation, i) => [operation(queue, i), queue.length]), queue.take(Infinity)];
}

/** Of 20,000 items through a queue of this length. */
function costMs(length: number): number {
  const fifo = new Fifo<string>();
  for (let i = 0; i < length; i++) fifo.push('x');
  const startMs = performance.now();
  for (let i = 0; i < 20_000; i++) {
    fifo.push('x');
    fifo.shift();
  }
  return performance.now() - startMs;
}

describe('first in, first out', () => {
  it('is what an array does', () => {
    fc.assert(
      fc.property(operations, (all) => {
        expect(answers(new Fifo(), all)).toEqual(answers(new Reference(), all));
      }),
    );
  });

  it('costs no more an item when there are many', () => {
    // A few ms; an array takes 700 ms.
    expect(costMs(200_000)).toBeLessThan(100 + 20 * costMs(100));
  });
});
