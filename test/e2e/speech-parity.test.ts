/** Parity with an independent implementation: the same model files, the same audio, kioku and sherpa-onnx-node. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RecogniserModel } from '../../src/core/recogniser.js';
import { openRecogniserFiles } from '../../src/step/recogniser/open.js';
import { ChunkedFrames } from '../../src/feature/chunks.js';
import { recogniserFrames } from '../../src/feature/log-mel.js';
import { DEFAULT_ENDPOINT_RULES, needsSherpa, sherpaRecognise, type EndpointRules } from '../support/sherpa.js';
import { writeLstmTransducer, writeZipformer2Ctc, writeZipformer2Transducer } from '../support/speech-models/models.js';
import { encodeByHand, hearByHand } from '../support/recogniser-by-hand.js';
import { sharedSpeech, type Recording } from '../support/speech.js';
import { Recogniser } from '../support/transcribe.js';

const SAMPLE_RATE_HZ = 16_000;
/** Three models over a minute of speech, again and again: seconds, on a machine that does nothing else. */
const LIMIT = { timeout: 120_000 };

interface HeardSegment {
  readonly tokens: readonly string[];
  /** Seconds of audio. */
  readonly times: readonly number[];
  readonly logProbs: readonly number[];
  /** Seconds of audio at which a rule ended it; absent: the audio did. */
  readonly endpoint?: number;
}

/** How the recordings are handed over. */
interface Feed {
  readonly samples: number;
  readonly endpoint?: EndpointRules;
  /** The memory of every stream moves to another recogniser after so many pieces. */
  readonly moveEvery?: number;
}

async function hearWithKioku(
  model: RecogniserModel,
  recordings: readonly Recording[],
  { samples: feed, endpoint, moveEvery = Infinity }: Feed,
): Promise<HeardSegment[][]> {
  const rules = endpoint && [
    { afterSpeech: false, silenceMs: 1000 * endpoint.rule1MinTrailingSilence },
    { afterSpeech: true, silenceMs: 1000 * endpoint.rule2MinTrailingSilence },
    { afterSpeech: false, lengthMs: 1000 * endpoint.rule3MinUtteranceLength },
  ];
  const options = { partials: false, endpoint: rules ? { rules } : { enabled: false } };
  const capacity = recordings.length;
  const open = async (): Promise<Recogniser> => {
    const recogniser = await Recogniser.open(model, capacity, options);
    recordings.forEach(({ name }, slot) => recogniser.stepper.open(slot, name));
    return recogniser;
  };
  let recogniser = await open();
  const heard: HeardSegment[][] = recordings.map(() => []);
  const gather = (): void => {
    recordings.forEach(({ name }, i) => {
      for (const { id, tokens } of recogniser.finals(name)) {
        const ended = recogniser.events.find((event) => event.type === 'endpoint' && event.id === id);
        heard[i].push({
          tokens: tokens.map(({ text }) => text),
          times: tokens.map(({ startUs }) => startUs / 1e6),
          logProbs: tokens.map(({ logProb }) => logProb),
          ...(ended && { endpoint: ended.us / 1e6 }),
        });
      }
    });
    recogniser.close();
  };
  const longest = Math.max(...recordings.map(({ samples }) => samples.length));
  for (let at = 0, pieces = 1; at < longest; at += feed, pieces++) {
    recordings.forEach(({ name, samples }, slot) => {
      if (at < samples.length) recogniser.push(slot, name, samples.subarray(at, at + feed), at);
    });
    recogniser.turn();
    if (pieces % moveEvery !== 0) continue;
    const memories = recordings.map((_, slot) => recogniser.save(slot));
    gather();
    recogniser = await open();
    memories.forEach((memory, slot) => recogniser.load(slot, memory));
  }
  recogniser.end(recordings.map(({ samples }) => samples.length));
  gather();
  return heard;
}

async function hearWithSherpa(
  model: RecogniserModel,
  recordings: readonly Recording[],
  { samples: feedSamples, endpoint }: Feed,
  tailPaddingSamples: number,
): Promise<HeardSegment[][]> {
  const utterances = recordings.map(({ samples }) => samples);
  const options = { feedSamples, tailPaddingSamples, ...(endpoint && { endpoint }) };
  const transcripts = await sherpaRecognise(model, utterances, options);
  return transcripts.map(({ segments }) =>
    segments
      .map(({ endpoint, tokens, timestamps, startTime, ysProbs }, i) => ({
        tokens,
        times: timestamps.map((time) => startTime + time),
        logProbs: ysProbs,
        ...(endpoint && { endpoint: segments[i + 1].startTime }),
      }))
      .filter(({ tokens }) => tokens.length > 0),
  );
}

const WRITERS = [
  { name: 'LSTM transducer', write: writeLstmTransducer },
  { name: 'Zipformer2 transducer', write: writeZipformer2Transducer },
  { name: 'Zipformer2 CTC', write: writeZipformer2Ctc },
];

/** Between grid points of 40 ms, and short enough to end many segments in a few seconds of speech. */
const EAGER_RULES: EndpointRules = {
  rule1MinTrailingSilence: 0.9,
  rule2MinTrailingSilence: 0.3,
  rule3MinUtteranceLength: 3,
};

/** Both are float32 arithmetic of the same graphs, by different versions of ONNX Runtime. */
const LOG_PROB_TOLERANCE = 2e-4;
/** sherpa-onnx gives times as float32 seconds. */
const TIME_TOLERANCE = 1e-4;

/** All of a recording's segments as one list a kind of number. */
function flat(heard: readonly (readonly HeardSegment[])[], key: 'times' | 'logProbs'): number[] {
  return heard.flatMap((segments) => segments.flatMap((segment) => segment[key]));
}

/** When rules ended segments; −1 where the audio did. */
function endpointsOf(heard: readonly (readonly HeardSegment[])[]): number[] {
  return heard.flatMap((segments) => segments.map(({ endpoint = -1 }) => endpoint));
}

function furthest(a: readonly number[], b: readonly number[]): number {
  return Math.max(0, ...a.map((value, i) => Math.abs(value - b[i])));
}

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
    const tokensOf = (heard: HeardSegment[][]) => heard.map((segments) => segments.map(({ tokens }) => tokens));
    expect(tokensOf(ours)).toEqual(tokensOf(theirs));
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
