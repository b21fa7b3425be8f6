import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/core/counters.js';
import { BugError } from '../../src/core/errors.js';
import { Slots } from '../../src/step/slots.js';

interface Eviction {
  readonly stream: string;
  readonly slot: number;
}

function makeSlots(capacity: number): { slots: Slots; evictions: Eviction[]; counters: Counters } {
  const evictions: Eviction[] = [];
  const counters = new Counters();
  const slots = new Slots(capacity, counters, (stream, slot) => evictions.push({ stream, slot }));
  return { slots, evictions, counters };
}

const ACTIONS = ['acquire', 'release', 'find'] as const;
type Action = (typeof ACTIONS)[number];

const command: fc.Arbitrary<readonly [Action, string]> = fc.tuple(
  fc.constantFrom(...ACTIONS, 'acquire'),
  fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
);

/** What `Slots` should do, the slow and plain way. */
class PlainLru {
  /** Least recent first. */
  readonly order: { readonly stream: string; readonly slot: number }[] = [];
  readonly gone: string[] = [];

  constructor(private readonly capacity: number) {}

  find(stream: string): number | undefined {
    return this.order.find((entry) => entry.stream === stream)?.slot;
  }

  release(stream: string): number | undefined {
    const at = this.order.findIndex((entry) => entry.stream === stream);
    return at < 0 ? undefined : this.order.splice(at, 1)[0].slot;
  }

  acquire(stream: string): number {
    const own = this.release(stream);
    const oldest = own === undefined && this.order.length === this.capacity ? this.order.shift() : undefined;
    if (oldest) this.gone.push(oldest.stream);
    let lowest = 0;
    while (this.order.some((entry) => entry.slot === lowest)) lowest++;
    const slot = own ?? lowest;
    this.order.push({ stream, slot });
    return slot;
  }
}

