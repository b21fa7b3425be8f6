import { describe, expect, it } from 'vitest';
import type { TranscriptEvent } from '../../src/core/events.js';
import { spreadOf, Waits } from '../../src/evaluate/latency.js';
import { WordDelays } from '../../src/evaluate/word-delays.js';

/** Not 0, so that a time is not taken for a position. */
const ORIGIN_US = 5_000_000;

/** @param heardMs up to which the recording was heard @param words text and where it is, ms */
function told(
  type: 'partial' | 'final',
  heardMs: number,
  words: readonly (readonly [text: string, from: number, to: number])[],
  segment = 0,
): TranscriptEvent {
  const us = (ms: number): number => ORIGIN_US + ms * 1000;
  const tokens = words.map(([text, from, to]) => ({ text: ` ${text}`, startUs: us(from), endUs: us(to), logProb: 0 }));
  const text = words.map(([word]) => word).join(' ');
  const startUs = tokens[0]?.startUs ?? ORIGIN_US;
  return { type, id: '', stream: '', us: us(heardMs), originUs: ORIGIN_US, segment, startUs, text, tokens, words: [] };
}

describe('waits', () => {
  it('are counted from the first word to its first text, and from the last word to the final one, of each segment', () => {
    const waits = new Waits();
    waits.heard(told('partial', 640, [['one', 400, 440]]), 700);
    waits.heard(
      told('partial', 960, [
        ['one', 400, 600],
        ['two', 800, 840],
      ]),
      1000,
    );
    waits.heard(
      told('final', 2080, [
        ['one', 400, 600],
        ['two', 800, 840],
      ]),
      2200,
    );
    waits.heard(told('final', 4000, [['six', 3000, 3500]], 1), 4100);
    expect(waits.first).toEqual([
      { audioS: 0.24, wallS: expect.closeTo(0.3, 9) },
      { audioS: 1, wallS: expect.closeTo(1.1, 9) },
    ]);
    expect(waits.final).toEqual([
      { audioS: 1.24, wallS: expect.closeTo(1.36, 9) },
      { audioS: 0.5, wallS: expect.closeTo(0.6, 9) },
    ]);
  });

  it('have no end where everything is taken back', () => {
    const waits = new Waits();
    waits.heard(told('partial', 640, [['one', 400, 440]]), 700);
    waits.heard(told('final', 2000, []), 2000);
    expect([waits.first.length, waits.final.length]).toEqual([1, 0]);
  });

  it('are summed up as the middle, 19 of 20, and the worst', () => {
    const twenty = Array.from({ length: 20 }, (_, i) => 20 - i);
    expect(spreadOf(twenty)).toEqual({ median: 10.5, p95: 19, worst: 20 });
    expect(spreadOf([3])).toEqual({ median: 3, p95: 3, worst: 3 });
    expect(spreadOf([])).toBeNull();
  });
});

describe('delays of words whose ends are known', () => {
  const words = [{ text: 'one', endUs: 500_000 }, { text: 'and' }, { text: 'two', endUs: 900_000 }];

  it('last until a word stands in its place, and stays there', () => {
    const delays = new WordDelays(words);
    delays.heard(told('partial', 400, [['One', 0, 0]]), 450);
    delays.heard(told('partial', 640, [['won', 0, 0]]), 650);
    delays.heard(told('partial', 800, [['one', 0, 0]]), 850);
    delays.heard(
      told('final', 960, [
        ['one', 0, 0],
        ['and', 0, 0],
      ]),
      1000,
    );
    delays.heard(told('partial', 1200, [['two', 0, 0]], 1), 1300);
    expect(delays.waits()).toEqual([
      { audioS: expect.closeTo(0.3, 9), wallS: expect.closeTo(0.35, 9) },
      { audioS: expect.closeTo(0.3, 9), wallS: expect.closeTo(0.4, 9) },
    ]);
  });

  it('are known of no recording that was heard with a wrong word, one too few or one too many', () => {
    for (const texts of [['one', 'end', 'two'], ['one', 'and'], ['one', 'and', 'two', 'two'], []]) {
      const delays = new WordDelays(words);
      delays.heard(
        told(
          'final',
          1000,
          texts.map((text) => [text, 0, 0] as const),
        ),
        1000,
      );
      expect(delays.waits()).toEqual([]);
    }
  });
});
