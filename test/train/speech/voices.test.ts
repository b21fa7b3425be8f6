import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bandCentresHz } from '../../../src/feature/mel-bank.js';
import type { Chunks } from '../../../src/train/speech/chunk-maker.js';
import { Draws } from '../../../src/train/speech/draws.js';
import { withoutLevel } from '../../../src/train/speech/running-level.js';
import { inVoice, Voices, type Voice } from '../../../src/train/speech/voices.js';

const BINS = 24;
const features = { sampleRateHz: 8000, melBins: BINS, lowFrequencyHz: 20, highFrequencyHz: -400, sampleScale: 1 };
const TAIL = 2;

/** Each band of each frame is `of(t, band)`. */
function chunksOf(count: number, of: (t: number, band: number) => number): Chunks {
  return { count, data: Float32Array.from({ length: count * 4 * BINS }, (_, i) => of(Math.floor(i / BINS), i % BINS)) };
}

const UNCHANGED: Voice = {
  places: Float64Array.from({ length: BINS }, (_, band) => band),
  colour: new Float64Array(BINS),
  speed: 1,
};

describe('voices', () => {
  it('that change nothing change nothing', () => {
    const chunks = chunksOf(9, (t, band) => Math.sin(t * 7 + band * 3));
    expect(inVoice(chunks, UNCHANGED, TAIL)).toEqual(chunks);
    expect(new Voices(features, { throat: 0, haste: 0, colour: 0 }).draw(new Draws(1, 2, 3)).speed).toBe(1);
  });

  it('of another throat hear a tone at another frequency', () => {
    const centres = bandCentresHz({ ...features, melTriangles: 'mel' }, features.sampleRateHz) ?? new Float64Array(0);
    for (let index = 0; index < 20; index++) {
      const { places } = new Voices(features, { throat: 0.2, haste: 0, colour: 0 }).draw(new Draws(1, 0, index));
      // A formant at band 10 is found in the band that takes from there.
      const { data } = inVoice(
        chunksOf(4, (_, band) => -Math.abs(band - 10)),
        { ...UNCHANGED, places },
        TAIL,
      );
      const loudest = data.subarray(0, BINS).indexOf(Math.max(...data.subarray(0, BINS)));
      const factor = centres[10] / centres[loudest];
      expect(factor).toBeGreaterThan(Math.exp(-0.2) * 0.94);
      expect(factor).toBeLessThan(Math.exp(0.2) / 0.94);
      expect(Math.abs(places[loudest] - 10)).toBeLessThanOrEqual(0.75);
    }
  });

  it('in more haste take less time, and the silence behind keeps its length', () => {
    const chunks = chunksOf(22, (t) => (t < 80 ? t : -50));
    for (const speed of [0.75, 1.3]) {
      const { count, data } = inVoice(chunks, { ...UNCHANGED, speed }, TAIL);
      expect(count - TAIL).toBe(Math.round(20 / speed));
      const said = Math.min((count - TAIL) * 4, Math.floor(79 / speed));
      for (let t = 0; t < said; t++) expect(data[t * BINS]).toBeCloseTo(t * speed, 4);
      expect(Array.from(data.subarray((count - TAIL) * 4 * BINS)).every((value) => value === -50)).toBe(true);
    }
  });

  it('are a function of the draws, and stay within what is asked for', () => {
    const voices = new Voices(features, { throat: 0.12, haste: 0.3, colour: 1.5 });
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e6), (epoch, index) => {
        const { places, colour, speed } = voices.draw(new Draws(1, epoch, index));
        expect(voices.draw(new Draws(1, epoch, index))).toEqual({ places, colour, speed });
        expect(Math.abs(Math.log(speed))).toBeLessThanOrEqual(0.3);
        for (const place of places) expect(place >= 0 && place <= BINS - 1).toBe(true);
        const ripples = [1, 2, 3, 4].reduce((sum, ripple) => sum + 0.7 / Math.sqrt(ripple), 0);
        for (const nats of colour) expect(Math.abs(nats)).toBeLessThanOrEqual(1.5 * (1 + ripples));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the running level', () => {
  it('is taken away: louder sounds the same from the first frame that is not silence', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 2, noNaN: true }), fc.integer(), (louder, seed) => {
        const draws = new Draws(seed, 0, 0);
        const quiet = chunksOf(5, () => draws.within([-1.5, 0.5]));
        const loud = { count: 5, data: quiet.data.map((value) => value + louder) };
        withoutLevel(quiet, BINS);
        withoutLevel(loud, BINS);
        loud.data.forEach((value, i) => expect(value).toBeCloseTo(quiet.data[i], 4));
      }),
      { numRuns: 30 },
    );
  });

  it('follows what is louder at once, forgets it slowly, and does not raise silence', () => {
    const chunks = chunksOf(2, (t) => [-2, 1, 0, 0, -2, -2, -6, -6][t]);
    withoutLevel(chunks, BINS);
    const frames = Array.from({ length: 8 }, (_, t) => chunks.data[t * BINS]);
    [0, 0, -0.995, -0.99, -2.985, -2.98, -6.975, -6.97].forEach((value, t) => expect(frames[t]).toBeCloseTo(value, 4));
    const silence = chunksOf(1, () => -6);
    withoutLevel(silence, BINS);
    expect(silence.data[0]).toBe(-3.5);
  });
});
