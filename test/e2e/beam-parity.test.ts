/** Parity of beam search and hotwords with an independent implementation: the same files, kioku and sherpa-onnx-node. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TransducerModel } from '../../src/core/recogniser.js';
import { Bias } from '../../src/decide/bias.js';
import { ContextGraph, type TokenPhrase } from '../../src/decide/context-graph.js';
import { rootOf, tokenAfter } from '../../src/decide/path-token.js';
import { TokenSpeller } from '../../src/decide/token-speller.js';
import { ChunkedFrames } from '../../src/feature/chunks.js';
import { recogniserFrames } from '../../src/feature/log-mel.js';
import { openRecogniserFiles } from '../../src/step/recogniser/open.js';
import {
  EAGER_RULES,
  type Feed,
  type FeedBeam,
  flat,
  furthest,
  hearWithKioku,
  hearWithSherpa,
  TIME_TOLERANCE,
  tokensOf,
} from '../support/hearing.js';
import { beamByHand } from '../support/recogniser-by-hand.js';
import { needsSherpa } from '../support/sherpa.js';
import { madeUpWords } from '../support/speech-models/hotwords.js';
import { writeLstmTransducer, writeZipformer2Transducer } from '../support/speech-models/models.js';
import { sharedSpeech, type Recording } from '../support/speech.js';

const LIMIT = { timeout: 120_000 };
const PATHS = 4;
const BOOST = 2.5;
const SCORE_TOLERANCE = 1e-3;

/**
 * Both are float32 arithmetic, by different versions of ONNX Runtime: where two candidates for the last place in the beam are
 * closer than this, one may take the one and one the other. Sixty seconds of speech have one or two such places.
 */
const TIE = 1e-4;

/** A word of two tokens each. */
const HOTWORDS = 60;

const WRITERS = [
  { name: 'LSTM transducer', write: writeLstmTransducer },
  { name: 'Zipformer2 transducer', write: writeZipformer2Transducer },
];

function earnedAlong(phrases: readonly TokenPhrase[], ids: readonly number[]): number[] {
  const bias = new Bias(new ContextGraph(phrases));
  let last = rootOf([0]);
  return ids.map((id) => {
    last = tokenAfter(last, id, 0, 0);
    return bias.earned(bias.by(last));
  });
}

