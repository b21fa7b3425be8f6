/** What every decoder of audio must keep; each one's own test calls this. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decoder } from '../../src/core/contracts.js';
import type { StageContext } from '../../src/core/kind.js';
import { channelsOf, cut, framesOf, rateOf, samplesOf } from '../support/audio.js';
import { stageContext } from '../support/stages.js';

/** @param whole a stream of at least 0.3 s that this decoder turns into audio, from its first byte to its last */
export function audioDecoderContract(name: string, make: (context: StageContext) => Decoder, whole: Uint8Array): void {
  const places = fc.array(fc.nat(whole.length), { maxLength: 40 });

  describe(`${name} keeps the contract of a decoder of audio`, () => {
    it('gives the same samples at the same times, however the bytes are cut', () => {
      const atOnce = framesOf(make(stageContext()), cut(whole));
      expect(atOnce.length).toBeGreaterThan(3);
      fc.assert(
        fc.property(places, (places) => {
          const frames = framesOf(make(stageContext()), cut(whole, places));
          expect(samplesOf(frames)).toEqual(samplesOf(atOnce));
          let samples = 0;
          for (const frame of frames) {
            expect(frame.us).toBe(Math.round((samples * 1e6) / rateOf(frame)));
            samples += frame.data.length / channelsOf(frame);
          }
        }),
        { numRuns: 60 },
      );
    });

    it('says where a stream starts and ends, and cuts it into frames of 100 ms at most', () => {
      const frames = framesOf(make(stageContext()), cut(whole));
      expect(frames.map(({ mark }) => mark)).toEqual([
        'start',
        ...Array.from({ length: frames.length - 2 }, () => undefined),
        'end',
      ]);
      for (const frame of frames) {
        expect(frame.data.length / channelsOf(frame) / rateOf(frame)).toBeLessThanOrEqual(0.1);
        expect(Number.isInteger(frame.data.length / channelsOf(frame))).toBe(true);
      }
    });

    it('turns any bytes into finite samples within [-1, 1] or a count, and never throws', () => {
      const bytes = fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, value]) => {
          const damaged = Uint8Array.from(whole);
          damaged[at % 60] = value;
          return damaged;
        }),
        fc.nat(whole.length - 1).map((length) => whole.subarray(0, length + 1)),
      );
      fc.assert(
        fc.property(bytes, places, (bytes, places) => {
          const context = stageContext();
          const frames = framesOf(
            make(context),
            cut(
              bytes,
              places.filter((place) => place < bytes.length),
            ),
          );
          const counted = Object.values(context.counters.toJSON()).reduce((sum, n) => sum + n, 0);
          expect(frames.length + counted).toBeGreaterThan(0);
          for (const { data, us } of frames) {
            expect(data.every((sample) => sample >= -1 && sample <= 1)).toBe(true);
            expect(Number.isSafeInteger(us)).toBe(true);
          }
        }),
        { numRuns: 200 },
      );
    });

    it('begins at the time of arrival, less what had been recorded by then', () => {
      const arrivedUs = 1_700_000_000_000_000;
      const pieces = cut(whole, [Math.floor(whole.length / 2)], { arrivedUs });
      const frames = framesOf(make(stageContext()), pieces);
      const first = frames.filter(({ seq, mark }) => seq === 1 && mark !== 'end');
      const seconds = first.reduce((sum, frame) => sum + frame.data.length / channelsOf(frame) / rateOf(frame), 0);
      expect(frames[0].us).toBe(arrivedUs - Math.round(seconds * 1e6));
      expect(frames.at(-1)?.arrivedUs).toBe(arrivedUs + 1);
    });

    it('keeps streams apart', () => {
      const alone = samplesOf(framesOf(make(stageContext()), cut(whole, [1001])));
      const [a, b] = cut(whole, [1001]);
      const both = framesOf(make(stageContext()), [
        { ...a, stream: 'a' },
        { ...a, stream: 'b' },
        { ...b, stream: 'b' },
        { ...b, stream: 'a' },
      ]);
      for (const stream of ['a', 'b']) {
        expect(samplesOf(both.filter((frame) => frame.stream === stream))).toEqual(alone);
      }
    });

    it('logs once what is wrong with a stream', () => {
      const context = stageContext();
      const decoder = make(context);
      const text = Buffer.from('this is no audio, whatever it is called');
      const properties = { sampleRateHz: 'fast' };
      framesOf(
        decoder,
        Array.from({ length: 50 }, () => ({ bytes: text, properties })),
      );
      expect(context.log.lines).toHaveLength(1);
      expect(Object.values(context.counters.toJSON())).toEqual([50]);
    });
  });
}
