import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/core/counters.js';
import { Bias } from '../../src/decide/bias.js';
import { ContextGraph, type TokenPhrase } from '../../src/decide/context-graph.js';
import { CtcBeamSearch } from '../../src/decide/ctc-beam.js';
import { rootOf, tokenAfter } from '../../src/decide/path-token.js';
import { logSoftmax, SearchRig, sequences } from './beams.js';
import { ctcModel } from './recogniser.js';

const SYMBOLS = ['<blk>', 'a', 'b'];
const BLANK = 0;
/** More than there are prefixes of five frames: 1 + 2 + 4 + … + 32. */
const ALL_PATHS = 63;
/** The frames are float32, so that their probabilities do not sum up to 1 exactly. */
const DIGITS = 6;

function rig(paths: number, phrases: readonly TokenPhrase[] = [], outputFrames = 1) {
  const counters = new Counters();
  const search = new CtcBeamSearch(ctcModel(outputFrames, SYMBOLS), () => {}, counters, paths, new Bias());
  const one = new SearchRig(search);
  search.prefer(new ContextGraph(phrases), [one.hypothesis]);
  return Object.assign(one, { counters });
}

interface Spelt {
  probability: number;
  /** Probability of the likeliest alignment, by the frames in which tokens begin. */
  readonly starts: Map<string, number>;
}

/** What all alignments spell. */
function exhaustively(frames: readonly (readonly number[])[]): Map<string, Spelt> {
  const spelt = new Map<string, Spelt>();
  for (const alignment of sequences(SYMBOLS.length, frames.length)) {
    const starts = alignment.flatMap((id, t) => (id !== BLANK && id !== alignment[t - 1] ? [t] : []));
    const key = starts.map((t) => alignment[t]).join(' ');
    const probability = Math.exp(alignment.reduce((sum, id, t) => sum + frames[t][id], 0));
    const entry = spelt.get(key) ?? { probability: 0, starts: new Map<string, number>() };
    entry.probability += probability;
    const when = starts.join(' ');
    entry.starts.set(when, Math.max(probability, entry.starts.get(when) ?? 0));
    spelt.set(key, entry);
  }
  return spelt;
}

const frame = fc
  .array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: SYMBOLS.length, maxLength: SYMBOLS.length })
  .map((scores) => Array.from(Float32Array.from(logSoftmax(scores))));
const framesOf = (minLength: number, maxLength: number) => fc.array(frame, { minLength, maxLength });

const earnedOf = (phrases: readonly TokenPhrase[], key: string): number => {
  const bias = new Bias(new ContextGraph(phrases));
  let last = rootOf([-1]);
  for (const id of key === '' ? [] : key.split(' ')) last = tokenAfter(last, Number(id), 0, 0);
  return bias.earned(bias.by(last));
};

