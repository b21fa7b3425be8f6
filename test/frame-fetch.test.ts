import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame, PerSlot } from '../src/core/contracts.js';
import { Counters } from '../src/core/counters.js';
import { FrameFetch, FRAMES_FETCHED } from '../src/frame-fetch.js';
import { Slots } from '../src/step/slots.js';
import { reading } from './support/lanes.js';

const name = (i: number): string => `device-${i}`;

/** Remembers nothing but what it was asked to read. */
class Asked implements PerSlot {
  touched: number[] = [];
  open(): void {}
  leave(): void {}
  load(): void {}

  save(): Uint8Array {
    return new Uint8Array(0);
  }

  touch(slots: Int32Array, n: number): number {
    this.touched = [...slots.subarray(0, n)];
    return 0;
  }
}

function open(streams: number): { slots: Slots; stage: Asked; fetch: FrameFetch } {
  const slots = new Slots(streams, new Counters(), () => {});
  for (let i = 0; i < streams; i++) slots.acquire(name(i));
  const stage = new Asked();
  return { slots, stage, fetch: new FrameFetch(slots, [stage]) };
}

describe('what is read ahead of frames', () => {
  it('is what is remembered of their streams, where there are very many', () => {
    const { slots, stage, fetch } = open(5000);
    const frames: Frame[] = [7, 4999, 6000, 7, 31].map((i) => reading(name(i), 0));
    fetch.fetch(frames, 1, 5);
    expect(stage.touched).toEqual([4999, 7, 31].map((i) => slots.find(name(i))));
  });

  it('is nothing where all of it is in the caches anyway', () => {
    const { stage, fetch } = open(1000);
    fetch.fetch([reading(name(7), 0)], 0, 1);
    expect(stage.touched).toEqual([]);
  });

  it.each([1000, 5000])('does not matter for who has which slot, of %d, while streams come and go', (streams) => {
    const { slots, fetch } = open(streams);
    const names = fc.array(fc.nat(streams + 500), { minLength: 1, maxLength: FRAMES_FETCHED });
    fc.assert(
      fc.property(names, fc.array(fc.nat(streams + 500), { maxLength: 20 }), (list, moves) => {
        fetch.fetch(list.map((i) => reading(name(i), 0)), 0, list.length); // prettier-ignore
        for (const one of moves) {
          // Whoever comes now takes the slot of somebody else.
          if (one % 2 === 0) slots.release(name(one));
          else slots.acquire(name(one));
        }
        expect(list.map((i, at) => fetch.slotOf(name(i), at))).toEqual(list.map((i) => slots.find(name(i))));
      }),
    );
  });
});
