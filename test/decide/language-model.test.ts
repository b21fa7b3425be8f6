/** Beams that a language model takes part in, compared with exhaustive search. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Counters } from '../../src/core/counters.js';
import { UserError } from '../../src/core/errors.js';
import type { TranscriptEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import { Bias } from '../../src/decide/bias.js';
import { ContextGraph, type TokenPhrase } from '../../src/decide/context-graph.js';
import { CtcBeamSearch } from '../../src/decide/ctc-beam.js';
import { openLanguageModel } from '../../src/decide/language-options.js';
import type { LanguageScorer } from '../../src/decide/language-scorer.js';
import { rootOf, tokenAfter } from '../../src/decide/path-token.js';
import { PhraseGrammar } from '../../src/decide/phrase-grammar.js';
import { Spelling } from '../../src/decide/words.js';
import { type MadeUpModel, madeUpModels } from './arpa.js';
import { logSoftmax, SearchRig, sequences } from './beams.js';
import {
  type Chunk,
  ctcModel,
  FORBIDDEN,
  FRAME_US,
  frameOf,
  Listener,
  tableOf,
  transducerModel,
} from './recogniser.js';

/** Words, and what words are spelt from. */
const VOCABULARIES = {
  words: ['<blk>', '\u2581a', '\u2581b'],
  pieces: ['<blk>', '\u2581a', 'b'],
  'pieces and a mark': ['<blk>', '\u2581', 'b'],
};
const WORDS = ['a', 'b', 'ab', 'bb'];
const BLANK = 0;
const DIGITS = 5;
/** Of sums of float32. */
const TOLERANCE = 1e-5;
/** More than there are prefixes of five frames: 1 + 2 + 4 + … + 32. */
const ALL_PATHS = 64;
const FUSION = { weight: 0.7, wordBonus: 0.4 };

let folder = '';
let path = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kioku-language-'));
  path = join(folder, 'made.arpa');
});
afterAll(() => rmSync(folder, { recursive: true }));

function scorerOf(made: MadeUpModel, symbols: readonly string[], unit: 'word' | 'token'): LanguageScorer {
  writeFileSync(path, made.text);
  const stage = { name: 'test', baseDir: folder, counters: new Counters(), log: silentLog };
  const options = { file: 'made.arpa', unit, ...FUSION };
  return openLanguageModel(options, stage, ctcModel(1, [...symbols]), new Spelling(tableOf(symbols)));
}

/** The words of a text, by their marks. */
function wordsOf(symbols: readonly string[]): string[] {
  return symbols
    .join('')
    .replaceAll('\u2581', ' ')
    .split(' ')
    .filter((word) => word !== '');
}

const frame = (width: number) =>
  fc
    .array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: width, maxLength: width })
    .map((scores) => Array.from(Float32Array.from(logSoftmax(scores))));
const framesOf = (width: number) => fc.array(frame(width), { minLength: 1, maxLength: 5 });

/** ln of the probability of everything that all alignments spell, by ids. */
function exhaustively(frames: readonly (readonly number[])[]): Map<string, number> {
  const spelt = new Map<string, number>();
  for (const alignment of sequences(frames[0].length, frames.length)) {
    const key = alignment.filter((id, t) => id !== BLANK && id !== alignment[t - 1]).join(' ');
    const probability = Math.exp(alignment.reduce((sum, id, t) => sum + frames[t][id], 0));
    spelt.set(key, (spelt.get(key) ?? 0) + probability);
  }
  return new Map(Array.from(spelt, ([key, probability]) => [key, Math.log(probability)]));
}

const idsIn = (key: string): number[] => (key === '' ? [] : key.split(' ').map(Number));

function earnedBy(phrases: readonly TokenPhrase[], ids: readonly number[]): number {
  const bias = new Bias(new ContextGraph(phrases));
  let last = rootOf([-1]);
  for (const id of ids) last = tokenAfter(last, id, 0, 0);
  return bias.earned(bias.by(last));
}

/** How far off what a search heard is from the highest of the scores, and its readings from their shares of all. */
function errorOf<M>(search: SearchRig<M>, scores: ReadonlyMap<string, number>): number {
  search.search.settle?.(search.hypothesis);
  const highest = Math.max(...scores.values());
  const all = [...scores.values()].reduce((sum, score) => sum + Math.exp(score - highest), 0);
  const readings = search.readings();
  if (readings.size !== scores.size) return Infinity;
  let error = highest - (scores.get(search.ids.join(' ')) ?? -Infinity);
  for (const [key, score] of scores) {
    error = Math.max(error, Math.abs((readings.get(key) ?? Infinity) - Math.exp(score - highest) / all));
  }
  return error;
}

