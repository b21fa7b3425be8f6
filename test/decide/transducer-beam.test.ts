import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SpeechEvent, TranscriptEvent } from '../../src/core/events.js';
import { logSoftmax, sequences } from './beams.js';
import { FORBIDDEN, FRAME_US, frameOf, Listener, transducerModel } from './recogniser.js';

const [BLANK, UNKNOWN, HE, LLO, WORLD] = [0, 2, 3, 4, 5];
const OFF = { endpoint: { enabled: false }, search: 'beam' };
/** The decoder of the nets by hand forbids the last token. */
const SMALL = ['<blk>', '▁a', '<unk>', '▁b'];

function finalOf(events: readonly SpeechEvent[]): TranscriptEvent | undefined {
  return events.find((event): event is TranscriptEvent => event.type === 'final');
}

function finals(events: readonly SpeechEvent[]): [string, number][] {
  return events.flatMap((event) =>
    event.type === 'final' ? event.tokens.map(({ text, startUs }): [string, number] => [text, startUs]) : [],
  );
}

const isSilent = (id: number): boolean => id === BLANK || id === UNKNOWN;

/** Probability of every text: all sequences of at most one token a frame. */
function exhaustively(frames: readonly (readonly number[])[]): Map<string, number> {
  const texts = new Map<string, number>();
  for (const alignment of sequences(SMALL.length, frames.length)) {
    let [logProb, last] = [0, BLANK];
    alignment.forEach((id, t) => {
      const logits = frames[t].map((score, k) => Math.fround(score) + (last !== BLANK && k === last ? FORBIDDEN : 0));
      logProb += logSoftmax(logits)[id];
      if (!isSilent(id)) last = id;
    });
    const text = alignment.flatMap((id) => (isSilent(id) ? [] : [SMALL[id].slice(1)])).join(' ');
    texts.set(text, (texts.get(text) ?? 0) + Math.exp(logProb));
  }
  return texts;
}

function hearAll(listener: Listener, frames: readonly (readonly number[])[], chunk = 1): readonly SpeechEvent[] {
  for (let at = 0; at < frames.length; at += chunk) {
    listener.hear({ us: at * FRAME_US, frames: frames.slice(at, at + chunk).map((frame) => Float32Array.from(frame)) });
  }
  listener.decider.end(0, frames.length * FRAME_US, listener.emit);
  return listener.events;
}

/** The text of frames in which the second token is nearly as likely as the first. */
function heardWith(hotwords: readonly object[], ...ids: readonly (readonly [number, number])[]): string {
  const listener = new Listener(transducerModel(1), { ...OFF, partials: false, hotwords });
  const frames = ids.map(([first, second]) => Array.from(frameOf(first, 5), (s, k) => (k === second ? 4.5 : s)));
  return finalOf(hearAll(listener, frames))?.text ?? '';
}

const frame = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), {
  minLength: SMALL.length,
  maxLength: SMALL.length,
});

