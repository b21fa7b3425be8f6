/** What every decoder must keep; each decoder's own test calls this. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decoder, Frame, Packet } from '../../src/core/contracts.js';
import type { StageContext } from '../../src/core/kind.js';
import { stageContext } from '../support/stages.js';
import { packetOf } from '../support/readings.js';

/** @param good payloads that this decoder turns into at least one frame */
export function decoderContract(name: string, make: (context: StageContext) => Decoder, good: readonly string[]): void {
  const decodeAll = (packets: readonly Packet[]): { frames: Frame[]; counted: number; log: number } => {
    const context = stageContext();
    const decoder = make(context);
    const frames: Frame[] = [];
    for (const packet of packets) decoder.decode(packet, (frame) => frames.push(frame));
    const counted = Object.values(context.counters.toJSON()).reduce((sum, n) => sum + n, 0);
    return { frames, counted, log: context.log.lines.length };
  };

  describe(`${name} keeps the contract of a decoder`, () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.constantFrom(...good).map((text) => Buffer.from(text)),
    );
    const channel = fc.option(fc.string({ minLength: 1, maxLength: 5 }), { nil: undefined });

    it('turns any bytes into well-formed frames or a count, and never throws', () => {
      fc.assert(
        fc.property(payload, channel, fc.nat(), (bytes, channel, seq) => {
          const packet = packetOf(bytes, { channel, seq });
          const { frames, counted } = decodeAll([packet]);
          // An empty array of readings is neither a frame nor a mistake.
          if (Buffer.from(bytes).toString().replaceAll(/\s/g, '') === '[]') return;
          expect(frames.length + counted).toBeGreaterThan(0);
          for (const frame of frames) {
            if (frame.signal.kind !== 'channels') throw new Error('not channels');
            expect(frame.signal.stepUs).toBe(0);
            expect(frame.data).toHaveLength(frame.signal.names.length);
            expect(frame.data.length).toBeGreaterThan(0);
            expect(frame.data.every(Number.isFinite)).toBe(true);
            expect(Number.isSafeInteger(frame.us)).toBe(true);
            expect([frame.seq, frame.source, frame.arrivedUs]).toEqual([packet.seq, packet.source, packet.arrivedUs]);
            expect(frame.stream).not.toBe('');
          }
        }),
        { numRuns: 300 },
      );
    });

    it('gives equal lists of channels as one object, and equal packets as equal frames', () => {
      for (const text of good) {
        const { frames } = decodeAll([packetOf(text, { channel: 'a' }), packetOf(text, { channel: 'a' })]);
        expect(frames.length).toBeGreaterThan(1);
        const half = frames.length / 2;
        expect(frames.slice(0, half)).toEqual(frames.slice(half));
        frames.slice(0, half).forEach((frame, i) => expect(namesOf(frame)).toBe(namesOf(frames[half + i])));
      }
    });

    it('logs the first of a kind of bad message, not every one', () => {
      const once = decodeAll([packetOf('"?"', {})]);
      const often = decodeAll(Array.from({ length: 50 }, () => packetOf('"?"', {})));
      expect(once.log).toBeGreaterThan(0);
      expect(often.log).toBe(once.log);
      expect(often.counted).toBe(50 * once.counted);
    });
  });
}

function namesOf(frame: Frame): readonly string[] | undefined {
  return frame.signal.kind === 'channels' ? frame.signal.names : undefined;
}