function ctcRig(bias: Bias) {
  return new SearchRig(new CtcBeamSearch(ctcModel(1, VOCABULARIES.words), () => {}, new Counters(), ALL_PATHS, bias));
}

/** Of words `1 2` and `2` alone. */
const WHOLE = /^(?:(?:1 )?2(?: |$))*$/;

describe('a language model in CTC prefix search', () => {
  it.each(Object.entries(VOCABULARIES))(
    'finds what is likeliest together, in sentences of words, of %s',
    (_, symbols) => {
      fc.assert(
        fc.property(framesOf(3), madeUpModels(WORDS, 3), (frames, made) => {
          const search = ctcRig(new Bias(undefined, undefined, scorerOf(made, symbols, 'word')));
          for (const one of frames) search.hear(one);
          const scores = Array.from(exhaustively(frames), ([key, logProb]): [string, number] => {
            const words = wordsOf(idsIn(key).map((id) => symbols[id]));
            return [key, logProb + made.score(words, FUSION.weight, FUSION.wordBonus)];
          });
          expect(errorOf(search, new Map(scores))).toBeLessThan(TOLERANCE);
        }),
        { numRuns: 100 },
      );
    },
  );

  it('may be one of tokens', () => {
    const symbols = VOCABULARIES.pieces;
    fc.assert(
      fc.property(framesOf(3), madeUpModels(['\u2581a', 'b'], 3), (frames, made) => {
        const search = ctcRig(new Bias(undefined, undefined, scorerOf(made, symbols, 'token')));
        for (const one of frames) search.hear(one);
        const scores = Array.from(exhaustively(frames), ([key, logProb]): [string, number] => {
          const tokens = idsIn(key).map((id) => symbols[id]);
          return [key, logProb + made.score(tokens, FUSION.weight, FUSION.wordBonus)];
        });
        expect(errorOf(search, new Map(scores))).toBeLessThan(TOLERANCE);
      }),
      { numRuns: 100 },
    );
  });

  it('counts together with hotwords within a closed vocabulary, as these do without it', () => {
    const symbols = VOCABULARIES.pieces;
    const ids = fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 2 });
    const phrases = fc.array(fc.record({ ids, boost: fc.double({ min: 0.1, max: 3, noNaN: true }) }), { maxLength: 3 });
    fc.assert(
      fc.property(framesOf(3), madeUpModels(WORDS, 3), phrases, (frames, made, hotwords) => {
        for (const scorer of [undefined, scorerOf(made, symbols, 'word')]) {
          const grammar = new PhraseGrammar([[1, 2], [2]]);
          const search = ctcRig(new Bias(new ContextGraph(hotwords), grammar, scorer));
          for (const one of frames) search.hear(one);
          const all = Array.from(exhaustively(frames)).filter(([key]) => WHOLE.test(key));
          const scores = all.map(([key, logProb]): [string, number] => {
            const words = wordsOf(idsIn(key).map((id) => symbols[id]));
            const language = scorer === undefined ? 0 : made.score(words, FUSION.weight, FUSION.wordBonus);
            return [key, logProb + language + earnedBy(hotwords, idsIn(key))];
          });
          expect(errorOf(search, new Map(scores))).toBeLessThan(TOLERANCE);
        }
      }),
      { numRuns: 100 },
    );
  });
});

const ARPA = `\\data\\
ngram 1=6
ngram 2=2

\\1-grams:
-2\t<unk>
-99\t<s>\t0
-1\t</s>
-1\thello\t0
-1\tworld\t0
-1\thelloworlds\t0

\\2-grams:
-0.1\t<s> world
-0.1\tworld hello

\\end\\
`;

const [HE, LLO, WORLD, S] = [3, 4, 5, 6];
const BEAM = { search: 'beam', endpoint: { enabled: false }, partials: false };
const MODELS = { CTC: ctcModel, transducer: transducerModel };

function doubtful(first: number, second: number): Float32Array {
  const scores = frameOf(first, 5);
  scores[second] = 4.5;
  return scores;
}