describe('CTC prefix beam search', () => {
  it('is exhaustive search when it has a path for every prefix', () => {
    fc.assert(
      fc.property(framesOf(1, 5), (frames) => {
        const search = rig(ALL_PATHS);
        for (const one of frames) search.hear(one);
        const expected = exhaustively(frames);
        const readings = search.readings();
        expect([...readings.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
        for (const [key, { probability }] of expected) expect(readings.get(key)).toBeCloseTo(probability, DIGITS);
        const likeliest = Math.max(...[...expected.values()].map(({ probability }) => probability));
        const heard = expected.get(search.ids.join(' '));
        expect(heard?.probability).toBeCloseTo(likeliest, DIGITS);
      }),
      { numRuns: 200 },
    );
  });

  it('gives tokens the times of the likeliest alignment of what it heard, and their probabilities there', () => {
    fc.assert(
      fc.property(framesOf(1, 5), (frames) => {
        const search = rig(ALL_PATHS);
        for (const one of frames) search.hear(one);
        const starts = exhaustively(frames).get(search.ids.join(' '))?.starts ?? new Map<string, number>();
        // Several alignments may be the likeliest.
        expect(starts.get(search.frames.join(' '))).toBeCloseTo(Math.max(...starts.values()), DIGITS);
        search.frames.forEach((t, i) => expect(search.hypothesis.logProbs[i]).toBe(frames[t][search.ids[i]]));
      }),
      { numRuns: 200 },
    );
  });

  it('takes hotwords into account in what it chooses and in what it pursues', () => {
    const phrase = fc.record({
      ids: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 3 }),
      boost: fc.double({ min: 0.1, max: 3, noNaN: true }),
    });
    fc.assert(
      fc.property(framesOf(1, 5), fc.array(phrase, { maxLength: 3 }), (frames, phrases) => {
        const search = rig(ALL_PATHS, phrases);
        for (const one of frames) search.hear(one);
        const scores = Array.from(exhaustively(frames), ([key, { probability }]): [string, number] => {
          return [key, Math.log(probability) + earnedOf(phrases, key)];
        });
        const [, highest] = scores.toSorted(([, a], [, b]) => b - a)[0];
        const [, heard] = scores.find(([key]) => key === search.ids.join(' ')) ?? ['', -Infinity];
        expect(heard).toBeCloseTo(highest, DIGITS);
      }),
      { numRuns: 200 },
    );
    // One path only: the phrase has to lift its token above the better one at once.
    const frames = [logSoftmax([0, 2, 3])];
    const [without, withPhrase] = [rig(1), rig(1, [{ ids: [1], boost: 1.5 }])];
    for (const search of [without, withPhrase]) search.hear(...frames);
    expect([without.ids, withPhrase.ids]).toEqual([[2], [1]]);
  });

  it('hears what greedy search misses: many alignments of little probability each', () => {
    // The blank is the likeliest of each frame, a the likeliest in sum: 0.36 against 0.16 + 0.48.
    const search = rig(4);
    const doubtful = [Math.log(0.6), Math.log(0.4), -Infinity];
    search.hear(doubtful);
    search.hear(doubtful);
    expect(search.ids).toEqual([1]);
    expect(search.readings().get('1')).toBeCloseTo(0.64, DIGITS);
    expect(search.readings().get('')).toBeCloseTo(0.36, DIGITS);
  });

  it('hears the same however the frames are cut into chunks', () => {
    fc.assert(
      fc.property(framesOf(12, 12), (frames) => {
        const [whole, ...cut] = [12, 1, 2, 3, 4].map((size) => {
          const search = rig(4, [{ ids: [1, 2], boost: 1 }], size);
          for (let at = 0; at < frames.length; at += size) search.hear(...frames.slice(at, at + size));
          return [search.ids, search.frames, [...search.readings()], search.hypothesis.blanks];
        });
        for (const one of cut) expect(one).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps the paths that begin as what became final, and what they may be', () => {
    fc.assert(
      fc.property(framesOf(1, 5), fc.nat(), (frames, at) => {
        const search = rig(ALL_PATHS, [{ ids: [1, 2], boost: 1 }]);
        for (const one of frames) search.hear(one);
        const before = search.readings();
        const count = at % (search.ids.length + 1);
        const start = search.ids.slice(0, count).join(' ');
        const rest = search.ids.slice(count);
        search.hypothesis.cut(count);
        search.search.cut(search.hypothesis, count);
        const kept = Array.from(before).filter(([key]) => count === 0 || `${key} `.startsWith(`${start} `));
        const sum = kept.reduce((total, [, probability]) => total + probability, 0);
        const after = search.readings();
        expect(after.size).toBe(kept.length);
        for (const [key, probability] of kept) {
          expect(after.get(key.slice(start.length).trim())).toBeCloseTo(probability / sum, DIGITS);
        }
        expect(search.ids).toEqual(rest);
      }),
      { numRuns: 200 },
    );
  });

  it('does not take a token that goes on behind a cut for another one', () => {
    const [a, blank] = [logSoftmax([0, 9, 0]), logSoftmax([9, 0, 0])];
    const search = rig(4);
    search.hear(a);
    search.hypothesis.cut(1);
    search.search.cut(search.hypothesis, 1);
    search.hear(a);
    expect(search.ids).toEqual([]);
    search.hear(blank);
    search.hear(a);
    expect([search.ids, search.frames]).toEqual([[1], [3]]);
  });

  it('counts scores that are not numbers and hears a blank', () => {
    const search = rig(4);
    search.hear([Number.NaN, Number.NaN, Number.NaN]);
    search.hear(logSoftmax([0, 9, 0]));
    expect(search.counters.get('decide.score-not-finite')).toBe(1);
    expect([search.ids, search.frames]).toEqual([[1], [1]]);
  });
});
