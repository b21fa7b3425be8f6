import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ctcModel, FRAME_US, frameOf, Listener, logProbsOf, TOKENS } from './recogniser.js';

const [BLANK, HE, LLO, WORLD] = [0, 3, 4, 5];
const OFF = { endpoint: { enabled: false } };

/** Texts and times of the tokens of all final results. */
function finals({ events }: Listener): [string, number][] {
  return events.flatMap((event) =>
    event.type === 'final' ? event.tokens.map(({ text, startUs }): [string, number] => [text, startUs]) : [],
  );
}

describe('greedy CTC', () => {
  it('removes repeats and blanks, a blank between two makes them two', () => {
    const listener = new Listener(ctcModel(8), OFF);
    const us = listener.hearIds([BLANK, HE, HE, LLO, BLANK, LLO, LLO, BLANK], 0);
    listener.decider.end(0, us, listener.emit);
    expect(finals(listener)).toEqual([
      [' HE', FRAME_US],
      ['LLO', 3 * FRAME_US],
      ['LLO', 5 * FRAME_US],
    ]);
  });

  it('finds the same tokens however the frames are cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(TOKENS.length - 1), { minLength: 12, maxLength: 12 }), (ids) => {
        const [whole, ...cut] = [12, 1, 2, 3, 4].map((outputFrames) => {
          const listener = new Listener(ctcModel(outputFrames), OFF);
          listener.decider.end(0, listener.hearIds(ids, 7_000_000), listener.emit);
          return finals(listener);
        });
        const expected = ids.flatMap((id, i) => (id !== BLANK && id !== ids[i - 1] ? [i] : []));
        expect(whole.map(([, us]) => (us - 7_000_000) / FRAME_US)).toEqual(expected);
        for (const tokens of cut) expect(tokens).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('takes the log-probability from the frame that emitted the token', () => {
    const listener = new Listener(ctcModel(2), OFF);
    listener.hear({ us: 0, frames: [logProbsOf(HE, -0.25), logProbsOf(HE, -0.125)] });
    const [partial] = listener.events;
    expect(partial).toMatchObject({ type: 'partial', tokens: [{ logProb: -0.25 }] });
  });

  it('zeroes the encoder and forgets the last token after an endpoint', () => {
    const listener = new Listener(ctcModel(1), { endpoint: { rules: [{ silenceMs: 0, lengthMs: 80 }] } });
    listener.hearIds([WORLD, WORLD, WORLD, WORLD], 0);
    expect(listener.resets).toEqual([0, 0]);
    expect(finals(listener)).toEqual([
      [' WORLD', 0],
      [' WORLD', 2 * FRAME_US],
    ]);
  });

  it('counts scores that are not numbers and hears a blank', () => {
    const listener = new Listener(ctcModel(2), OFF);
    listener.hear({ us: 0, frames: [frameOf(HE).fill(Number.NaN), frameOf(HE)] });
    expect(listener.counters.get('decide.score-not-finite')).toBe(1);
    expect(listener.events).toMatchObject([{ text: 'HE' }]);
  });
});
