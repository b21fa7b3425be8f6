/** Parity with an independent implementation: the same model files, the same audio, kioku and sherpa-onnx-node. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RecogniserModel } from '../../src/core/recogniser.js';
import { openRecogniserFiles } from '../../src/step/recogniser/open.js';
import { ChunkedFrames } from '../../src/feature/chunks.js';
import { recogniserFrames } from '../../src/feature/log-mel.js';
import {
  EAGER_RULES,
  endpointsOf,
  type Feed,
  flat,
  furthest,
  hearWithKioku,
  hearWithSherpa,
  type HeardSegment,
  LOG_PROB_TOLERANCE,
  TIME_TOLERANCE,
  tokensOf,
} from '../support/hearing.js';
import { DEFAULT_ENDPOINT_RULES, needsSherpa } from '../support/sherpa.js';
import { writeLstmTransducer, writeZipformer2Ctc, writeZipformer2Transducer } from '../support/speech-models/models.js';
import { encodeByHand, hearByHand } from '../support/recogniser-by-hand.js';
import { sharedSpeech, type Recording } from '../support/speech.js';

const SAMPLE_RATE_HZ = 16_000;
/** Three models over a minute of speech, again and again: seconds, on a machine that does nothing else. */
const LIMIT = { timeout: 120_000 };

const WRITERS = [
  { name: 'LSTM transducer', write: writeLstmTransducer },
  { name: 'Zipformer2 transducer', write: writeZipformer2Transducer },
  { name: 'Zipformer2 CTC', write: writeZipformer2Ctc },
];

/** The recordings one after the other, pauses between them, so that all of sherpa-onnx's own endpoint rules are met. */
function conversation(recordings: readonly Recording[]): Recording {
  const pauses = [1, 1.3, 2.6, 3.5];
  const pieces = recordings.flatMap(({ samples }, i) => [samples, new Float32Array(pauses[i % 4] * SAMPLE_RATE_HZ)]);
  const samples = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    samples.set(piece, at);
    at += piece.length;
  }
  return { name: 'conversation', samples };
}

describe.each(WRITERS)('$name', ({ write }) => {
  let folder = '';
  let model: RecogniserModel;
  let tailPaddingSamples = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kioku-parity-'));
    model = await openRecogniserFiles(await write(join(folder, 'model')));
    const { tailPaddingMs } = new ChunkedFrames(model, recogniserFrames(model.features), 1);
    tailPaddingSamples = (tailPaddingMs * SAMPLE_RATE_HZ) / 1000;
  });
  afterAll(async () => rm(folder, { recursive: true }));

  async function compare(recordings: readonly Recording[], feed: Feed): Promise<HeardSegment[][]> {
    const ours = await hearWithKioku(model, recordings, feed);
    const theirs = await hearWithSherpa(model, recordings, feed, tailPaddingSamples);
    expect(ours.map(tokensOf)).toEqual(theirs.map(tokensOf));
    expect(furthest(flat(ours, 'times'), flat(theirs, 'times'))).toBeLessThan(TIME_TOLERANCE);
    expect(furthest(endpointsOf(ours), endpointsOf(theirs))).toBeLessThan(TIME_TOLERANCE);
    // sherpa-onnx has no log-probabilities of CTC tokens; those are compared with a run by hand.
    if (model.kind === 'ctc') return ours;
    expect(flat(ours, 'logProbs')).toHaveLength(flat(theirs, 'logProbs').length);
    expect(furthest(flat(ours, 'logProbs'), flat(theirs, 'logProbs'))).toBeLessThan(LOG_PROB_TOLERANCE);
    return ours;
  }

  it.for([160, 1600, 16_000])(
    'hears the same as sherpa-onnx, fed %i samples at a time',
    LIMIT,
    async (samples, ctx) => {
      needsSherpa(ctx);
      const heard = await compare(sharedSpeech(ctx), { samples });
      const tokens = heard.flatMap((segments) => segments.flatMap((segment) => segment.tokens));
      expect(tokens.length).toBeGreaterThan(300);
      expect(new Set(tokens).size).toBeGreaterThanOrEqual(30);
    },
  );

  it('ends segments where sherpa-onnx does, and goes on as it does', LIMIT, async (ctx) => {
    needsSherpa(ctx);
    const recordings = sharedSpeech(ctx);
    for (const samples of [160, 1600, 16_000]) {
      const heard = await compare(recordings, { samples, endpoint: EAGER_RULES });
      expect(heard.flat().length).toBeGreaterThan(recordings.length);
    }
  });

  it('ends segments by its own rules as sherpa-onnx does by the same', LIMIT, async (ctx) => {
    needsSherpa(ctx);
    const talk = conversation(sharedSpeech(ctx));
    const [segments] = await compare([talk], { samples: 1600, endpoint: DEFAULT_ENDPOINT_RULES });
    expect(segments.length).toBeGreaterThan(3);
  });

  it('goes on in mid-utterance where another kioku has stopped', LIMIT, async (ctx) => {
    needsSherpa(ctx);
    const recordings = sharedSpeech(ctx);
    const moved = await compare(recordings, { samples: 1600, moveEvery: 11 });
    expect(moved).toEqual(await hearWithKioku(model, recordings, { samples: 1600 }));
    await compare(recordings, { samples: 1600, moveEvery: 11, endpoint: EAGER_RULES });
  });

  it('hears a stream alone as it does in a batch', LIMIT, async (ctx) => {
    const recordings = sharedSpeech(ctx);
    const together = await hearWithKioku(model, recordings, { samples: 1600, endpoint: EAGER_RULES });
    for (const [i, recording] of recordings.entries()) {
      const [alone] = await hearWithKioku(model, [recording], { samples: 1600, endpoint: EAGER_RULES });
      expect(alone).toEqual(together[i]);
    }
  });
});

describe('Zipformer2 CTC, beside a run by hand', () => {
  it('gives each token the log-probability that the encoder gave it', LIMIT, async (ctx) => {
    const folder = await mkdtemp(join(tmpdir(), 'kioku-parity-'));
    onTestFinished(async () => rm(folder, { recursive: true }));
    const model = await openRecogniserFiles(await writeZipformer2Ctc(folder));
    const recordings = sharedSpeech(ctx).slice(0, 5);
    const heard = await hearWithKioku(model, recordings, { samples: 1600 });
    for (const [i, { samples }] of recordings.entries()) {
      const steps = encodeByHand(model, samples);
      const { tokens, frames } = hearByHand(model, samples);
      const width = steps[0].length / model.outputFrames;
      const expected = tokens.map((id, k) => {
        const step = steps[Math.floor(frames[k] / model.outputFrames)];
        return step[(frames[k] % model.outputFrames) * width + id];
      });
      // Without the padding the run by hand ends earlier.
      const logProbs = flat([heard[i]], 'logProbs').slice(0, expected.length);
      expect(logProbs).toHaveLength(expected.length);
      expect(furthest(logProbs, expected)).toBeLessThan(LOG_PROB_TOLERANCE);
    }
    expect(flat(heard, 'logProbs').length).toBeGreaterThan(50);
  });
});
