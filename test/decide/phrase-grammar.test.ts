import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/core/counters.js';
import type { SpeechEvent } from '../../src/core/events.js';
import { Bias } from '../../src/decide/bias.js';
import { CtcBeamSearch } from '../../src/decide/ctc-beam.js';
import { type Place, PhraseGrammar } from '../../src/decide/phrase-grammar.js';
import { logSoftmax, SearchRig, sequences } from './beams.js';
import { ctcModel, FRAME_US, frameOf, Listener, transducerModel } from './recogniser.js';

type Phrase = readonly number[];

/** Whether ids are some of the phrases one after the other. */
function isWhole(phrases: readonly Phrase[], ids: readonly number[]): boolean {
  return (
    ids.length === 0 ||
    phrases.some((phrase) => phrase.every((id, i) => ids[i] === id) && isWhole(phrases, ids.slice(phrase.length)))
  );
}

/** Whether they may become that. */
function isBeginning(phrases: readonly Phrase[], ids: readonly number[]): boolean {
  return phrases.some((phrase) => {
    const length = Math.min(phrase.length, ids.length);
    if (!phrase.slice(0, length).every((id, i) => ids[i] === id)) return false;
    return ids.length <= phrase.length || isBeginning(phrases, ids.slice(phrase.length));
  });
}

const phrasesOf = fc.array(fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 4,
});

describe('PhraseGrammar', () => {
  it('remembers nothing of tokens that may not follow, of which a decoder asks for thousands in every place', () => {
    const [places, vocabulary] = [200, 5000];
    const grammar = new PhraseGrammar([Array.from({ length: places }, (_, i) => i)]);
    const before = process.memoryUsage().heapUsed;
    let wrong = 0;
    let place: Place | undefined = grammar.start;
    for (let next = 0; next < places - 1 && place !== undefined; next++) {
      for (let id = 0; id < vocabulary; id++) if (id !== next && grammar.after(place, id) !== undefined) wrong++;
      place = grammar.after(place, next);
    }
    expect([wrong, place]).toEqual([0, expect.any(Number)]);
    // A million numbers in maps would take 40 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20e6);
  });

  it('allows what may become a sequence of phrases, and knows when it is one', () => {
    const ids = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 8 });
    fc.assert(
      fc.property(phrasesOf, ids, (phrases, tokens) => {
        const grammar = new PhraseGrammar(phrases);
        let place: Place | undefined = grammar.start;
        tokens.forEach((id, i) => {
          place = place === undefined ? undefined : grammar.after(place, id);
          const so = tokens.slice(0, i + 1);
          expect(place !== undefined).toBe(isBeginning(phrases, so));
          expect(place !== undefined && grammar.isWhole(place)).toBe(isWhole(phrases, so));
        });
      }),
      { numRuns: 500 },
    );
  });
});

const SYMBOLS = ['<blk>', 'a', 'b'];

/** Log-probabilities by ids, over all alignments. */
function exhaustively(frames: readonly (readonly number[])[]): Map<string, number> {
  const spelt = new Map<string, number>();
  for (const alignment of sequences(SYMBOLS.length, frames.length)) {
    const ids = alignment.filter((id, t) => id !== 0 && id !== alignment[t - 1]);
    const probability = Math.exp(alignment.reduce((sum, id, t) => sum + frames[t][id], 0));
    spelt.set(ids.join(' '), (spelt.get(ids.join(' ')) ?? 0) + probability);
  }
  return spelt;
}

function textOf(events: readonly SpeechEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'final' ? [event.text] : []));
}

describe('a closed vocabulary', () => {
  it('makes prefix search find the likeliest sequence of its phrases', () => {
    const frame = fc
      .array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 })
      .map((scores) => Array.from(Float32Array.from(logSoftmax(scores))));
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 5 }), phrasesOf, (frames, phrases) => {
        const bias = new Bias(undefined, new PhraseGrammar(phrases));
        const search = new SearchRig(new CtcBeamSearch(ctcModel(1, SYMBOLS), () => {}, new Counters(), 64, bias));
        for (const one of frames) search.hear(one);
        search.search.settle?.(search.hypothesis);
        const whole = Array.from(exhaustively(frames)).filter(([key]) => {
          return isWhole(phrases, key === '' ? [] : key.split(' ').map(Number));
        });
        const likeliest = Math.max(...whole.map(([, probability]) => probability));
        const heard = whole.find(([key]) => key === search.ids.join(' '));
        expect(heard?.[1]).toBeCloseTo(likeliest, 6);
        const readings = search.readings();
        expect([...readings.keys()].toSorted()).toEqual(whole.map(([key]) => key).toSorted());
      }),
      { numRuns: 200 },
    );
  });

  const [BLANK, HE, LLO, WORLD, S] = [0, 3, 4, 5, 6];
  const models = { CTC: ctcModel, transducer: transducerModel };

  it.each(Object.entries(models))('hears nothing else, with a %s model', (_, model) => {
    const options = { search: 'beam', endpoint: { enabled: false }, alternatives: 5, vocabulary: ['hello', 'worlds'] };
    const listener = new Listener(model(1), options);
    const doubtful = frameOf(S, 5);
    doubtful[LLO] = 3;
    listener.hear({ us: 0, frames: [frameOf(HE)] }, { slot: 1, us: 0, frames: [frameOf(WORLD)] });
    listener.hear({ us: FRAME_US, frames: [doubtful] }, { slot: 1, us: FRAME_US, frames: [frameOf(BLANK)] });
    listener.decider.end(0, 2 * FRAME_US, listener.emit);
    expect(textOf(listener.events)).toEqual(['HELLO']);
    const alternatives = listener.events.flatMap((event) => (event.type === 'final' ? event.alternatives : []));
    for (const one of alternatives) expect(one?.text).toMatch(/^(HELLO|WORLDS)?( (HELLO|WORLDS))*$/);
    // What was begun and not finished is nothing.
    listener.decider.end(1, 2 * FRAME_US, listener.emit);
    expect(textOf(listener.events)[1]).toMatch(/^(WORLDS)?$/);
  });

  it.each(Object.entries(models))('begins anew behind a pause, with a %s model', (_, model) => {
    const endpoint = { rules: [{ silenceMs: 80 }] };
    const listener = new Listener(model(1), { search: 'beam', endpoint, vocabulary: ['HELLO'] });
    const us = listener.hearIds([HE, LLO, BLANK, BLANK], 0);
    listener.hearIds([HE, LLO, BLANK, BLANK], us);
    expect(textOf(listener.events)).toEqual(['HELLO', 'HELLO']);
  });

  it('must be spelt by the tokens of the model, and needs a beam', () => {
    const vocabulary = ['HELLO', 'QQ', 'XX'];
    expect(() => new Listener(ctcModel(1), { search: 'beam', vocabulary })).toThrow(/cannot spell 'QQ', 'XX'$/);
    expect(() => new Listener(ctcModel(1), { vocabulary })).toThrow(/needs search: beam/);
  });
});
