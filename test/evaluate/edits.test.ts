import { distance } from 'fastest-levenshtein';
import { assert, constantFrom, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Edits, editsOf, type Fate, fateOfFirst, fateOfLast } from '../../src/evaluate/edits.js';

const edits = (reference: string, hypothesis: string): Edits => editsOf(Array.from(reference), Array.from(hypothesis));

/** Every way to turn one into the other, tried out. @returns the fewest edits, of those the ones with most substitutions */
function exhaustive(reference: string, hypothesis: string): Edits {
  const ways: Edits[] = [];
  const walk = (i: number, j: number, { insertions, deletions, substitutions }: Edits): void => {
    if (i === reference.length && j === hypothesis.length) ways.push({ insertions, deletions, substitutions });
    if (j < hypothesis.length) walk(i, j + 1, { insertions: insertions + 1, deletions, substitutions });
    if (i < reference.length) walk(i + 1, j, { insertions, deletions: deletions + 1, substitutions });
    if (i === reference.length || j === hypothesis.length) return;
    const other = reference[i] === hypothesis[j] ? 0 : 1;
    walk(i + 1, j + 1, { insertions, deletions, substitutions: substitutions + other });
  };
  walk(0, 0, { insertions: 0, deletions: 0, substitutions: 0 });
  const [best] = ways.toSorted((a, b) => sum(a) - sum(b) || b.substitutions - a.substitutions);
  return best;
}

function sum({ insertions, deletions, substitutions }: Edits): number {
  return insertions + deletions + substitutions;
}

/** Few letters, so that many of them are equal. */
const word = (maxLength: number) => string({ unit: constantFrom('a', 'b', 'c'), maxLength });

describe('editsOf', () => {
  it.each([
    ['', '', 0, 0, 0],
    ['abc', 'abc', 0, 0, 0],
    ['', 'abc', 3, 0, 0],
    ['abc', '', 0, 3, 0],
    ['abc', 'abd', 0, 0, 1],
    ['abc', 'ac', 0, 1, 0],
    ['ac', 'abc', 1, 0, 0],
    // k→s, e→i, +g
    ['kitten', 'sitting', 1, 0, 2],
    // Two substitutions, or one deletion and one insertion: equally few.
    ['ab', 'bc', 0, 0, 2],
    ['intention', 'execution', 0, 0, 5],
  ])('%s heard as %s', (reference, hypothesis, insertions, deletions, substitutions) => {
    expect(edits(reference, hypothesis)).toEqual({ insertions, deletions, substitutions });
  });

  it('is what the best of all ways is', () => {
    assert(
      property(word(5), word(5), (a, b) => {
        expect(edits(a, b)).toEqual(exhaustive(a, b));
      }),
    );
  });

  it('has as few edits as an independent implementation finds', () => {
    assert(
      property(word(60), word(60), (a, b) => {
        expect(sum(edits(a, b))).toBe(distance(a, b));
      }),
    );
  });

  it('swaps insertions and deletions, and nothing else, when the two are swapped', () => {
    assert(
      property(word(30), word(30), (a, b) => {
        const { insertions, deletions, substitutions } = edits(a, b);
        expect(edits(b, a)).toEqual({ insertions: deletions, deletions: insertions, substitutions });
      }),
    );
  });

  it('never says more than that all is wrong, and adds up to the lengths', () => {
    assert(
      property(word(30), word(30), (a, b) => {
        const found = edits(a, b);
        expect(sum(found)).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(a.length - found.deletions + found.insertions).toBe(b.length);
      }),
    );
  });
});

/** Every way to turn one into the other, tried out. @returns what the best of them say of the first word */
function exhaustiveFates(reference: string, hypothesis: string): ReadonlySet<Fate> {
  const ways: { readonly cost: number; readonly first: Fate }[] = [];
  // An edit that is no substitution costs more, but less than one edit more would.
  const walk = (i: number, j: number, cost: number, first: Fate): void => {
    if (i === reference.length && j === hypothesis.length) ways.push({ cost, first });
    if (j < hypothesis.length) walk(i, j + 1, cost + 101, first);
    if (i < reference.length) walk(i + 1, j, cost + 101, i === 0 ? 'deleted' : first);
    if (i === reference.length || j === hypothesis.length) return;
    const isSame = reference[i] === hypothesis[j];
    walk(i + 1, j + 1, cost + (isSame ? 0 : 100), i > 0 ? first : isSame ? 'right' : 'substituted');
  };
  walk(0, 0, 0, 'right');
  const least = Math.min(...ways.map(({ cost }) => cost));
  return new Set(ways.flatMap(({ cost, first }) => (cost === least ? [first] : [])));
}

describe('what became of the words at both ends', () => {
  it.each([
    ['abc', 'abc', 'right', 'right'],
    ['abc', 'bc', 'deleted', 'right'],
    ['abc', 'ab', 'right', 'deleted'],
    ['abc', 'xbc', 'substituted', 'right'],
    ['abc', '', 'deleted', 'deleted'],
    ['abc', 'xabcx', 'right', 'right'],
    ['a', 'xyz', 'substituted', 'substituted'],
    // One of the two was lost, and nobody knows which.
    ['aab', 'ab', 'deleted', 'right'],
  ])('%s heard as %s', (said, heard, first, last) => {
    const words = [Array.from(said), Array.from(heard)] as const;
    expect([fateOfFirst(...words), fateOfLast(...words)]).toEqual([first, last]);
  });

  it('is the worst that one of the best of all ways says', () => {
    assert(
      property(word(5), word(5), (a, b) => {
        const said = `a${a}`;
        const fates = exhaustiveFates(said, b);
        const worst = (['deleted', 'substituted', 'right'] as const).find((fate) => fates.has(fate));
        expect(fateOfFirst(Array.from(said), Array.from(b))).toBe(worst);
        expect(fateOfLast(Array.from(said).toReversed(), Array.from(b).toReversed())).toBe(worst);
      }),
    );
  });
});
