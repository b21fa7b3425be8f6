/** What every frame extractor must keep; each extractor's own test calls this. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FrameExtractor } from '../../src/core/contracts.js';
import { normal } from '../../src/core/random.js';
import { BugError, UserError } from '../../src/core/errors.js';
import { pieceSizes, vectorsOf } from '../feature/reference.js';

const RUNS = { numRuns: 25 };

/** Noise with silence in the middle and a loud end, the same whenever it is asked for. */
function sound(seed: number, samples: number): Float64Array {
  return Float64Array.from({ length: samples }, (_, i) => {
    const loudness = i < samples / 3 ? 0.1 : i < samples / 2 ? 0 : 0.9;
    return Math.max(-1, Math.min(1, loudness * normal(seed, 0, i)));
  });
}

const bits = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/**
 * @param make extractors of different streams, with equal options
 * @param mostSamples of the sounds that are tried; a few frames and some more
 */
export function frameExtractorContract(name: string, make: () => FrameExtractor, mostSamples: number): void {
  const sounds = fc.record({ seed: fc.nat(1000), samples: fc.nat(mostSamples) });
  const whole = ({ seed, samples }: { seed: number; samples: number }): Float32Array =>
    vectorsOf(make(), sound(seed, samples), [Math.max(1, samples)]);

  describe(`${name} keeps the contract of a frame extractor`, () => {
    it('has a name for every value, and a hop', () => {
      const { names, width, hopSamples } = make();
      expect(names).toHaveLength(width);
      expect(new Set(names).size).toBe(width);
      expect(hopSamples).toBeGreaterThanOrEqual(1);
    });

    it('gives the same vectors, to the bit, however the samples are cut, and never one that is not finite', () => {
      fc.assert(
        fc.property(sounds, pieceSizes, (which, pieces) => {
          const vectors = vectorsOf(make(), sound(which.seed, which.samples), pieces);
          expect(bits(vectors)).toEqual(bits(whole(which)));
          expect(vectors.every(Number.isFinite)).toBe(true);
        }),
        RUNS,
      );
    });

    it('gives the same vectors when they are left to wait', () => {
      fc.assert(
        fc.property(sounds, (which) => {
          const extractor = make();
          const samples = sound(which.seed, which.samples);
          for (let i = 0; i < samples.length; i += 100) extractor.push(samples, i, Math.min(100, samples.length - i));
          extractor.flush();
          const vectors = new Float32Array(extractor.ready * extractor.width + 1).fill(7);
          for (let i = 0; extractor.ready > 0; i += extractor.width) extractor.take(vectors, i);
          expect(vectors.at(-1)).toBe(7);
          expect(bits(vectors.subarray(0, -1))).toEqual(bits(whole(which)));
          expect(() => extractor.take(vectors, 0)).toThrow(BugError);
          expect(() => extractor.push(new Float64Array(1), 0, 1)).toThrow(BugError);
        }),
        RUNS,
      );
    });

    it('goes on from a saved state, at any sample, as if nothing had happened', () => {
      fc.assert(
        fc.property(sounds, fc.nat(), pieceSizes, fc.boolean(), (which, at, pieces, takes) => {
          const samples = sound(which.seed, which.samples);
          const cut = at % (samples.length + 1);
          const first = make();
          const vectors: number[] = [];
          const out = new Float32Array(first.width);
          for (let from = 0, i = 0; from < cut; i++) {
            const n = Math.min(pieces[Math.min(i, pieces.length - 1)], cut - from);
            first.push(samples, from, n);
            from += n;
            if (!takes) continue;
            while (first.ready > 0) {
              first.take(out, 0);
              vectors.push(...out);
            }
          }
          const bytes = first.save();
          const second = make();
          second.push(samples, 0, Math.min(samples.length, 10));
          second.load(bytes);
          expect(Buffer.from(second.save())).toEqual(Buffer.from(bytes));
          vectors.push(...vectorsOf(second, samples.subarray(cut), [samples.length]));
          expect(bits(Float32Array.from(vectors))).toEqual(bits(whole(which)));
        }),
        RUNS,
      );
    });

    it('saves the same bytes however the samples were cut', () => {
      fc.assert(
        fc.property(sounds, fc.integer({ min: 1, max: 700 }), (which, size) => {
          const samples = sound(which.seed, which.samples);
          const [one, pieces] = [make(), make()];
          one.push(samples, 0, samples.length);
          for (let i = 0; i < samples.length; i += size) pieces.push(samples, i, Math.min(size, samples.length - i));
          expect(Buffer.from(pieces.save())).toEqual(Buffer.from(one.save()));
        }),
        RUNS,
      );
    });

    it('keeps streams apart', () => {
      fc.assert(
        fc.property(sounds, sounds, (one, two) => {
          const extractors = [make(), make()];
          const signals = [one, two].map(({ seed, samples }) => sound(seed, samples));
          const vectors: number[][] = [[], []];
          const out = new Float32Array(extractors[0].width);
          for (let from = 0; from < mostSamples; from += 50) {
            extractors.forEach((extractor, i) => {
              extractor.push(signals[i], from, Math.max(0, Math.min(50, signals[i].length - from)));
              if (extractor.ready === 0) return;
              extractor.take(out, 0);
              vectors[i].push(...out);
            });
          }
          extractors.forEach((extractor, i) => {
            vectors[i].push(...vectorsOf(extractor, new Float64Array(0), [1]));
          });
          expect(bits(Float32Array.from(vectors[0]))).toEqual(bits(whole(one)));
          expect(bits(Float32Array.from(vectors[1]))).toEqual(bits(whole(two)));
        }),
        RUNS,
      );
    });

    it('forgets everything on reset', () => {
      fc.assert(
        fc.property(sounds, sounds, fc.boolean(), (before, which, ended) => {
          const extractor = make();
          const samples = sound(before.seed, before.samples);
          if (ended) vectorsOf(extractor, samples, [300]);
          else extractor.push(samples, 0, samples.length);
          extractor.reset();
          expect(Buffer.from(extractor.save())).toEqual(Buffer.from(make().save()));
          expect(bits(vectorsOf(extractor, sound(which.seed, which.samples), [400]))).toEqual(bits(whole(which)));
        }),
        RUNS,
      );
    });

    it('refuses a saved state of another version or size, and stays as it was', () => {
      const extractor = make();
      extractor.push(sound(1, mostSamples), 0, mostSamples);
      const bytes = extractor.save();
      const other = Uint8Array.from(bytes);
      other[0] = 255;
      for (const bad of [
        other,
        bytes.subarray(0, -1),
        bytes.subarray(0, -8),
        bytes.subarray(0, 9),
        new Uint8Array(0),
      ]) {
        expect(() => extractor.load(bad)).toThrow(UserError);
      }
      expect(Buffer.from(extractor.save())).toEqual(Buffer.from(bytes));
    });
  });
}