describe('Slots', () => {
  it('finds who comes in the order of the last round, and who does not', () => {
    const round = fc
      .constantFrom('abcd', 'abcd', 'abcd', 'bacd', 'acd', 'abce', 'dcba', 'aabb')
      .map((names) => names.split(''));
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), fc.array(round, { maxLength: 20 }), (capacity, rounds) => {
        const { slots } = makeSlots(capacity);
        rounds.forEach((names, i) => {
          for (const name of names) {
            expect(slots.findNext(name)).toBe(slots.find(name));
            slots.acquire(name);
          }
          // Somebody else may get the slot that would be next.
          if (i % 3 === 2) slots.release(names[0]);
          if (i % 6 === 5) slots.acquire('z');
        });
      }),
      { numRuns: 300 },
    );
  });

  it('behaves like a list ordered by last use', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(command, { maxLength: 60 }), (capacity, commands) => {
        const { slots, evictions } = makeSlots(capacity);
        const plain = new PlainLru(capacity);
        for (const [action, stream] of commands) {
          const slot = action === 'acquire' ? slots.acquire(stream) : slots[action](stream);
          expect(slot).toBe(action === 'acquire' ? plain.acquire(stream) : plain[action](stream));
          expect([...slots.leastRecent()]).toEqual(plain.order.map((entry) => [entry.stream, entry.slot]));
          expect(plain.order.every((entry) => slots.streamOf(entry.slot) === entry.stream)).toBe(true);
          expect(slots.size).toBe(plain.order.length);
        }
        expect(evictions.map((eviction) => eviction.stream)).toEqual(plain.gone);
        expect([...slots.streams()].toSorted()).toEqual(plain.order.map((entry) => entry.stream).toSorted());
        expect(plain.order.every(({ slot }) => slot >= 0 && slot < capacity)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('tells about an eviction while the stream still owns its slot', () => {
    const owners: (string | undefined)[] = [];
    const slots: Slots = new Slots(1, new Counters(), (_, slot) => owners.push(slots.streamOf(slot)));
    slots.acquire('old');
    slots.acquire('new');
    expect(owners).toEqual(['old']);
    expect(slots.streamOf(0)).toBe('new');
    expect(slots.find('old')).toBeUndefined();
  });

  it('does not call a release an eviction', () => {
    const { slots, evictions, counters } = makeSlots(2);
    slots.acquire('a');
    slots.release('a');
    expect(slots.release('a')).toBeUndefined();
    expect(slots.streamOf(0)).toBeUndefined();
    expect(evictions).toEqual([]);
    expect(counters.get('step.evicted')).toBe(0);
  });

  // With a scan for the oldest stream this would be 2.5 thousand million steps; the timeout is an order below that.
  it('takes 100,000 unknown streams without growing or slowing down', { timeout: 5000 }, () => {
    const capacity = 50_000;
    const { slots, evictions, counters } = makeSlots(capacity);
    let highest = 0;
    for (let i = 0; i < 100_000; i++) highest = Math.max(highest, slots.acquire(`device/${i}`));
    expect(highest).toBe(capacity - 1);
    expect(slots.size).toBe(capacity);
    expect(counters.get('step.evicted')).toBe(50_000);
    expect(evictions[0]).toEqual({ stream: 'device/0', slot: 0 });
    expect(evictions.at(-1)?.stream).toBe('device/49999');
    expect(slots.find('device/49999')).toBeUndefined();
    expect(slots.find('device/50000')).toBeDefined();
  });

  it('gives the lowest slots again after a flood of names has gone', () => {
    const { slots } = makeSlots(1_000_000);
    for (let i = 0; i < 100_000; i++) slots.acquire(`device/${i}`);
    for (let i = 0; i < 100_000; i++) slots.release(`device/${i}`);
    expect(slots.size).toBe(0);
    expect(Array.from({ length: 10 }, (_, i) => slots.acquire(`new/${i}`))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([...slots.leastRecent()].map(([, slot]) => slot)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(slots.streamOf(99_999)).toBeUndefined();
  });

  it('finds many streams at once as one by one', () => {
    const { slots } = makeSlots(500);
    for (let i = 0; i < 400; i++) slots.acquire(`device/${i}`);
    for (let i = 0; i < 400; i += 3) slots.release(`device/${i}`);
    const of = Array.from({ length: 410 }, (_, i) => ({ stream: `device/${(i * 7) % 410}` }));
    const out = new Int32Array(400);
    slots.findEach(of, 5, 405, out);
    expect([...out]).toEqual(of.slice(5, 405).map(({ stream }) => slots.find(stream) ?? -1));
  });

  it('keeps a stream that goes on sending through a flood of unknown names', () => {
    const { slots, evictions } = makeSlots(16);
    const faithful = slots.acquire('faithful');
    for (let i = 0; i < 100_000; i++) {
      slots.acquire(`flood/${i}`);
      if (i % 10 === 0) slots.acquire('faithful');
    }
    expect(slots.find('faithful')).toBe(faithful);
    expect(evictions.some(({ stream }) => stream === 'faithful')).toBe(false);
    expect([...slots.streams()]).toHaveLength(16);
  });

  it('needs room for one stream at least', () => {
    for (const capacity of [0, -1, 1.5, Number.NaN]) expect(() => makeSlots(capacity)).toThrow(BugError);
  });

  it('finds every stream, and no other, while they become many and few again', () => {
    const { slots } = makeSlots(20_000);
    const names = Array.from({ length: 10_000 }, (_, i) => `device-${i}`);
    const manyAt: number[] = [];
    const notice = (): void => {
      if (slots.many !== manyAt.length % 2 > 0) manyAt.push(slots.size);
    };
    names.forEach((name, i) => {
      expect(slots.find(name)).toBe(undefined);
      expect(slots.acquire(name)).toBe(i);
      expect(slots.find(name)).toBe(i);
      notice();
    });
    names.forEach((name, i) => {
      expect(slots.find(name)).toBe(i);
      expect(slots.release(name)).toBe(i);
      expect(slots.find(name)).toBe(undefined);
      expect(slots.size).toBe(names.length - i - 1);
      expect(slots.find(names[9999])).toBe(i < 9999 ? 9999 : undefined);
      notice();
    });
    expect(manyAt).toHaveLength(2);
    expect(manyAt[1]).toBeLessThan(manyAt[0]);
  });
});
