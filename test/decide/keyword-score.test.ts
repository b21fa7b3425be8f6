import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeywordScore } from '../../src/decide/keyword-score.js';

const BLANK = 0;
const TOKENS = 4;
const STEP_US = 40_000;

/** [steps][tokens], each step sums to 1. */
type Steps = readonly (readonly number[])[];

const steps: fc.Arbitrary<Steps> = fc.array(
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: TOKENS, maxLength: TOKENS })
    .filter((weights) => weights.some((weight) => weight > 0))
    .map((weights) => {
      const sum = weights.reduce((a, b) => a + b, 0);
      return weights.map((weight) => weight / sum);
    }),
  { minLength: 1, maxLength: 6 },
);
const keyword = fc.array(fc.integer({ min: 1, max: TOKENS - 1 }), { minLength: 1, maxLength: 3 });

/** Scores after each step. */
function scores(ids: readonly number[], heard: Steps): number[] {
  const score = new KeywordScore(ids, BLANK);
  const state = new Float64Array(score.size);
  return heard.map((probabilities, t) => score.step(state, 0, Float64Array.from(probabilities), t * STEP_US));
}

/** All ways to label the steps, with their probabilities: of those the ones that the definition names. */
function byDefinition(ids: readonly number[], heard: Steps): number {
  let sum = 0;
  const label = (path: readonly number[], probability: number): void => {
    if (path.length < heard.length) {
      for (let id = 0; id < TOKENS; id++) label([...path, id], probability * heard[path.length][id]);
      return;
    }
    const tokens = path.filter((id, t) => id !== BLANK && id !== path[t - 1]);
    const ends = tokens.slice(-ids.length);
    const spelt = ends.length === ids.length && ends.every((id, i) => id === ids[i]);
    if (spelt && path.at(-1) === ids.at(-1)) sum += probability;
  };
  label([], 1);
  return sum ** (1 / ids.length);
}

describe('the score of a keyword', () => {
  it('is what the sum over all ways to label the steps comes to', () => {
    fc.assert(
      fc.property(keyword, steps, (ids, heard) => {
        expect(scores(ids, heard).at(-1)).toBeCloseTo(byDefinition(ids, heard), 12);
      }),
      { numRuns: 80 },
    );
  });

  it('is the probability of a word with one token, and 1 of a phrase that was spoken without a doubt', () => {
    expect(scores([2], [[0.75, 0, 0.25, 0]])).toEqual([0.25]);
    const sure = [2, BLANK, BLANK, 2, 3].map((id) => Array.from({ length: TOKENS }, (_, k) => Number(k === id)));
    expect(scores([2, 2, 3], sure)).toEqual([0, 0, 0, 0, 1]);
    expect(scores([2, 3], sure)).toEqual([0, 0, 0, 0, 1]);
    expect(scores([3, 2], sure)).toEqual([0, 0, 0, 0, 0]);
  });

  it('grows over several steps with what each adds', () => {
    const heard = [
      [0.5, 0.5, 0, 0],
      [0.5, 0, 0.5, 0],
      [0.5, 0, 0.5, 0],
    ];
    // After the first step k1 has 1/2; its blank the half of that in the second, and so on.
    expect(scores([1, 2], heard).map((score) => score ** 2)).toEqual([
      0,
      expect.closeTo(0.25, 12),
      expect.closeTo(0.25, 12),
    ]);
  });

  it('knows when the likeliest way began, also where the first token lasts or is followed by silence', () => {
    const score = new KeywordScore([1, 2], BLANK);
    const state = new Float64Array(score.size);
    [BLANK, 1, 1, BLANK, BLANK, 2].forEach((id, t) => {
      const probabilities = Float64Array.from({ length: TOKENS }, (_, k) => (k === id ? 0.97 : 0.01));
      score.step(state, 0, probabilities, t * STEP_US);
    });
    expect(score.startUs(state, 0)).toBe(STEP_US);
  });
});