function finalOf({ events }: Listener): TranscriptEvent | undefined {
  return events.find((event): event is TranscriptEvent => event.type === 'final');
}

function heardBy(listener: Listener, ...frames: readonly Float32Array[]): Listener {
  frames.forEach((scores, t) => listener.hear({ us: t * FRAME_US, frames: [scores] }));
  listener.decider.end(0, frames.length * FRAME_US, listener.emit);
  return listener;
}

/** Blank and unknown. */
const isSilent = (id: number): boolean => id === 0 || id === 2;

describe('a language model of words, asked about pieces of them', () => {
  it('judges a word when it is over, one that can no longer be any of its words at once, and each but once', () => {
    fc.assert(
      fc.property(madeUpModels(['ab', 'b'], 3), (made) => {
        // b after the mark, a and b as parts.
        const scorer = scorerOf(made, ['<blk>', '\u2581b', 'a', 'b', '\u2581a'], 'word');
        const cost = (...words: string[]): number =>
          FUSION.weight * words.reduce((sum, word, i) => sum + made.logProb(['<s>', ...words.slice(0, i)], word), 0) +
          FUSION.wordBonus * words.length;
        const [b, a] = [scorer.start.after(1), scorer.start.after(4)];
        expect([scorer.start.score, b.score, a.score]).toEqual([0, 0, 0]);
        expect(a.after(3).score).toBe(0);
        expect(a.after(3).after(1).score).toBeCloseTo(cost('ab'), DIGITS);
        const unknown = b.after(2);
        expect(unknown.score).toBeCloseTo(cost('ba'), DIGITS);
        expect(unknown.after(2).score).toBe(unknown.score);
        expect(unknown.after(1).score).toBeCloseTo(cost('ba'), DIGITS);
        expect(a.after(4).score).toBeCloseTo(cost('a'), DIGITS);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a language model in transducer search', () => {
  const SYMBOLS = ['<blk>', '\u2581a', '<unk>', 'b'];

  it('finds what is likeliest together, a token', () => {
    const frame = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 4 }), madeUpModels(WORDS, 3), (frames, made) => {
        const probabilities = new Map<string, number>();
        for (const alignment of sequences(4, frames.length)) {
          let [logProb, last] = [0, 0];
          alignment.forEach((id, t) => {
            const logits = frames[t].map((score, k) => Math.fround(score) + (last !== 0 && k === last ? FORBIDDEN : 0));
            logProb += logSoftmax(logits)[id];
            if (!isSilent(id)) last = id;
          });
          const key = alignment.filter((id) => !isSilent(id)).join(' ');
          probabilities.set(key, (probabilities.get(key) ?? 0) + Math.exp(logProb));
        }
        const scores = Array.from(probabilities, ([key, probability]) => {
          const symbols = idsIn(key).map((id) => SYMBOLS[id]);
          const words = wordsOf(symbols);
          const score = Math.log(probability) + made.score(words, FUSION.weight, FUSION.wordBonus);
          return { text: words.join(' '), score, rate: score / (symbols.length + 2) };
        });
        writeFileSync(path, made.text);
        const languageModel = { file: path, ...FUSION };
        const options = { ...BEAM, paths: 64, alternatives: 64, languageModel };
        const listener = new Listener(transducerModel(1, SYMBOLS), options);
        const final = finalOf(heardBy(listener, ...frames.map((one) => Float32Array.from(one))));
        const text = final?.text ?? '';
        const best = Math.max(...scores.map(({ rate }) => rate));
        const rates = scores.flatMap((one) => (one.text === text ? [one.rate] : []));
        expect(Math.max(...rates)).toBeCloseTo(best, DIGITS);
        // Several spellings may read the same: a lone b and a word of it.
        const shares = new Map<string, number>();
        const all = scores.reduce((sum, { score }) => sum + Math.exp(score), 0);
        for (const one of scores) shares.set(one.text, (shares.get(one.text) ?? 0) + Math.exp(one.score) / all);
        const alternatives = final?.alternatives ?? [];
        for (const one of alternatives) expect(one.confidence).toBeCloseTo(shares.get(one.text) ?? 0, DIGITS);
        const sum = alternatives.reduce((total, { confidence }) => total + confidence, 0);
        expect(final === undefined || Math.abs(sum - 1) < TOLERANCE).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe.each(Object.entries(MODELS))('decide.languageModel with a %s model', (_, model) => {
  const languageModel = { file: '', weight: 1 };
  beforeAll(() => {
    languageModel.file = join(folder, 'words.arpa');
    writeFileSync(languageModel.file, ARPA);
  });

  const textOf = (options: object, ...frames: readonly Float32Array[]): string | undefined =>
    finalOf(heardBy(new Listener(model(1), { ...BEAM, ...options }), ...frames))?.text;

  it('decides between what sounds alike, as far as it has weight', () => {
    const frames = [doubtful(HE, WORLD), frameOf(LLO)];
    const first = [doubtful(HE, WORLD), frameOf(0)];
    expect(textOf({}, ...first)).toBe('HE');
    expect(textOf({ languageModel }, ...first)).toBe('WORLD');
    expect(textOf({ languageModel: { ...languageModel, weight: 0 } }, ...first)).toBe('HE');
    // WORLDLLO is no word of it, HELLO is.
    expect(textOf({ languageModel }, ...frames)).toBe('HELLO');
  });

  it('makes words longer or shorter by their bonus', () => {
    const frames = [frameOf(HE), frameOf(LLO), doubtful(S, WORLD)];
    const withBonus = (wordBonus: number): string | undefined =>
      textOf({ languageModel: { ...languageModel, weight: 0, wordBonus } }, ...frames);
    expect([withBonus(0), withBonus(3), withBonus(-3)]).toEqual(['HELLOS', 'HELLO WORLD', 'HELLOS']);
  });

  it('goes on with it where a stream is restored, and begins a sentence anew behind a pause', () => {
    const frames = [doubtful(WORLD, HE), doubtful(HE, WORLD), doubtful(LLO, S), frameOf(0)];
    const options = { ...BEAM, alternatives: 4, languageModel };
    const whole = heardBy(new Listener(model(1), options), ...frames);
    for (let at = 1; at < frames.length; at++) {
      const [first, second] = [new Listener(model(1), options), new Listener(model(1), options)];
      const chunks = frames.map((scores, t): Chunk => ({ us: t * FRAME_US, frames: [scores] }));
      for (const chunk of chunks.slice(0, at)) first.hear(chunk);
      second.decider.load(0, first.decider.save(0));
      for (const chunk of chunks.slice(at)) second.hear(chunk);
      second.decider.end(0, frames.length * FRAME_US, second.emit);
      expect(second.events).toEqual(whole.events);
    }
    const paused = new Listener(model(1), { ...options, endpoint: { rules: [{ silenceMs: 80 }] } });
    const said = [doubtful(HE, WORLD), frameOf(0), frameOf(0)];
    [...said, ...said].forEach((scores, t) => paused.hear({ us: t * FRAME_US, frames: [scores] }));
    const finals = paused.events.flatMap((event) => (event.type === 'final' ? [event.text] : []));
    expect(finals).toEqual(['WORLD', 'WORLD']);
  });

  it('changes nothing by being indifferent', () => {
    // One word as likely as another, and an end that costs nothing.
    const none = join(folder, 'indifferent.arpa');
    writeFileSync(none, '\\data\\\nngram 1=1\n\n\\1-grams:\n0\t<unk>\n\n\\end\\\n');
    const frames = [doubtful(HE, WORLD), doubtful(LLO, S), doubtful(WORLD, HE), frameOf(0)];
    const [without, withOne] = [{}, { languageModel: { file: none } }].map((options) => {
      return heardBy(new Listener(model(1), { ...BEAM, alternatives: 4, ...options }), ...frames).events;
    });
    expect(withOne).toEqual(without);
  });

  const opened = (options: Record<string, unknown>) => (): Listener => new Listener(model(1), options);

  it('is refused with greedy search, when it is absent, and when it has no token of the model', () => {
    expect(opened({ languageModel })).toThrow(/needs search: beam/);
    expect(opened({ ...BEAM, languageModel: { file: '/none.arpa' } })).toThrow(/\/none.arpa cannot be read/);
    expect(opened({ ...BEAM, languageModel: { ...languageModel, unit: 'token' } })).toThrow(UserError);
    expect(opened({ ...BEAM, languageModel: { ...languageModel, unit: 'token' } })).toThrow(/none of the tokens/);
  });
});
