import { distance } from 'fastest-levenshtein';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Confusions, NOTHING } from '../../../src/train/speech/confusions.js';

describe('confusions', () => {
  it('say what was taken for what, left out and too many', () => {
    const confusions = new Confusions();
    expect(confusions.add([1, 2, 3], [1, 4, 3])).toBe(1);
    expect(confusions.add([1, 2, 3], [1, 3])).toBe(1);
    expect(confusions.add([1], [1, 5])).toBe(1);
    expect(confusions.all()).toEqual([
      { said: NOTHING, read: 5, count: 1 },
      { said: 1, read: 1, count: 3 },
      { said: 2, read: NOTHING, count: 1 },
      { said: 2, read: 4, count: 1 },
      { said: 3, read: 3, count: 2 },
    ]);
  });

  it('are as few as can be, and account for every token', () => {
    const tokens = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 9 });
    fc.assert(
      fc.property(tokens, tokens, (said, read) => {
        const confusions = new Confusions();
        const edits = confusions.add(said, read);
        expect(edits).toBe(distance(String.fromCharCode(...said), String.fromCharCode(...read)));
        const all = confusions.all();
        expect(all.reduce((sum, one) => sum + (one.said === one.read ? 0 : one.count), 0)).toBe(edits);
        for (const token of [1, 2, 3, 4]) {
          const times = (pick: 'said' | 'read'): number =>
            all.reduce((sum, one) => sum + (one[pick] === token ? one.count : 0), 0);
          expect(times('said')).toBe(said.filter((one) => one === token).length);
          expect(times('read')).toBe(read.filter((one) => one === token).length);
        }
      }),
    );
  });
});
