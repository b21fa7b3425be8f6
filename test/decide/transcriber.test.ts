import { describe, expect, it } from 'vitest';
import type { CtcModel, TransducerModel } from '../../src/core/recogniser.js';
import { transcribeKind } from '../../src/decide/transcribe.js';
import {
  growingTranscriptContract,
  speechDeciderContract,
  transcriptContract,
  type SpeechRig,
} from '../contracts/speech-decider.contract.js';
import { ctcModel, FRAME_US, frameOf, Listener, logProbsOf, ORIGIN_US, transducerModel } from './recogniser.js';

const [BLANK, HE, LLO, WORLD, S, BYTE1, BYTE2, BYTE3] = [0, 3, 4, 5, 6, 7, 8, 9];
const RULES = { rules: [{ silenceMs: 240 }, { afterSpeech: false, lengthMs: 1200 }] };
const OFF = { endpoint: { enabled: false } };

const MODELS = { CTC: ctcModel(2), transducer: transducerModel(2) };
/** By name: options of the search. */
const SEARCHES = {
  greedy: {},
  'a beam': { search: 'beam', alternatives: 3, hotwords: [{ phrase: 'HELLO' }, { phrase: 'WORLDS', boost: 3 }] },
  'a closed vocabulary': { search: 'beam', alternatives: 2, vocabulary: ['HELLO', 'HELLO WORLDS', 'WORLD', '▁HE S'] },
};
const CHUNKS = [
  [BLANK, BLANK],
  [HE, LLO],
  [BLANK, WORLD],
  [S, BLANK],
  [BYTE1, BYTE2],
  [BYTE3, BLANK],
];

/** Another token is nearly as likely, so that a beam has something to choose from. */
function doubtfulFrameOf(id: number): Float32Array {
  const scores = frameOf(id);
  scores[(id + 3) % scores.length] = 4.5;
  return scores;
}

function rigOf(model: CtcModel | TransducerModel, options: object): SpeechRig {
  const listener = new Listener(model, { endpoint: RULES, ...options });
  return {
    decider: listener.decider,
    events: listener.events,
    hear: (batch, us) =>
      listener.hear(
        ...batch.map(({ symbol, ...row }) => ({ ...row, us, frames: CHUNKS[symbol].map(doubtfulFrameOf) })),
      ),
    end: (slot, us) => listener.decider.end(slot, us, listener.emit),
  };
}

for (const [kind, model] of Object.entries(MODELS)) {
  for (const [search, options] of Object.entries(SEARCHES)) {
    const make = (): SpeechRig => rigOf(model, options);
    const speech = { name: `${kind}, ${search}`, make, symbols: CHUNKS.length, stepUs: 2 * FRAME_US };
    speechDeciderContract(speech);
    if (search === 'greedy') growingTranscriptContract(speech);
    transcriptContract(search === 'greedy' ? speech : { ...speech, revises: true });
  }
}

function listen(options: Record<string, unknown> = {}, outputFrames = 2): Listener {
  return new Listener(ctcModel(outputFrames), options);
}

