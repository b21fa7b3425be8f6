import { array, assert, property, record, nat } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Compared, figuresOf, intervalsBySpeaker, type Tally } from '../../src/evaluate/error-rates.js';

const tally = (count: number, insertions = 0, deletions = 0, substitutions = 0): Tally => ({
  count,
  insertions,
  deletions,
  substitutions,
});
const heard = (words: Tally, tokens = words): Compared => ({ words, tokens });

describe('figuresOf', () => {
  it('divides the errors of all recordings by all that was said', () => {
    const figures = figuresOf([heard(tally(9), tally(20, 1)), heard(tally(1, 2, 0, 1), tally(5, 0, 3, 1))]);
    expect(figures).toMatchObject({
      utterances: 2,
      wordErrorRate: 0.3,
      tokenErrorRate: 0.2,
      sentenceAccuracy: 0.5,
      words: { count: 10, insertions: 2, deletions: 0, substitutions: 1 },
      tokens: { count: 25, insertions: 1, deletions: 3, substitutions: 1 },
    });
  });

  it('has no rate where nothing was said, but knows whether nothing was heard', () => {
    const silent = figuresOf([heard(tally(0)), heard(tally(0, 1))]);
    expect([silent.wordErrorRate, silent.tokenErrorRate, silent.sentenceAccuracy]).toEqual([NaN, NaN, 0.5]);
    expect(silent.ci95.wordErrorRate).toEqual({ low: NaN, high: NaN });
  });

  it('is certain where all recordings are alike', () => {
    const { ci95 } = figuresOf(Array.from({ length: 5 }, () => heard(tally(4, 0, 0, 1))));
    expect(ci95.wordErrorRate).toEqual({ low: 0.25, high: 0.25 });
    expect(ci95.sentenceAccuracy).toEqual({ low: 0, high: 0 });
  });

  it('trusts a share as far as its standard error says', () => {
    // 100 of 400 recordings are wrong: √(0.25 · 0.75 / 400) = 2.17 %.
    const recordings = Array.from({ length: 400 }, (_, i) => heard(tally(1, 0, 0, i % 4 === 0 ? 1 : 0)));
    const { ci95 } = figuresOf(recordings);
    expect(Math.abs(ci95.wordErrorRate.low - (0.25 - 1.96 * 0.0217))).toBeLessThan(0.008);
    expect(Math.abs(ci95.wordErrorRate.high - (0.25 + 1.96 * 0.0217))).toBeLessThan(0.008);
    expect(ci95.sentenceAccuracy.low).toBeCloseTo(1 - ci95.wordErrorRate.high, 2);
    expect(figuresOf(recordings)).toEqual(figuresOf(recordings));
  });

  it('draws recordings, not words: long ones that are all wrong make it uncertain', () => {
    const even = figuresOf(Array.from({ length: 40 }, () => heard(tally(10, 0, 0, 1)))).ci95.wordErrorRate;
    const uneven = figuresOf(Array.from({ length: 40 }, (_, i) => heard(tally(10, 0, 0, i % 10 === 0 ? 10 : 0)))).ci95
      .wordErrorRate;
    expect(even.high - even.low).toBe(0);
    expect(uneven.high - uneven.low).toBeGreaterThan(0.1);
  });

  it('holds the rate in its interval', () => {
    const edits = record({ insertions: nat(3), deletions: nat(3), substitutions: nat(3) });
    assert(
      property(array(edits, { minLength: 5, maxLength: 20 }), (all) => {
        const { wordErrorRate, ci95 } = figuresOf(all.map((one) => heard({ count: 6, ...one })));
        expect(ci95.wordErrorRate.low).toBeLessThanOrEqual(wordErrorRate + 1e-12);
        expect(ci95.wordErrorRate.high).toBeGreaterThanOrEqual(wordErrorRate - 1e-12);
      }),
      { numRuns: 10 },
    );
  });
});

describe('intervalsBySpeaker', () => {
  const right = heard(tally(10));
  const wrong = heard(tally(10, 0, 0, 10));

  it('draws speakers: where one of four is heard wrong, more is uncertain than recordings say', () => {
    const groups = [right, right, right, wrong].map((one) => Array.from({ length: 50 }, () => one));
    const byRecording = figuresOf(groups.flat()).ci95.wordErrorRate;
    const bySpeaker = intervalsBySpeaker(groups)?.wordErrorRate ?? { low: NaN, high: NaN };
    expect(byRecording.high).toBeLessThan(0.35);
    // None of four draws: (3/4)^4 = 32 %; three or four of them: 5 %.
    expect([bySpeaker.low, bySpeaker.high]).toEqual([0, 0.75]);
  });

  it('is that of recordings where everybody says one', () => {
    const all = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? wrong : right));
    expect(intervalsBySpeaker(all.map((one) => [one]))).toEqual(figuresOf(all).ci95);
  });

  it('weighs a speaker by what he says, and is none of fewer than two', () => {
    const uneven = intervalsBySpeaker([[wrong], [right, right, right]]);
    // One of each is drawn half of the time: 10 of 40 words are wrong then.
    expect(uneven?.wordErrorRate).toEqual({ low: 0, high: 1 });
    expect(intervalsBySpeaker([[wrong, right]])).toBeUndefined();
  });
});
