import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bias } from '../../src/decide/bias.js';
import { ContextGraph, type TokenPhrase } from '../../src/decide/context-graph.js';
import { rootOf, tokenAfter } from '../../src/decide/path-token.js';

/** What some tokens have earned, after each of them. */
function earnedAlong(phrases: readonly TokenPhrase[], ids: readonly number[]): number[] {
  const bias = new Bias(new ContextGraph(phrases));
  let last = rootOf([0]);
  return ids.map((id) => {
    last = tokenAfter(last, id, 0, 0);
    return bias.earned(bias.by(last));
  });
}

function begins({ ids }: TokenPhrase, tokens: readonly number[]): boolean {
  return tokens.every((id, i) => ids[i] === id);
}

/** The longest one first. */
function suffixes(tokens: readonly number[]): number[][] {
  return [...tokens.map((_, i) => tokens.slice(i)), []];
}

function idsOf(minLength: number, maxLength: number): fc.Arbitrary<number[]> {
  return fc.array(fc.nat(2), { minLength, maxLength });
}

/** The same by the definition, with lists of tokens in place of states. */
function earnedByDefinition(phrases: readonly TokenPhrase[], ids: readonly number[]): number[] {
  const worth = (tokens: readonly number[]): number =>
    tokens
      .map((_, i) => {
        const sharing = phrases.filter((phrase) => begins(phrase, tokens.slice(0, i + 1)));
        return Math.max(...sharing.map(({ boost }) => boost));
      })
      .reduce((a, b) => a + b, 0);
  let kept = 0;
  let tokens: number[] = [];
  return ids.map((id) => {
    const now = [...tokens, id];
    tokens = suffixes(now).find((suffix) => phrases.some((phrase) => begins(phrase, suffix))) ?? [];
    const whole = suffixes(tokens).find((suffix) =>
      phrases.some((phrase) => suffix.length === phrase.ids.length && begins(phrase, suffix)),
    );
    if (whole !== undefined) {
      kept += worth(whole);
      tokens = [];
    }
    return kept + worth(tokens);
  });
}

describe('ContextGraph', () => {
  it('gives each token of a phrase its boost, and keeps that of a whole one', () => {
    expect(earnedAlong([{ ids: [1, 2, 3], boost: 2 }], [1, 2, 3, 9, 1])).toEqual([2, 4, 6, 6, 8]);
  });

  it('takes back what the beginning of a phrase has earned when it is not finished', () => {
    expect(earnedAlong([{ ids: [1, 2, 3], boost: 2 }], [1, 2, 9, 2, 3])).toEqual([2, 4, 0, 0, 0]);
  });

  it('leaves what the same tokens are worth as the beginning of another phrase', () => {
    const phrases = [
      { ids: [1, 2, 3], boost: 2 },
      { ids: [2, 4], boost: 3 },
    ];
    // 1 2 is 4; then 2 4 is whole: 6, and nothing else.
    expect(earnedAlong(phrases, [1, 2, 4])).toEqual([2, 4, 6]);
    expect(earnedAlong([{ ids: [1, 1, 2], boost: 1 }], [1, 1, 1, 2])).toEqual([1, 2, 2, 3]);
  });

  it('takes a phrase within a longer one when that is not finished', () => {
    const phrases = [
      { ids: [1, 2, 3, 4], boost: 1 },
      { ids: [2, 3], boost: 1 },
    ];
    expect(earnedAlong(phrases, [1, 2, 3, 4])).toEqual([1, 2, 2, 2]);
  });

  it('gives a token that phrases share the highest of their boosts, whichever came first', () => {
    const phrases = [
      { ids: [1, 2], boost: 1 },
      { ids: [1, 3], boost: 2 },
    ];
    for (const order of [phrases, phrases.toReversed()]) {
      expect(earnedAlong(order, [1, 2])).toEqual([2, 3]);
      expect(earnedAlong(order, [1, 3])).toEqual([2, 4]);
      expect(earnedAlong(order, [1, 9])).toEqual([2, 0]);
    }
  });

  it('holds as many phrases as there may be', () => {
    const phrases = Array.from({ length: 10_000 }, (_, i) => {
      return { ids: Array.from({ length: 20 }, (_id, k) => (i * 7919 + k * k) % 10_007), boost: 1 };
    });
    expect(new ContextGraph(phrases).mostEarned).toBe(20);
  });

  it('earns nothing without phrases', () => {
    expect(earnedAlong([], [1, 2, 3])).toEqual([0, 0, 0]);
    expect(new ContextGraph([]).mostEarned).toBe(0);
  });

  it('is what its definition says, and never earns more with a token than it promises', () => {
    const phrase = fc.record({ ids: idsOf(1, 4), boost: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(phrase, { maxLength: 6 }), idsOf(0, 30), (phrases, tokens) => {
        const earned = earnedAlong(phrases, tokens);
        expect(earned).toEqual(earnedByDefinition(phrases, tokens));
        const most = new ContextGraph(phrases).mostEarned;
        earned.forEach((sum, i) => expect(sum - (earned[i - 1] ?? 0)).toBeLessThanOrEqual(most));
      }),
      { numRuns: 500 },
    );
  });
});
