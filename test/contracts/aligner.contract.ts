/** What every aligner must keep; each aligner's own test calls this. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Aligner, Frame } from '../../src/core/contracts.js';
import { UserError } from '../../src/core/errors.js';
import { copyOfFrame } from '../../src/stream-aligner.js';

const RUNS = { numRuns: 150 };

/** @param readings readings of one stream, of channels that `make`'s aligner knows, with odd times among them; @param make one with room for four streams */
export function alignerContract(name: string, make: () => Aligner, readings: fc.Arbitrary<Frame[]>): void {
  const opened = (slot = 0): Aligner => {
    const aligner = make();
    aligner.open(slot, 'machine');
    return aligner;
  };
  const alone = (frames: readonly Frame[]): Frame[] => {
    const out: Frame[] = [];
    const aligner = opened();
    for (const frame of frames) aligner.push(0, frame, (row) => out.push(copyOfFrame(row)));
    aligner.flush(0, (row) => out.push(copyOfFrame(row)));
    return out;
  };

  describe(`${name} keeps the contract of an aligner`, () => {
    it('emits whole rows on the grid, in time order between gaps, the first marked start', () => {
      fc.assert(
        fc.property(readings, (frames) => {
          const aligner = make();
          const rows = alone(frames);
          rows.forEach((row, i) => {
            if (row.signal.kind !== 'channels') throw new Error('not channels');
            expect(row.signal.stepUs).toBe(aligner.stepUs);
            expect(row.data).toHaveLength(row.signal.names.length);
            expect(row.mask).toHaveLength(row.signal.names.length);
            expect(Math.abs(row.us % aligner.stepUs)).toBe(0);
            const follows = i > 0 && row.us - rows[i - 1].us === aligner.stepUs;
            expect(row.mark === (i === 0 ? 'start' : 'gap') || (follows && row.mark === undefined)).toBe(true);
          });
        }),
        RUNS,
      );
    });

    it('gives the same rows after a snapshot and a restore at any reading', () => {
      fc.assert(
        fc.property(readings, fc.nat(), (frames, at) => {
          const cut = frames.length === 0 ? 0 : at % frames.length;
          const out: Frame[] = [];
          const first = opened(0);
          for (const frame of frames.slice(0, cut)) first.push(0, frame, (row) => out.push(copyOfFrame(row)));
          const second = opened(3);
          second.load(3, first.save(0));
          for (const frame of frames.slice(cut)) second.push(3, frame, (row) => out.push(copyOfFrame(row)));
          second.flush(3, (row) => out.push(copyOfFrame(row)));
          expect(out).toEqual(alone(frames));
        }),
        RUNS,
      );
    });

    it('keeps streams apart, however their readings are interleaved', () => {
      fc.assert(
        fc.property(readings, readings, fc.infiniteStream(fc.boolean()), (one, two, turns) => {
          const aligner = opened(0);
          aligner.open(1, 'other');
          const out: Frame[] = [];
          const left = [...one];
          const others = [...two];
          while (left.length > 0) {
            const other = turns.next().value === true ? others.shift() : undefined;
            if (other !== undefined) aligner.push(1, other, () => {});
            else aligner.push(0, left.splice(0, 1)[0], (row) => out.push(copyOfFrame(row)));
          }
          aligner.flush(0, (row) => out.push(copyOfFrame(row)));
          expect(out).toEqual(alone(one));
        }),
        RUNS,
      );
    });

    it('forgets everything when a slot is opened anew, whether or not the stream before has left', () => {
      fc.assert(
        fc.property(readings, readings, fc.boolean(), (before, frames, leaves) => {
          const aligner = opened();
          for (const frame of before) aligner.push(0, frame, () => {});
          if (leaves) aligner.leave(0);
          aligner.open(0, 'machine');
          expect(Buffer.from(aligner.save(0))).toEqual(Buffer.from(opened().save(0)));
          const out: Frame[] = [];
          for (const frame of frames) aligner.push(0, frame, (row) => out.push(copyOfFrame(row)));
          aligner.flush(0, (row) => out.push(copyOfFrame(row)));
          expect(out).toEqual(alone(frames));
        }),
        RUNS,
      );
    });

    it('saves a fixed size, and refuses bytes of another version or size', () => {
      fc.assert(
        fc.property(readings, (frames) => {
          const aligner = opened();
          for (const frame of frames) aligner.push(0, frame, () => {});
          const bytes = aligner.save(0);
          expect(bytes).toHaveLength(opened().save(0).length);
          const other = Uint8Array.from(bytes);
          other[0] = 255;
          expect(() => aligner.load(0, other)).toThrow(UserError);
          expect(() => aligner.load(0, bytes.subarray(0, -1))).toThrow(UserError);
          expect(() => aligner.load(0, new Uint8Array(0))).toThrow(UserError);
          expect(aligner.save(0)).toEqual(bytes);
        }),
        { numRuns: 20 },
      );
    });
  });
}
