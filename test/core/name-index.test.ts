import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NameIndex } from '../../src/core/name-index.js';

/** An index beside the names that it is asked about. */
class Names {
  readonly names = new Map<number, string>();
  readonly index = new NameIndex((number) => this.names.get(number));

  /** @param hash instead of the name's own, so that names collide */
  set(name: string, number: number, hash = this.index.hash(name)): void {
    this.names.set(number, name);
    this.index.set(hash, number);
  }

  delete(number: number, hash = this.index.hash(this.names.get(number) ?? '')): void {
    this.index.delete(hash, number);
    this.names.delete(number);
  }
}

describe('an index of names', () => {
  it('finds what a map would, also when all hashes are alike or neighbours', () => {
    const moves = fc.array(fc.tuple(fc.constantFrom('set', 'set', 'delete'), fc.nat(199)), { maxLength: 300 });
    fc.assert(
      fc.property(moves, fc.constantFrom(1, 2, 3, 70, 4096), fc.integer(), (list, hashes, shift) => {
        const names = new Names();
        const map = new Map<string, number>();
        // Numbers that wrap around the end of the table, too.
        const hashOf = (number: number): number => (shift + (number % hashes)) | 0;
        for (const [move, number] of list) {
          const name = `device-${number}`;
          if (move === 'set' && !map.has(name)) {
            names.set(name, number, hashOf(number));
            map.set(name, number);
          } else if (move === 'delete' && map.delete(name)) {
            names.delete(number, hashOf(number));
          }
        }
        expect(names.index.size).toBe(map.size);
        for (let number = 0; number < 200; number++) {
          const name = `device-${number}`;
          expect(names.index.find(name, hashOf(number))).toBe(map.get(name) ?? -1);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('hashes equal names alike, however they were made, and spreads those that differ little', () => {
    const names = new Names();
    const { index } = names;
    const name = 'plant/line-7/pump-é-42';
    expect(index.hash(Buffer.from(name).toString('utf8'))).toBe(index.hash(`plant/${name.slice(6)}`));
    const low = Array.from({ length: 4096 }, (_, i) => index.hash(`device-${i}`) & 4095);
    // Of 4096 at random, 4096 · (1 − 1/e) = 2589 places are taken.
    expect(new Set(low).size).toBeGreaterThan(2300);
  });

  it('finds each of a hundred thousand names, and none after all have gone', () => {
    const names = new Names();
    const count = 100_000;
    for (let i = 0; i < count; i++) names.set(`device-${i}`, i);
    const found = (): number[] =>
      Array.from({ length: count }, (_, i) => names.index.find(`device-${i}`, names.index.hash(`device-${i}`)));
    expect(found().every((number, i) => number === i)).toBe(true);
    for (let i = 0; i < count; i++) names.delete(i);
    expect(names.index.size).toBe(0);
    expect(found().every((number) => number === -1)).toBe(true);
  });

  it('does nothing when what is to be deleted is not there', () => {
    const names = new Names();
    names.set('a', 0);
    names.index.delete(names.index.hash('b'), 1);
    expect(names.index.size).toBe(1);
    expect(names.index.find('a', names.index.hash('a'))).toBe(0);
  });
});
