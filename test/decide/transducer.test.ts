import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SpeechEvent } from '../../src/core/events.js';
import { FRAME_US, frameOf, Listener, TOKENS, transducerModel } from './recogniser.js';

const [BLANK, UNKNOWN, HE, LLO, WORLD] = [0, 2, 3, 4, 5];
const OFF = { endpoint: { enabled: false } };

function finals({ events }: { readonly events: readonly SpeechEvent[] }): [string, number][] {
  return events.flatMap((event) =>
    event.type === 'final' ? event.tokens.map(({ text, startUs }): [string, number] => [text, startUs]) : [],
  );
}

describe('greedy transducer search', () => {
  it('emits at most one token a frame, and none for blank and unknown', () => {
    const listener = new Listener(transducerModel(5), OFF);
    listener.decider.end(0, listener.hearIds([HE, LLO, BLANK, UNKNOWN, WORLD], 0), listener.emit);
    expect(finals(listener)).toEqual([
      [' HE', 0],
      ['LLO', FRAME_US],
      [' WORLD', 4 * FRAME_US],
    ]);
  });

  it('shows the decoder "no token" and a blank first, then the last tokens', () => {
    const listener = new Listener(transducerModel(1), OFF);
    listener.hearIds([HE, BLANK, LLO, BLANK, WORLD, BLANK], 0);
    expect(listener.contexts).toEqual([
      [-1, BLANK],
      [BLANK, HE],
      [HE, LLO],
      [LLO, WORLD],
    ]);
  });

  it('asks the decoder only about contexts that have changed, and the joiner about all streams at once', () => {
    const listener = new Listener(transducerModel(2), OFF);
    const both = (us: number, first: [number, number], second: [number, number]): void =>
      listener.hear(
        { slot: 2, us, frames: first.map((id) => frameOf(id)) },
        { slot: 0, us, frames: second.map((id) => frameOf(id)) },
      );
    both(0, [BLANK, BLANK], [BLANK, BLANK]);
    expect(listener.decoderSteps).toEqual([2]);
    both(80_000, [BLANK, HE], [BLANK, BLANK]);
    both(160_000, [BLANK, BLANK], [BLANK, BLANK]);
    expect(listener.decoderSteps).toEqual([2, 1]);
    expect(listener.contexts.at(-1)).toEqual([BLANK, HE]);
    both(240_000, [LLO, WORLD], [HE, BLANK]);
    expect(listener.decoderSteps).toEqual([2, 1, 2]);
    expect(listener.joinerSteps).toEqual(Array.from({ length: 8 }, () => 2));
  });

  it('lets the context decide: a token that the decoder forbids is not repeated', () => {
    const listener = new Listener(transducerModel(1), OFF);
    listener.decider.end(0, listener.hearIds([HE, HE, HE], 0), listener.emit);
    expect(finals(listener)).toEqual([[' HE', 0]]);
  });

  it('scores a token by the softmax of halved logits', () => {
    const listener = new Listener(transducerModel(1), OFF);
    listener.hear({ us: 0, frames: [frameOf(HE, 4)] });
    const [event] = listener.events;
    // The token has e^(4/2), nine others e^0.
    const logProb = Math.log(Math.exp(2) / (Math.exp(2) + TOKENS.length - 1));
    expect(event).toMatchObject({ type: 'partial', tokens: [{ logProb: expect.closeTo(logProb, 6) as number }] });
    expect(event).toMatchObject({
      words: [{ text: 'HE', confidence: expect.closeTo(Math.exp(logProb), 6) as number }],
    });
  });

  it('keeps the context over an endpoint after speech, and never zeroes the encoder', () => {
    const listener = new Listener(transducerModel(1), { endpoint: { rules: [{ silenceMs: 80 }] } });
    listener.hearIds([HE, LLO, BLANK, BLANK, BLANK, HE], 0);
    expect(listener.events.map(({ type }) => type)).toEqual(['partial', 'partial', 'final', 'endpoint', 'partial']);
    listener.hearIds([BLANK], 240_000);
    expect(listener.contexts).toEqual([
      [-1, BLANK],
      [BLANK, HE],
      [HE, LLO],
      [LLO, HE],
    ]);
    expect(listener.resets).toEqual([]);
  });

  it('forgets the context with the next token after an endpoint without speech', () => {
    const rules = [{ silenceMs: 80 }, { afterSpeech: false, silenceMs: 160 }];
    const listener = new Listener(transducerModel(1), { endpoint: { rules } });
    const us = listener.hearIds([HE, LLO, ...Array.from({ length: 9 }, () => BLANK)], 0);
    expect(listener.contexts).toHaveLength(3);
    listener.hearIds([WORLD, HE, BLANK], us);
    expect(listener.contexts.slice(3)).toEqual([
      [BLANK, WORLD],
      [WORLD, HE],
    ]);
  });

  it('counts scores that are not numbers and hears a blank', () => {
    const listener = new Listener(transducerModel(2), OFF);
    listener.hear({ us: 0, frames: [frameOf(HE).fill(Number.NaN), frameOf(HE)] });
    expect(listener.counters.get('decide.score-not-finite')).toBe(1);
    expect(listener.events).toMatchObject([{ text: 'HE' }]);
  });

  it('finds the same tokens however the frames are cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(TOKENS.length - 1), { minLength: 12, maxLength: 12 }), (ids) => {
        const [whole, ...cut] = [12, 1, 2, 3, 4].map((outputFrames) => {
          const listener = new Listener(transducerModel(outputFrames), OFF);
          listener.decider.end(0, listener.hearIds(ids, 7_000_000), listener.emit);
          return finals(listener);
        });
        for (const tokens of cut) expect(tokens).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });
});
