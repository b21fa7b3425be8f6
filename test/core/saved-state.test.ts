import { assert, float64Array, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadNumbers, saveNumbers } from '../../src/core/saved-state.js';

describe('numbers that are saved', () => {
  it('come back, whatever holds the bytes', () => {
    assert(
      property(float64Array(), nat(16), (numbers, offset) => {
        const bytes = saveNumbers(3, numbers);
        expect(bytes.length).toBe(1 + 8 * numbers.length);
        const longer = Buffer.alloc(offset + bytes.length + 5, 0xff);
        longer.set(bytes, offset);
        // As from a file: part of a larger buffer, and one whose slices are views.
        const part = longer.subarray(offset, offset + bytes.length);
        for (const form of [bytes, part]) expect(loadNumbers(3, form, 'a test')).toEqual(numbers);
      }),
    );
  });

  it('are those that were given, not all of the array that they are part of', () => {
    const part = Float64Array.of(1, 2, 3, 4).subarray(1, 3);
    expect(loadNumbers(1, saveNumbers(1, part), 'a test')).toEqual(Float64Array.of(2, 3));
  });

  it('are refused when they are of another version or cut', () => {
    const bytes = saveNumbers(2, Float64Array.of(1, 2));
    const older = bytes.slice();
    older[0] = 1;
    for (const wrong of [older, bytes.subarray(0, -1), bytes.subarray(1), new Uint8Array(0)]) {
      expect(() => loadNumbers(2, wrong, 'a test')).toThrow(
        expect.objectContaining({ code: 'SNAPSHOT_INVALID', message: expect.stringContaining('a test') as string }),
      );
    }
  });
});
