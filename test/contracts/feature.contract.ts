/** What every feature must keep; each feature's own test calls this. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Batch, Feature, Frame } from '../../src/core/contracts.js';
import { UserError } from '../../src/core/errors.js';

const RUNS = { numRuns: 60 };

/** A batch with room for `capacity` rows, filled with rubbish that `take` has to overwrite. */
export function emptyBatch(capacity: number, width: number): Batch {
  return {
    n: 0,
    width,
    slot: new Int32Array(capacity).fill(-7),
    us: new Float64Array(capacity).fill(-7),
    seq: new Float64Array(capacity).fill(-7),
    data: new Float32Array(capacity * width).fill(-7),
    mask: new Uint8Array(capacity * width).fill(7),
    gap: new Uint8Array(capacity).fill(7),
    settled: new Uint8Array(capacity).fill(7),
  };
}

/** Row i of a batch as plain values. */
export function rowOfBatch(batch: Batch, i: number): object {
  const { width } = batch;
  return {
    us: batch.us[i],
    seq: batch.seq[i],
    gap: batch.gap[i],
    settled: batch.settled[i],
    data: [...batch.data.subarray(i * width, (i + 1) * width)],
    mask: [...batch.mask.subarray(i * width, (i + 1) * width)],
  };
}

/** Takes what is ready, `capacity` rows a time, and appends each row to its slot's list. */
function drain(feature: Feature, capacity: number, rows: object[][]): void {
  const batch = emptyBatch(capacity, feature.names.length);
  while (feature.take(batch) > 0) {
    const slots = [...batch.slot.subarray(0, batch.n)];
    expect(new Set(slots).size).toBe(batch.n);
    slots.forEach((slot, i) => rows[slot].push(rowOfBatch(batch, i)));
  }
  expect(batch.n).toBe(0);
}

/**
 * @param make a feature with room for at least four streams
 * @param frames frames of one stream; `stream` of the names that `make`'s model knows or not
 */
export function featureContract(name: string, make: () => Feature, frames: fc.Arbitrary<Frame[]>): void {
  const streams = ['known', 'new', 'other', 'new too'];
  const opened = (): Feature => {
    const feature = make();
    streams.forEach((stream, slot) => feature.open(slot, stream));
    return feature;
  };
  const alone = (slot: number, list: readonly Frame[]): object[] => {
    const feature = opened();
    const rows: object[][] = streams.map(() => []);
    for (const frame of list) feature.push(slot, frame);
    feature.flush(slot);
    drain(feature, 1, rows);
    return rows[slot];
  };

  describe(`${name} keeps the contract of a feature`, () => {
    it('gives each stream the same rows, however streams are interleaved and rows are taken', () => {
      const lists = fc.tuple(frames, frames, frames, frames);
      const turns = fc.infiniteStream(fc.record({ slot: fc.nat(3), take: fc.nat(3) }));
      fc.assert(
        fc.property(lists, turns, (lists, turns) => {
          const feature = opened();
          const rows: object[][] = streams.map(() => []);
          const left = lists.map((list) => [...list]);
          while (left.some((list) => list.length > 0)) {
            const { slot, take } = turns.next().value;
            const frame = left[slot].shift();
            if (frame !== undefined) feature.push(slot, frame);
            if (take > 0) drain(feature, take, rows);
          }
          streams.forEach((_, slot) => feature.flush(slot));
          drain(feature, 4, rows);
          expect(rows).toEqual(lists.map((list, slot) => alone(slot, list)));
        }),
        RUNS,
      );
    });

    it('gives the same rows after a snapshot and a restore anywhere, rows that wait included', () => {
      fc.assert(
        fc.property(frames, fc.nat(), fc.boolean(), fc.nat(1), (list, at, takes, slot) => {
          const cut = at % (list.length + 1);
          const rows: object[][] = streams.map(() => []);
          const first = opened();
          for (const frame of list.slice(0, cut)) first.push(slot, frame);
          if (takes) drain(first, 2, rows);
          const second = opened();
          second.load(slot, first.save(slot));
          for (const frame of list.slice(cut)) second.push(slot, frame);
          second.flush(slot);
          drain(second, 2, rows);
          expect(rows[slot]).toEqual(alone(slot, list));
        }),
        RUNS,
      );
    });

    it('forgets everything, rows that wait included, when a slot is opened anew, whether or not it was left', () => {
      fc.assert(
        fc.property(frames, frames, fc.boolean(), fc.boolean(), (before, list, takes, leaves) => {
          const feature = opened();
          const rows: object[][] = streams.map(() => []);
          for (const frame of before) feature.push(1, frame);
          if (leaves) feature.leave(1);
          feature.open(1, streams[1]);
          if (takes) drain(feature, 4, rows);
          for (const frame of list) feature.push(1, frame);
          feature.flush(1);
          drain(feature, 4, rows);
          expect(rows[1]).toEqual(alone(1, list));
        }),
        RUNS,
      );
    });

    it('gives no row of a stream that has left, and all rows of the others', () => {
      fc.assert(
        fc.property(frames, frames, fc.nat(3), (left, list, leaving) => {
          const feature = opened();
          const staying = (leaving + 1) % 4;
          const rows: object[][] = streams.map(() => []);
          for (const frame of left) feature.push(leaving, frame);
          for (const frame of list) feature.push(staying, frame);
          feature.leave(leaving);
          feature.flush(staying);
          drain(feature, 2, rows);
          expect(rows[leaving]).toEqual([]);
          expect(rows[staying]).toEqual(alone(staying, list));
        }),
        RUNS,
      );
    });

    it('takes the slot that has waited longest first', () => {
      fc.assert(
        fc.property(frames, fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1 }), (list, order) => {
          fc.pre(list.length > 0);
          const feature = opened();
          for (const slot of order) feature.push(slot, list[0]);
          const batch = emptyBatch(1, feature.names.length);
          const taken = order.map(() => (feature.take(batch), batch.slot[0]));
          expect(taken).toEqual(order);
        }),
        { numRuns: 20 },
      );
    });

    it('refuses a saved state of another version or size', () => {
      const feature = opened();
      const bytes = feature.save(1);
      const other = Uint8Array.from(bytes);
      other[0] = 255;
      for (const bad of [other, bytes.subarray(0, -1), bytes.subarray(0, 9), new Uint8Array(0)]) {
        expect(() => feature.load(1, bad)).toThrow(UserError);
      }
      expect(feature.save(1)).toEqual(bytes);
    });
  });
}
