import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Draws } from '../../../src/train/speech/draws.js';
import { Lessons, type LessonOptions } from '../../../src/train/speech/lessons.js';
import { melScaleOf, normalise } from '../../../src/train/speech/mel-scale.js';
import { withoutLevel } from '../../../src/train/speech/running-level.js';
import { specAugment } from '../../../src/train/speech/spec-augment.js';
import { speechBatch } from '../../../src/train/speech/speech-batch.js';
import { WordTokens } from '../../../src/train/speech/word-tokens.js';
import { RATE_HZ, WORDS } from './words.js';

const tokens = new WordTokens(['one', 'two']);
const recordings = WORDS.map((word) => Object.assign({ labels: word.transcript === 'one' ? [1] : [2] }, word));
const corpus = { sampleRateHz: RATE_HZ, tokens, recordings, problems: [] };
const features = { sampleRateHz: RATE_HZ, melBins: 24, lowFrequencyHz: 20, highFrequencyHz: -400, sampleScale: 1 };
const OPTIONS: LessonOptions = {
  join: { recordings: [1, 3], gapMs: [100, 500], edgeMs: [100, 400], speed: [0.9, 1.1], wordLevelDb: [-3, 3] },
  surroundings: { levelDb: [-30, -20], roomShare: 0.5, noises: ['pink', 'babble'], noiseShare: 1, snrDb: [30, 40] },
};
const UNSCALED = { mean: new Float32Array(24), spread: new Float32Array(24).fill(1) };

describe('lessons', () => {
  const lessons = new Lessons(corpus, features, OPTIONS, 5);

  it('are a function of seed, epoch and index', () => {
    const again = new Lessons(corpus, features, OPTIONS, 5);
    const other = new Lessons(corpus, features, OPTIONS, 6);
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e6), (epoch, index) => {
        const lesson = lessons.lesson(epoch, index, UNSCALED);
        expect(again.lesson(epoch, index, UNSCALED)).toEqual(lesson);
        expect(other.lesson(epoch, index, UNSCALED)).not.toEqual(lesson);
        const heard = lessons.heard(epoch, index);
        withoutLevel(heard, features.melBins);
        expect(heard).toEqual(lesson.chunks);
      }),
      { numRuns: 10 },
    );
  });

  it('say in each step what is spoken there: a word in its second half, whose tones stand out, and nothing elsewhere', () => {
    const clearer: number[] = [];
    for (let index = 0; index < 30; index++) {
      const { chunks, labels, frameTargets } = lessons.lesson(0, index, UNSCALED);
      expect(frameTargets).toHaveLength(chunks.count);
      const told = Array.from(frameTargets).filter((token, t) => token !== 0 && token !== frameTargets[t - 1]);
      expect(told).toEqual(labels);
      // How far the loudest band is above the mean: how loud it is has been taken from the features.
      const clearness = Array.from({ length: chunks.count }, (_, t) => {
        const step = chunks.data.subarray(t * lessons.width, (t + 1) * lessons.width);
        return Math.max(...step) - step.reduce((sum, value) => sum + value) / step.length;
      });
      const spoken = clearness.filter((_, t) => frameTargets[t] !== 0);
      const first = frameTargets.findIndex((token) => token !== 0);
      // The step that ends before the first word can have begun: words take at most 500 ms.
      const before = clearness.slice(0, Math.max(1, first - 7));
      clearer.push(Math.min(...spoken) - Math.max(...before));
    }
    expect(clearer.filter((difference) => difference > 1).length).toBeGreaterThan(24);
  });

  it('are normalised by the scale of what is heard, silence behind the end aside', () => {
    const heard = Array.from({ length: 40 }, (_, i) => lessons.heard(9, i));
    const scale = melScaleOf(heard, 24, lessons.tailSteps);
    let [sum, squares, count] = [0, 0, 0];
    for (const chunks of heard) {
      normalise(chunks, scale);
      const end = (chunks.count - lessons.tailSteps) * lessons.width;
      for (const value of chunks.data.subarray(0, end)) {
        sum += value;
        squares += value * value;
        count++;
      }
    }
    expect(sum / count).toBeCloseTo(0, 3);
    expect(squares / count).toBeCloseTo(1, 3);
  });

  it('lie side by side in a batch, padded with nothing', () => {
    const three = [0, 1, 2].map((index) => lessons.lesson(1, index, UNSCALED));
    const { feeds, steps, tooShort } = speechBatch(three, lessons.width, 3, 0);
    expect(tooShort).toBe(0);
    expect(steps).toBe(Math.max(...three.map(({ chunks }) => chunks.count)));
    const x = feeds['x'].data as Float32Array;
    const active = feeds['active'].data as Float32Array;
    three.forEach(({ chunks }, lane) => {
      for (let t = 0; t < steps; t++) {
        const from = (t * 3 + lane) * lessons.width;
        const row = x.subarray(from, from + lessons.width);
        const own = chunks.data.subarray(t * lessons.width, (t + 1) * lessons.width);
        expect(row).toEqual(t < chunks.count ? own : new Float32Array(lessons.width));
        expect(active[t * 3 + lane]).toBe(t < chunks.count ? 1 : 0);
      }
    });
  });

  it('whose labels do not fit are counted', () => {
    const lesson = lessons.lesson(0, 0, UNSCALED);
    const cut = { ...lesson, chunks: { count: 2, data: lesson.chunks.data }, labels: [1, 1] };
    expect(speechBatch([lesson, cut], lessons.width, 3, 0).tooShort).toBe(1);
  });
});

describe('SpecAugment', () => {
  it('takes whole bands and whole moments away, no more than it may, and leaves the rest as it was', () => {
    const size = fc.record({ count: fc.integer({ min: 1, max: 12 }), seed: fc.integer(), masks: fc.nat(3) });
    fc.assert(
      fc.property(size, ({ count, seed, masks }) => {
        const [bins, frames] = [8, count * 4];
        const chunks = { count, data: new Float32Array(frames * bins).fill(1) };
        specAugment(chunks, bins, { masks, bands: [0, 3], frames: [0, 5] }, new Draws(seed, 0, 0));
        const isZero = (t: number, band: number): boolean => chunks.data[t * bins + band] === 0;
        const bands = Array.from({ length: bins }, (_, band) => band);
        const times = Array.from({ length: frames }, (_, t) => t);
        const goneBands = bands.filter((band) => times.every((t) => isZero(t, band)));
        const goneTimes = times.filter((t) => bands.every((band) => isZero(t, band)));
        const isWhole = (t: number, band: number): boolean => goneBands.includes(band) || goneTimes.includes(t);
        expect(times.every((t) => bands.every((band) => isZero(t, band) === isWhole(t, band)))).toBe(true);
        // Where all of one kind is gone, all of the other is, too.
        expect(goneTimes.length === frames || goneBands.length <= 3 * masks).toBe(true);
        expect(goneBands.length === bins || goneTimes.length <= 5 * masks).toBe(true);
      }),
    );
  });
});
