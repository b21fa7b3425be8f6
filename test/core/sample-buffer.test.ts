import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SampleBuffer } from '../../src/core/sample-buffer.js';

describe('the buffer of samples', () => {
  it('gives back what went in, by number, whatever was dropped in between', () => {
    const action = fc.record({ push: fc.nat(40), drop: fc.nat(60), back: fc.nat(30) });
    fc.assert(
      fc.property(fc.nat(1000), fc.array(action, { maxLength: 40 }), (from, actions) => {
        const buffer = new SampleBuffer();
        buffer.restart(from);
        let [first, end] = [from, from];
        for (const { push, drop, back } of actions) {
          buffer.push(Float64Array.from({ length: push }, (_, i) => end + i));
          end += push;
          first = Math.min(end, Math.max(first, end - drop));
          buffer.dropBefore(end - drop);
          const start = Math.max(first, end - back);
          const numbers = Array.from({ length: end - start }, (_, i) => start + i);
          expect([...buffer.copy(start, end)]).toEqual(numbers);
          const out: number[] = [];
          buffer.copyTo(out, start, numbers.length);
          expect(out).toEqual(numbers);
          expect(numbers.map((number) => buffer.sample(number))).toEqual(numbers);
        }
        expect([buffer.first, buffer.end]).toEqual([first, end]);
      }),
    );
  });

  it('takes a part of an array', () => {
    const buffer = new SampleBuffer();
    buffer.push(Float64Array.of(1, 2, 3, 4), 1, 3);
    buffer.push(Float64Array.of(1, 2), 2);
    expect([...buffer.copy(0, buffer.end)]).toEqual([2, 3]);
  });

  it('gives a copy, and refuses what it has not', () => {
    const buffer = new SampleBuffer();
    buffer.push(Float64Array.of(1, 2, 3));
    buffer.copy(0, 3).fill(9);
    expect([...buffer.copy(1, 3)]).toEqual([2, 3]);
    buffer.dropBefore(1);
    expect(() => buffer.copy(0, 2)).toThrow('samples 0 to 2 are not among 1 to 3');
    expect(() => buffer.copy(1, 4)).toThrow('not among');
    expect(() => buffer.copyTo([], 2, 2)).toThrow('not among');
    expect(() => buffer.sample(0)).toThrow('not among');
    expect(() => buffer.sample(3)).toThrow('not among');
  });
});