describe.each(WRITERS)('$name', ({ write }) => {
  let folder = '';
  let model: TransducerModel;
  let tailPaddingSamples = 0;
  let hotBeam: FeedBeam;
  let phrases: TokenPhrase[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kioku-beam-parity-'));
    const opened = await openRecogniserFiles(await write(join(folder, 'model')));
    if (opened.kind !== 'transducer') throw new Error('no transducer');
    model = opened;
    const { tailPaddingMs } = new ChunkedFrames(model, recogniserFrames(model.features), 1);
    tailPaddingSamples = (tailPaddingMs * model.features.sampleRateHz) / 1000;
    const symbols = Array.from({ length: model.tokens.size }, (_, id) => model.tokens.symbol(id));
    const words = madeUpWords(symbols.length, HOTWORDS, BOOST);
    const file = join(folder, 'hotwords.txt');
    await writeFile(file, words.map(({ phrase, boost }) => `${phrase} :${boost}\n`).join(''));
    const bpeVocab = join(folder, 'bpe.vocab');
    await writeFile(bpeVocab, symbols.map((symbol, id) => `${symbol}\t${-id}\n`).join(''));
    hotBeam = { paths: PATHS, words, hotwords: { file, bpeVocab } };
    const speller = new TokenSpeller(model.tokens, [model.blank]);
    phrases = words.map(({ phrase, boost }) => ({ ids: speller.spell(phrase) ?? [], boost }));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  /** @returns what kioku heard in the recordings in which both heard the same tokens; which others there are */
  async function compare(recordings: readonly Recording[], feed: Feed) {
    const ours = await hearWithKioku(model, recordings, feed);
    const theirs = await hearWithSherpa(model, recordings, feed, tailPaddingSamples);
    const differing = recordings.filter((_, i) => !isDeepStrictEqual(tokensOf(ours[i]), tokensOf(theirs[i])));
    const [same, peers] = [ours, theirs].map((heard) => heard.filter((_, i) => !differing.includes(recordings[i])));
    expect(flat(same, 'logProbs')).toHaveLength(flat(peers, 'logProbs').length);
    expect(furthest(flat(same, 'logProbs'), flat(peers, 'logProbs'))).toBeLessThan(SCORE_TOLERANCE);
    expect(furthest(flat(same, 'times'), flat(peers, 'times'))).toBeLessThan(TIME_TOLERANCE);
    return { ours, peers, differing };
  }

  /** Recordings in which a search by hand decides between two paths whose scores are as good as equal. */
  function doubtful(recordings: readonly Recording[], hotwords: readonly TokenPhrase[]): readonly Recording[] {
    const earned = (ids: readonly number[]): number => earnedAlong(hotwords, ids).at(-1) ?? 0;
    return recordings.filter(({ samples }) => {
      const padded = new Float32Array(samples.length + tailPaddingSamples);
      padded.set(samples);
      return beamByHand(model, padded, PATHS, earned).margin < TIE;
    });
  }

  it('hears the same paths as sherpa-onnx', LIMIT, async (ctx) => {
    needsSherpa(ctx);
    const recordings = sharedSpeech(ctx);
    const { ours, differing } = await compare(recordings, { samples: 1600, beam: { paths: PATHS } });
    expect(doubtful(recordings, [])).toEqual(expect.arrayContaining([...differing]));
    expect(differing.length).toBeLessThanOrEqual(1);
    expect(flat(ours, 'times').length).toBeGreaterThan(200);
    expect(ours).not.toEqual(await hearWithKioku(model, recordings, { samples: 1600 }));
  });

  it('hears the same hotwords as sherpa-onnx, and earns the same by them', LIMIT, async (ctx) => {
    needsSherpa(ctx);
    const recordings = sharedSpeech(ctx);
    const { ours, peers, differing } = await compare(recordings, { samples: 1600, beam: hotBeam });
    expect(doubtful(recordings, phrases)).toEqual(expect.arrayContaining([...differing]));
    expect(differing.length).toBeLessThanOrEqual(1);
    expect(ours).not.toEqual(await hearWithKioku(model, recordings, { samples: 1600, beam: { paths: PATHS } }));
    const idsOf = new Map(Array.from({ length: model.tokens.size }, (_, id) => [model.tokens.symbol(id), id]));
    for (const { tokens, earned = [] } of peers.flat()) {
      const sums = earnedAlong(
        phrases,
        tokens.map((token) => idsOf.get(token.replace(' ', '▁')) ?? -1),
      );
      const steps = sums.map((sum, i) => sum - (sums[i - 1] ?? 0));
      expect(earned).toHaveLength(steps.length);
      expect(furthest(steps, earned)).toBeLessThan(TIE);
    }
    expect(peers.flat().flatMap(({ earned = [] }) => earned.filter((one) => one > 0)).length).toBeGreaterThan(30);
  });

  it('goes on behind endpoints as sherpa-onnx does, with and without hotwords', LIMIT, async (ctx) => {
    needsSherpa(ctx);
    const recordings = sharedSpeech(ctx);
    for (const beam of [{ paths: PATHS }, hotBeam]) {
      const feed = { samples: 1600, beam, endpoint: EAGER_RULES };
      const { ours, differing } = await compare(recordings, feed);
      // A tie here or there; see `TIE`.
      expect(differing.length).toBeLessThanOrEqual(1);
      expect(ours.flat().length).toBeGreaterThan(recordings.length);
    }
  });

  it('hears the same however it is fed, stopped and restored, alone or in a batch', LIMIT, async (ctx) => {
    const recordings = sharedSpeech(ctx);
    const feed = { beam: hotBeam, endpoint: EAGER_RULES };
    const whole = await hearWithKioku(model, recordings, { ...feed, samples: 16_000 });
    expect(await hearWithKioku(model, recordings, { ...feed, samples: 1600, moveEvery: 11 })).toEqual(whole);
    for (const [i, recording] of recordings.entries()) {
      expect((await hearWithKioku(model, [recording], { ...feed, samples: 1600 }))[0]).toEqual(whole[i]);
    }
  });
});