describe('Transcriber', () => {
  it('tells what it hears while it hears it, and ends a segment at a pause', () => {
    const listener = listen({ endpoint: RULES });
    listener.hearIds([BLANK, HE, LLO, BLANK, ...Array.from({ length: 8 }, () => BLANK), WORLD, BLANK], 5_000_000);
    const about = { stream: 'stream-0', originUs: ORIGIN_US, provider: 'test/cpu' };
    const first = { ...about, segment: 0, startUs: 5_000_000 + FRAME_US };
    expect(listener.events).toMatchObject([
      { type: 'partial', text: 'HE', us: 5_080_000, ...first },
      { type: 'partial', text: 'HELLO', us: 5_160_000, ...first },
      { type: 'final', text: 'HELLO', us: 5_400_000, ...first },
      { type: 'endpoint', rule: 1, us: 5_400_000, ...first },
      { type: 'partial', text: 'WORLD', us: 5_560_000, ...about, segment: 1, startUs: 5_480_000 },
    ]);
    const ids = listener.events.map(({ id }) => id);
    expect(new Set(ids.slice(0, 4)).size).toBe(1);
    expect(ids[4]).not.toBe(ids[0]);
  });

  it('says nothing about silence, and does not count it as a segment', () => {
    const listener = listen({ endpoint: RULES });
    const us = listener.hearIds(
      Array.from({ length: 100 }, () => BLANK),
      0,
    );
    listener.decider.end(0, us, listener.emit);
    expect(listener.events).toEqual([]);
    listener.hearIds([HE, BLANK], us);
    expect(listener.events).toMatchObject([{ type: 'partial', segment: 0, text: 'HE' }]);
  });

  it('gives partial results only when the text has changed, and none when they are not wanted', () => {
    const ids = [HE, LLO, LLO, LLO, BLANK, BLANK, BYTE1, BYTE2, BYTE3, BLANK];
    const texts = (options: Record<string, unknown>): string[] => {
      const listener = listen({ ...OFF, ...options });
      listener.decider.end(0, listener.hearIds(ids, 0), listener.emit);
      return listener.events.map((event) => `${event.type} ${'text' in event ? event.text : ''}`);
    };
    expect(texts({})).toEqual(['partial HELLO', 'partial HELLO€', 'final HELLO€']);
    expect(texts({ partials: false })).toEqual(['final HELLO€']);
  });

  it('ends tokens where the next begin, but no pause is part of one', () => {
    const listener = listen(OFF, 4);
    const pause = Array.from({ length: 20 }, () => BLANK);
    const us = listener.hearIds([HE, BLANK, BLANK, LLO, ...pause, WORLD, BLANK, BLANK, BLANK], 0);
    listener.decider.end(0, us, listener.emit);
    const final = listener.events.at(-1);
    expect(final).toMatchObject({
      text: 'HELLO WORLD',
      tokens: [
        { text: ' HE', startUs: 0, endUs: 3 * FRAME_US },
        { text: 'LLO', startUs: 3 * FRAME_US, endUs: 13 * FRAME_US },
        { text: ' WORLD', startUs: 24 * FRAME_US, endUs: 25 * FRAME_US },
      ],
      words: [
        { text: 'HELLO', startUs: 0, endUs: 13 * FRAME_US },
        { text: 'WORLD', startUs: 24 * FRAME_US, endUs: 25 * FRAME_US },
      ],
    });
  });

  it('gives a word the geometric mean of the probabilities of its tokens', () => {
    const listener = listen(OFF);
    listener.hear({ us: 0, frames: [logProbsOf(HE, Math.log(0.9)), logProbsOf(LLO, Math.log(0.4))] });
    expect(listener.events).toMatchObject([
      { words: [{ text: 'HELLO', confidence: expect.closeTo(0.6, 6) as number }] },
    ]);
  });

  it('makes what was said before a gap final, and begins anew', () => {
    const listener = listen(OFF);
    listener.hearIds([HE, LLO], 0);
    listener.hear({ us: 60_000_000, gap: true, frames: [frameOf(LLO), frameOf(BLANK)] });
    expect(listener.events).toMatchObject([
      { type: 'partial', text: 'HELLO' },
      { type: 'final', text: 'HELLO', us: 2 * FRAME_US, segment: 0 },
      { type: 'partial', text: 'LLO', segment: 1, startUs: 60_000_000 },
    ]);
  });

  it('does not end before the last word, which may be heard in the silence behind the audio', () => {
    const listener = listen(OFF);
    listener.hearIds([HE, BLANK, BLANK, LLO], 0);
    listener.decider.end(0, 90_000, listener.emit);
    expect(listener.events.at(-1)).toMatchObject({ type: 'final', text: 'HELLO', us: 4 * FRAME_US });
    listener.hearIds([WORLD, BLANK], 0);
    listener.decider.end(0, 90_000, listener.emit);
    expect(listener.events.at(-1)).toMatchObject({ type: 'final', text: 'WORLD', us: 90_000, segment: 1 });
  });

  it('ends a segment at the last word when nothing else has ended it for a minute', () => {
    const listener = listen({ ...OFF, partials: false }, 10);
    // A word of two tokens every 400 ms; the minute ends between the two tokens of one.
    const word = [HE, BLANK, BLANK, BLANK, LLO, BLANK, BLANK, BLANK, BLANK, BLANK];
    const start = [S, BLANK, BLANK, BLANK, BLANK, BLANK];
    const words = Array.from({ length: 199 }, () => word).flat();
    const us = listener.hearIds([...start, ...words, BLANK, BLANK, BLANK, BLANK], 0);
    listener.decider.end(0, us, listener.emit);
    const [first, second] = listener.events.flatMap((event) => (event.type === 'final' ? [event] : []));
    expect(listener.events).toHaveLength(2);
    expect(second.startUs).toBe(1496 * FRAME_US);
    expect(first.us).toBe(second.startUs);
    expect(first.text).toBe(`S${' HELLO'.repeat(149)}`);
    expect(second.text).toBe(Array.from({ length: 50 }, () => 'HELLO').join(' '));
  });

  it('never lets a segment grow, were it one word or silence without end', () => {
    const listener = listen({ ...OFF, partials: false }, 10);
    const endless = Array.from({ length: 4000 }, (_, i) => (i % 2 === 0 ? LLO : BLANK));
    listener.hearIds(endless, 0);
    expect(listener.events).toMatchObject([{ type: 'final' }, { type: 'final' }]);
    expect(listener.decider.save(0).length).toBeLessThan(24 * 1500);
    const silent = listen(OFF, 10);
    silent.hearIds(
      Array.from({ length: 4000 }, () => BLANK),
      0,
    );
    expect(silent.decider.save(0)).toHaveLength(listen(OFF, 10).decider.save(0).length);
  });
});

function parse(options: object) {
  return transcribeKind.schema.parse({ kind: 'transcribe', ...options });
}

describe('the kind transcribe', () => {
  it('recognises everything unless a gate is asked for', () => {
    expect(transcribeKind.needs(parse({})).gate).toBeUndefined();
    expect(transcribeKind.needs(parse({ vad: { threshold: 0.6 } })).gate).toMatchObject({
      threshold: 0.6,
      padMs: 30,
    });
    expect(parse({}).endpoint.rules).toHaveLength(3);
    expect(() => parse({ endpoint: { rules: [] } })).toThrow(/rules/);
  });
});