describe('transducer beam search', () => {
  it('is exhaustive search when it has a path for everything', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 5 }), (frames) => {
        const listener = new Listener(transducerModel(1, SMALL), { ...OFF, paths: 64, alternatives: 64 });
        const final = finalOf(hearAll(listener, frames));
        const expected = exhaustively(frames);
        // The highest score a token, the two of the context included.
        const [[best]] = Array.from(expected, ([text, probability]): [string, number] => {
          const tokens = text === '' ? 0 : text.split(' ').length;
          return [text, Math.log(probability) / (tokens + 2)];
        }).toSorted(([, a], [, b]) => b - a);
        expect(expected.get(final?.text ?? '')).toBeCloseTo(expected.get(best) ?? 0, 6);
        const alternatives = final?.alternatives ?? [];
        for (const { text, confidence } of alternatives) expect(confidence).toBeCloseTo(expected.get(text) ?? 0, 6);
        // What is hardly possible at all is not among the best 64 paths of five frames.
        const likely = [...expected.keys()].filter((text) => final && (expected.get(text) ?? 0) > 0.01);
        expect(alternatives.map(({ text }) => text)).toEqual(expect.arrayContaining(likely));
      }),
      { numRuns: 150 },
    );
  });

  it('tells what it hears first among the alternatives, then the others by their probability', () => {
    const listener = new Listener(transducerModel(1), { ...OFF, alternatives: 3 });
    const doubtful = frameOf(HE, 5);
    doubtful[WORLD] = 4;
    listener.hear({ us: 0, frames: [doubtful] });
    listener.decider.end(0, FRAME_US, listener.emit);
    const alternatives = finalOf(listener.events)?.alternatives ?? [];
    expect(alternatives.map(({ text }) => text)).toEqual(['HE', 'WORLD', expect.any(String)]);
    const [first, second] = alternatives;
    // Four paths share everything.
    const all = Math.exp(5) + Math.exp(4) + 2;
    expect(first.confidence).toBeCloseTo(Math.exp(5) / all, 6);
    expect(second.confidence).toBeCloseTo(Math.exp(4) / all, 6);
  });

  it('emits at most one token a frame, and none for blank and unknown', () => {
    const listener = new Listener(transducerModel(5), OFF);
    listener.decider.end(0, listener.hearIds([HE, LLO, BLANK, UNKNOWN, WORLD], 0), listener.emit);
    expect(finals(listener.events)).toEqual([
      [' HE', 0],
      ['LLO', FRAME_US],
      [' WORLD', 4 * FRAME_US],
    ]);
  });

  it('scores a token by the softmax of halved logits, as greedy search does', () => {
    const [greedy, beam] = [{ ...OFF, search: 'greedy' }, OFF].map((options) => {
      const listener = new Listener(transducerModel(1), options);
      listener.decider.end(0, listener.hearIds([HE, LLO, BLANK, WORLD], 0), listener.emit);
      return listener.events.flatMap((event) => (event.type === 'final' ? event.tokens.map((t) => t.logProb) : []));
    });
    expect(beam).toHaveLength(3);
    beam.forEach((logProb, i) => expect(logProb).toBeCloseTo(greedy[i], 12));
  });

  it('asks decoder and joiner about the paths of all streams at once, the decoder only about new ones', () => {
    const listener = new Listener(transducerModel(1), { ...OFF, paths: 3 });
    const both = (us: number, id: number): void =>
      listener.hear({ slot: 2, us, frames: [frameOf(id)] }, { slot: 0, us, frames: [frameOf(id)] });
    both(0, HE);
    both(FRAME_US, LLO);
    // Behind a blank the decoder says what it said.
    expect(listener.decoderSteps).toEqual([2, 4]);
    expect(listener.joinerSteps).toEqual([2, 6]);
  });

  it('hears the same however many runs the paths of all streams need', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 6, maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        (frames, streams) => {
          const heard = (capacity: number): string[][] => {
            const listener = new Listener(transducerModel(2, SMALL), { ...OFF, alternatives: 4 }, capacity);
            const slots = Array.from({ length: capacity }, (_, slot) => slot);
            for (let at = 0; at < frames.length; at += 2) {
              const chunk = frames.slice(at, at + 2).map((one) => Float32Array.from(one));
              listener.hear(...slots.map((slot) => ({ slot, us: at * FRAME_US, frames: chunk })));
            }
            for (const slot of slots) listener.decider.end(slot, 1e6, listener.emit);
            const events = listener.events.map((event) => JSON.stringify({ ...event, id: '', stream: '' }));
            return slots.map((slot) => events.filter((_, i) => listener.events[i].stream === `stream-${slot}`));
          };
          const [alone] = heard(1);
          for (const one of heard(streams)) expect(one).toEqual(alone);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('hears the same however the frames are cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 12, maxLength: 12 }), (frames) => {
        const [whole, ...cut] = [12, 1, 2, 3, 4].map((size) => {
          const options = { ...OFF, partials: false, alternatives: 4, hotwords: [{ phrase: 'a b' }] };
          const events = hearAll(new Listener(transducerModel(size, SMALL), options), frames, size);
          return events.flatMap((event) => (event.type === 'final' ? [event.tokens, event.alternatives] : []));
        });
        for (const one of cut) expect(one).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it('lets a hotword decide between what sounds alike, and backs out of one that is not finished', () => {
    const doubtful: readonly [number, number][] = [
      [HE, WORLD],
      [LLO, 6],
    ];
    expect(heardWith([], ...doubtful)).toBe('HELLO');
    expect(heardWith([{ phrase: 'WORLDS' }], ...doubtful)).toBe('WORLDS');
    expect(heardWith([{ phrase: 'WORLDS', boost: 0.1 }], ...doubtful)).toBe('HELLO');
    // Nothing of WORLDHE is left to earn when LLO follows.
    expect(heardWith([{ phrase: '▁WORLD ▁HE', boost: 3 }], ...doubtful)).toBe('HELLO');
  });

  it('goes on behind a pause from the last tokens and from nothing, as sherpa-onnx does', () => {
    const listener = new Listener(transducerModel(1), { ...OFF, paths: 1, endpoint: { rules: [{ silenceMs: 80 }] } });
    listener.hearIds([HE, LLO, BLANK, BLANK], 0);
    expect(listener.events.map(({ type }) => type)).toEqual(['partial', 'partial', 'final', 'endpoint']);
    const asked = listener.contexts.length;
    listener.hearIds([WORLD, BLANK], 4 * FRAME_US);
    expect(listener.contexts.slice(asked)).toEqual([
      [-1, BLANK],
      [BLANK, WORLD],
    ]);
    expect(listener.resets).toEqual([]);
  });

  it('counts scores that are not numbers and hears a blank', () => {
    const listener = new Listener(transducerModel(2), OFF);
    listener.hear({ us: 0, frames: [frameOf(HE).fill(Number.NaN), frameOf(HE)] });
    expect(listener.counters.get('decide.score-not-finite')).toBe(1);
    expect(listener.events).toMatchObject([{ text: 'HE', startUs: FRAME_US }]);
  });
});
