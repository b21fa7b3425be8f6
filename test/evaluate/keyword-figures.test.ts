import { describe, expect, it } from 'vitest';
import {
  keywordFigures,
  keywordsTogether,
  type KeywordTally,
  type Spotted,
  tallyOf,
} from '../../src/evaluate/keyword-figures.js';
import type { Word } from '../../src/evaluate/word-delays.js';

const S = 1_000_000;
const AHEAD_US = 20_000;

/** Words one second each, one after the other, from the first second on. */
function spoken(...texts: readonly string[]): Word[] {
  return texts.map((text, i) => ({ text, startUs: (i + 1) * S, endUs: (i + 2) * S }));
}

function tally(words: readonly Word[], toldS: readonly number[], others: Partial<Spotted> = {}): KeywordTally {
  const toldUs = toldS.map((s) => s * S);
  return tallyOf({ words, keyword: ['on'], toldUs, seconds: 10, aheadUs: AHEAD_US, ...others });
}

describe('where it is known when words are said', () => {
  const words = spoken('turn', 'on', 'it', 'goes', 'on');

  it('a keyword may be told from its beginning until half a second after its end', () => {
    expect(tally(words, [2.6, 6.4])).toMatchObject({ said: 2, missed: 0, falseAccepts: 0, repeats: 0 });
    expect(tally(words, [1.9, 3.6, 9])).toMatchObject({ said: 2, missed: 2, falseAccepts: 3, repeats: 0 });
  });

  it('what is told once more for the same is told again', () => {
    expect(tally(words, [2.4, 2.6, 3.1])).toMatchObject({ missed: 1, falseAccepts: 0, repeats: 2 });
  });

  it('its delay is how much had to be heard behind its end', () => {
    expect(tally(words, [2.9, 6.1]).delays).toEqual([expect.closeTo(-0.08, 9), expect.closeTo(0.12, 9)]);
  });

  it('of two that follow one another, what is told is the one that ends nearest', () => {
    const twice = spoken('on', 'on');
    expect(tally(twice, [2.1, 3.1]).delays).toEqual([expect.closeTo(0.12, 9), expect.closeTo(0.12, 9)]);
    // The first one was missed: what comes late in it is the second one, early.
    expect(tally(twice, [2.45])).toMatchObject({ missed: 1, delays: [expect.closeTo(0.47, 9) as number] });
    expect(tally(twice, [2.6])).toMatchObject({ missed: 1, delays: [expect.closeTo(-0.38, 9) as number] });
  });

  it('audio in which nobody says it is the rest', () => {
    expect(tally(words, []).quietSeconds).toBeCloseTo(10 - 1.5 - 1.5, 9);
    expect(tally(spoken('on', 'on'), []).quietSeconds).toBeCloseTo(10 - 2.5, 9);
    expect(tally(spoken('on'), [], { seconds: 2.2 }).quietSeconds).toBeCloseTo(1, 9);
  });

  it('a keyword of several words lasts from the first to the last', () => {
    const keyword = ['turn', 'on'];
    expect(tally(words, [1.2], { keyword })).toMatchObject({ said: 1, missed: 0, falseAccepts: 0 });
    expect(tally(spoken('turn', 'it', 'on'), [1.2], { keyword })).toMatchObject({ said: 0, falseAccepts: 1 });
    expect(tally(spoken('on', 'on', 'on'), [], { keyword: ['on', 'on'] })).toMatchObject({ said: 1 });
  });
});

describe('where only is known what is said', () => {
  const words = ['on', 'and', 'on'].map((text) => ({ text }));

  it('a keyword may be told anywhere in the recording, as often as it is said', () => {
    expect(tally(words, [0.1, 9.9])).toMatchObject({ said: 2, missed: 0, falseAccepts: 0, repeats: 0, delays: [] });
    expect(tally(words, [0.1, 5, 9.9])).toMatchObject({ missed: 0, repeats: 1 });
    expect(tally(words, [])).toMatchObject({ missed: 2, quietSeconds: 0 });
  });

  it('every time is false in a recording in which it is not said', () => {
    expect(tally([{ text: 'off' }], [1, 2])).toMatchObject({ said: 0, falseAccepts: 2, quietSeconds: 10 });
    expect(tally([], [])).toMatchObject({ said: 0, falseAccepts: 0, quietSeconds: 10 });
  });
});

describe('figures of keywords', () => {
  const one: KeywordTally = { said: 4, missed: 1, falseAccepts: 2, repeats: 0, quietSeconds: 1800, delays: [0.1] };

  it('are of all recordings together', () => {
    const quiet = { said: 0, missed: 0, falseAccepts: 1, repeats: 1, quietSeconds: 1800, delays: [] };
    const figures = keywordFigures([one, quiet]);
    expect(figures).toMatchObject({ said: 4, missed: 1, falseAccepts: 3, repeats: 1, quietSeconds: 3600 });
    expect(figures).toMatchObject({ falseRejectRate: 0.25, falseAcceptsPerHour: 3, delayS: { median: 0.1 } });
    expect(figures.ci95.falseRejectRate.low).toBeLessThan(0.25);
    expect(figures.ci95.falseAcceptsPerHour).toEqual({
      low: expect.closeTo(0.6187, 3) as number,
      high: expect.closeTo(8.767, 2) as number,
    });
  });

  it('of several keywords add up in the same hour', () => {
    const { falseAcceptsPerHour, falseRejectRate, said } = keywordsTogether([[one], [one], [one]]);
    expect([said, falseRejectRate, falseAcceptsPerHour]).toEqual([12, 0.25, 12]);
  });

  it('are none where there is nothing to divide by', () => {
    const never = keywordFigures([{ ...one, said: 0, missed: 0 }]);
    expect(never.falseRejectRate).toBeNaN();
    expect(never.ci95.falseRejectRate).toEqual({ low: NaN, high: NaN });
    const always = keywordFigures([{ ...one, quietSeconds: 0, delays: [] }]);
    expect([always.falseAcceptsPerHour, always.delayS]).toEqual([NaN, null]);
  });
});
