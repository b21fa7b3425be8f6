/** Recordings heard by kioku and by sherpa-onnx, side by side. */
import type { RecogniserModel } from '../../src/core/recogniser.js';
import { type EndpointRules, type PeerBeam, sherpaRecognise } from './sherpa.js';
import type { Recording } from './speech.js';
import { Recogniser } from './transcribe.js';

export interface HeardSegment {
  readonly tokens: readonly string[];
  /** Seconds of audio. */
  readonly times: readonly number[];
  readonly logProbs: readonly number[];
  /** What each token earned by hotwords, where sherpa-onnx says it. */
  readonly earned?: readonly number[];
  /** Seconds of audio at which a rule ended it; absent: the audio did. */
  readonly endpoint?: number;
}

/** How the recordings are handed over. */
export interface Feed {
  readonly samples: number;
  readonly endpoint?: EndpointRules;
  /** Absent: greedy. */
  readonly beam?: FeedBeam;
  /** The memory of every stream moves to another recogniser after so many pieces. */
  readonly moveEvery?: number;
}

/** How both search with a beam. */
export interface FeedBeam extends PeerBeam {
  /** Of the hotwords' file. */
  readonly words?: readonly { readonly phrase: string; readonly boost: number }[];
}

export async function hearWithKioku(
  model: RecogniserModel,
  recordings: readonly Recording[],
  { samples: feed, endpoint, beam, moveEvery = Infinity }: Feed,
): Promise<HeardSegment[][]> {
  const rules = endpoint && [
    { afterSpeech: false, silenceMs: 1000 * endpoint.rule1MinTrailingSilence },
    { afterSpeech: true, silenceMs: 1000 * endpoint.rule2MinTrailingSilence },
    { afterSpeech: false, lengthMs: 1000 * endpoint.rule3MinUtteranceLength },
  ];
  const search = beam && { search: 'beam', paths: beam.paths, hotwords: beam.words ?? [] };
  const options = { partials: false, endpoint: rules ? { rules } : { enabled: false }, ...search };
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

export async function hearWithSherpa(
  model: RecogniserModel,
  recordings: readonly Recording[],
  { samples: feedSamples, endpoint, beam }: Feed,
  tailPaddingSamples: number,
): Promise<HeardSegment[][]> {
  const utterances = recordings.map(({ samples }) => samples);
  const options = { feedSamples, tailPaddingSamples, ...(endpoint && { endpoint }), ...(beam && { beam }) };
  const transcripts = await sherpaRecognise(model, utterances, options);
  return transcripts.map(({ segments }) =>
    segments
      .map(({ endpoint, tokens, timestamps, startTime, ysProbs, contextScores }, i) => ({
        tokens,
        times: timestamps.map((time) => startTime + time),
        logProbs: ysProbs,
        earned: contextScores,
        ...(endpoint && { endpoint: segments[i + 1].startTime }),
      }))
      .filter(({ tokens }) => tokens.length > 0),
  );
}

/** Between grid points of 40 ms, and short enough to end many segments in a few seconds of speech. */
export const EAGER_RULES: EndpointRules = {
  rule1MinTrailingSilence: 0.9,
  rule2MinTrailingSilence: 0.3,
  rule3MinUtteranceLength: 3,
};

/** Both are float32 arithmetic of the same graphs, by different versions of ONNX Runtime. */
export const LOG_PROB_TOLERANCE = 2e-4;
/** sherpa-onnx gives times as float32 seconds. */
export const TIME_TOLERANCE = 1e-4;

/** Of each segment. */
export function tokensOf(segments: readonly HeardSegment[]): (readonly string[])[] {
  return segments.map(({ tokens }) => tokens);
}

/** All of a recording's segments as one list a kind of number. */
export function flat(heard: readonly (readonly HeardSegment[])[], key: 'times' | 'logProbs'): number[] {
  return heard.flatMap((segments) => segments.flatMap((segment) => segment[key]));
}

/** When rules ended segments; −1 where the audio did. */
export function endpointsOf(heard: readonly (readonly HeardSegment[])[]): number[] {
  return heard.flatMap((segments) => segments.map(({ endpoint = -1 }) => endpoint));
}

export function furthest(a: readonly number[], b: readonly number[]): number {
  return Math.max(0, ...a.map((value, i) => Math.abs(value - b[i])));
}
