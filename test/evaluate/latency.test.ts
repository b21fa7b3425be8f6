import { describe, expect, it } from 'vitest';
import type { TranscriptEvent } from '../../src/core/events.js';
import { spreadOf, type Told, Waits } from '../../src/evaluate/latency.js';
import { WordDelays } from '../../src/evaluate/word-delays.js';

/** Not 0, so that a time is not taken for a position. */
const ORIGIN_US = 5_000_000;

/** @param words text and where it is, ms */
function told(
  type: 'partial' | 'final',
  words: readonly (readonly [text: string, from: number, to: number])[],
  segment = 0,
): TranscriptEvent {
  const us = (ms: number): number => ORIGIN_US + ms * 1000;
  const tokens = words.map(([text, from, to]) => ({ text: ` ${text}`, startUs: us(from), endUs: us(to), logProb: 0 }));
  const text = words.map(([word]) => word).join(' ');
  const startUs = tokens[0]?.startUs ?? ORIGIN_US;
  return { type, id: '', stream: '', us: us(0), originUs: ORIGIN_US, segment, startUs, text, tokens, words: [] };
}

/** What was heard, ms of audio, and when, ms. */
const at = (audioMs: number, playedMs: number): Told => ({ audioUs: audioMs * 1000, playedMs });

describe('waits', () => {
  it('are counted from the first word to its first text, and from the last word to the final one, of each segment', () => {
    const waits = new Waits();
    waits.heard(told('partial', [['one', 400, 440]]), at(640, 700));
    waits.heard(
      told('partial', [
        ['one', 400, 600],
        ['two', 800, 840],
      ]),
      at(960, 1000),
    );
    waits.heard(
      told('final', [
        ['one', 400, 600],
        ['two', 800, 840],
      ]),
      at(2080, 2200),
    );
    waits.heard(told('final', [['six', 3000, 3500]], 1), at(4000, 4100));
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
    waits.heard(told('partial', [['one', 400, 440]]), at(640, 700));
    waits.heard(told('final', []), at(2000, 2000));
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
    delays.heard(told('partial', [['One', 0, 0]]), at(400, 450));
    delays.heard(told('partial', [['won', 0, 0]]), at(640, 650));
    delays.heard(told('partial', [['one', 0, 0]]), at(800, 850));
    delays.heard(
      told('final', [
        ['one', 0, 0],
        ['and', 0, 0],
      ]),
      at(960, 1000),
    );
    delays.heard(told('partial', [['two', 0, 0]], 1), at(1200, 1300));
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
          texts.map((text) => [text, 0, 0] as const),
        ),
        at(1000, 1000),
      );
      expect(delays.waits()).toEqual([]);
    }
  });
});
