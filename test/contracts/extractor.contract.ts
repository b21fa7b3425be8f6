/** What every extractor must keep, whatever it measures; each kind's own test calls this. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/core/contracts.js';
import type { Extractor } from '../../src/core/extractor.js';
import { Counters } from '../../src/core/counters.js';
import { BugError } from '../../src/core/errors.js';
import type { ExtractContext } from '../../src/core/kind.js';
import { silentLog } from '../../src/core/log.js';
import { normal } from '../../src/core/random.js';

const RUNS = { numRuns: 25 };
const ORIGIN_US = 1_700_000_000_000_000;

export function extractContext(maxStreams = 4, counters = new Counters(), log = silentLog): ExtractContext {
  return { name: 'test', baseDir: '.', counters, log, maxStreams };
}

/** A piece of audio of one stream. */
export function audioFrame(
  stream: string,
  us: number,
  rateHz: number,
  data: Float64Array,
  mark?: NonNullable<Frame['mark']>,
): Frame {
  const signal = { kind: 'audio', rateHz, channels: 1 } as const;
  const frame = { stream, source: 2, seq: 7, us, arrivedUs: us + 5, signal, data };
  return mark === undefined ? frame : { ...frame, mark };
}

/** Noise of a stream, cut into frames whose times are counted from the sample number, the last marked `end`. */
export function audioFrames(
  stream: string,
  rateHz: number,
  samples: number,
  pieces: readonly number[],
  originUs = ORIGIN_US,
): Frame[] {
  const frames: Frame[] = [];
  for (let from = 0, i = 0; from < samples; i++) {
    const n = Math.min(pieces[Math.min(i, pieces.length - 1)], samples - from);
    const start = from;
    const data = Float64Array.from({ length: n }, (_, k) => 0.2 * normal(stream.length, 1, start + k));
    frames.push(audioFrame(stream, originUs + Math.round((from * 1e6) / rateHz), rateHz, data));
    from += n;
  }
  const endUs = originUs + Math.round((samples * 1e6) / rateHz);
  frames.push(audioFrame(stream, endUs, rateHz, new Float64Array(0), 'end'));
  return frames;
}

/** The readings of all frames. */
export function readingsOf(extractor: Extractor, frames: readonly Frame[]): Frame[] {
  const readings: Frame[] = [];
  for (const frame of frames) extractor.push(frame, (reading) => void readings.push(reading));
  return readings;
}

/** What must not depend on how the sound is cut; packet numbers do. */
const timeAndValues = ({ us, data }: Frame): object => ({ us, data });

/**
 * @param make an extractor with the given context
 * @param rateHz that it takes
 */
export function extractorContract(name: string, make: (context: ExtractContext) => Extractor, rateHz: number): void {
  const fresh = (maxStreams?: number): Extractor => make(extractContext(maxStreams));
  const lengths = fc.nat(Math.round(rateHz * 0.3));
  const pieces = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 10 });

  describe(`${name} keeps the contract of an extractor`, () => {
    it('emits one finite value per name, with the times of its hops, then the end', () => {
      const extractor = fresh();
      const readings = readingsOf(extractor, audioFrames('a', rateHz, rateHz, [1000]));
      expect(readings.pop()).toMatchObject({ us: ORIGIN_US + 1_000_000, data: new Float64Array(0), mark: 'end' });
      expect(readings.length).toBeGreaterThan(10);
      const hopUs = readings[1].us - readings[0].us;
      readings.forEach((reading, k) => {
        expect(reading).toMatchObject({ stream: 'a', source: 2, seq: 7 });
        expect(reading.signal).toEqual({ kind: 'channels', names: extractor.names, stepUs: 0 });
        expect(reading.data).toHaveLength(extractor.names.length);
        expect(reading.data.every(Number.isFinite)).toBe(true);
        expect(Math.abs(reading.us - ORIGIN_US - k * hopUs)).toBeLessThanOrEqual(k);
        expect(Number.isInteger(reading.us)).toBe(true);
        expect(reading.mark).toBeUndefined();
      });
      expect(new Set(extractor.names).size).toBe(extractor.names.length);
    });

    it('emits the same readings however the sound is cut', () => {
      fc.assert(
        fc.property(lengths, pieces, (samples, sizes) => {
          const whole = readingsOf(fresh(), audioFrames('a', rateHz, samples, [Math.max(1, samples)]));
          const cut = readingsOf(fresh(), audioFrames('a', rateHz, samples, sizes));
          expect(cut.map(timeAndValues)).toEqual(whole.map(timeAndValues));
        }),
        RUNS,
      );
    });

    it('keeps streams apart', () => {
      fc.assert(
        fc.property(lengths, lengths, fc.infiniteStream(fc.boolean()), (one, two, turns) => {
          const extractor = fresh();
          const left = audioFrames('a', rateHz, one, [333]);
          const others = audioFrames('bb', rateHz, two, [444]);
          const expected = readingsOf(fresh(), left);
          const readings: Frame[] = [];
          while (left.length > 0) {
            const other = turns.next().value ? others.shift() : undefined;
            if (other !== undefined) readingsOf(extractor, [other]);
            else readings.push(...readingsOf(extractor, left.splice(0, 1)));
          }
          expect(readings).toEqual(expected);
        }),
        RUNS,
      );
    });

    it('begins anew after a gap and says so, from the time of the first sample after it', () => {
      const after = audioFrames('a', rateHz, rateHz, [500], ORIGIN_US + 60_000_000);
      const expected = readingsOf(fresh(), after);
      const extractor = fresh();
      readingsOf(extractor, audioFrames('a', rateHz, Math.round(rateHz / 3), [777]).slice(0, -1));
      const readings = readingsOf(extractor, [{ ...after[0], mark: 'gap' }, ...after.slice(1)]);
      expect(readings).toEqual([{ ...expected[0], mark: 'gap' }, ...expected.slice(1)]);
    });

    it('forgets a stream that has ended', () => {
      const extractor = fresh();
      const frames = audioFrames('a', rateHz, rateHz, [777]);
      const first = readingsOf(extractor, frames);
      expect(readingsOf(extractor, frames)).toEqual(first);
    });

    it('forgets the stream heard least recently when there are too many, and counts it', () => {
      const counters = new Counters();
      const extractor = make(extractContext(2, counters));
      const half = (stream: string): Frame[] =>
        audioFrames(stream, rateHz, Math.round(rateHz / 20), [200]).slice(0, -1);
      const empty = (stream: string): Frame => audioFrame(stream, ORIGIN_US, rateHz, new Float64Array(0), 'end');
      readingsOf(extractor, [...half('a'), ...half('bb'), ...half('a').slice(0, 1), empty('dddd')]);
      expect(counters.get('extract.stream-evicted')).toBe(0);
      readingsOf(extractor, half('ccc'));
      expect(counters.get('extract.stream-evicted')).toBe(1);
      // What was forgotten begins anew.
      const again = audioFrames('bb', rateHz, rateHz, [777]);
      expect(readingsOf(extractor, again)).toEqual(readingsOf(fresh(), again));
      expect(counters.get('extract.stream-evicted')).toBe(2);
    });

    it('is never given anything but mono audio', () => {
      const stereo = { kind: 'audio', rateHz, channels: 2 } as const;
      const [frame] = audioFrames('a', rateHz, 100, [100]);
      expect(() => readingsOf(fresh(), [{ ...frame, signal: stereo }])).toThrow(BugError);
      const channels = { kind: 'channels', names: ['x'], stepUs: 0 } as const;
      expect(() => readingsOf(fresh(), [{ ...frame, signal: channels }])).toThrow(BugError);
    });
  });
}
