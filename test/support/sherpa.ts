/** sherpa-onnx-node, an independent implementation that loads the same model files: what kioku is compared with. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import type { RecogniserModel } from '../../src/core/recogniser.js';

const CHILD = fileURLToPath(new URL('sherpa-child.mjs', import.meta.url));
const PLATFORM_PACKAGE = `sherpa-onnx-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const SAMPLE_RATE_HZ = 16_000;

/** Seconds; sherpa-onnx's own names and defaults. */
export interface EndpointRules {
  readonly rule1MinTrailingSilence: number;
  readonly rule2MinTrailingSilence: number;
  readonly rule3MinUtteranceLength: number;
}

export const DEFAULT_ENDPOINT_RULES: EndpointRules = {
  rule1MinTrailingSilence: 2.4,
  rule2MinTrailingSilence: 1.2,
  rule3MinUtteranceLength: 20,
};

export interface RecogniseOptions {
  /** Samples handed over at a time. */
  readonly feedSamples: number;
  /** Silence after the last sample. */
  readonly tailPaddingSamples?: number;
  /** Absent: an utterance is one segment. */
  readonly endpoint?: EndpointRules;
  /** Absent: greedy. */
  readonly beam?: PeerBeam;
}

export interface PeerBeam {
  readonly paths: number;
  readonly hotwords?: PeerHotwords;
}

export interface PeerHotwords {
  /** A phrase a line, ` :BOOST` behind it. */
  readonly file: string;
  /** Pieces and their scores, for words to be cut into. */
  readonly bpeVocab: string;
}

export interface PeerSegment {
  readonly text: string;
  /** `▁` is a space here. */
  readonly tokens: readonly string[];
  /** Seconds since `startTime`. */
  readonly timestamps: readonly number[];
  /** Log-probabilities; empty where sherpa-onnx has none. */
  readonly ysProbs: readonly number[];
  /** What each token earned by hotwords; empty without any. */
  readonly contextScores: readonly number[];
  readonly segment: number;
  /** Seconds. */
  readonly startTime: number;
  /** An endpoint rule ended it; false for what is open when the utterance is over. */
  readonly endpoint: boolean;
}

export interface PeerTranscript {
  readonly segments: readonly PeerSegment[];
  readonly milliseconds: number;
}

/** Segments of `sherpa-onnx`'s voice activity detector. */
export interface PeerVoice {
  /** In samples. */
  readonly segments: readonly { readonly start: number; readonly length: number }[];
  readonly milliseconds: number;
}

/** Names as in sherpa-onnx; durations in seconds. */
export interface SileroConfig {
  readonly model: string;
  readonly threshold: number;
  readonly minSpeechDuration: number;
  readonly minSilenceDuration: number;
  readonly maxSpeechDuration: number;
  readonly windowSize: number;
}

function platformFolder(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${PLATFORM_PACKAGE}/package.json`));
  } catch {
    return undefined;
  }
}

/** Skips the running test where sherpa-onnx-node has no binaries. */
export function needsSherpa(ctx: TestContext): void {
  if (platformFolder() === undefined) ctx.skip(`needs ${PLATFORM_PACKAGE}: npm ci without --omit=optional`);
}

/** @param utterances each float32, 16 kHz mono, within [-1, 1] */
export async function sherpaRecognise(
  model: RecogniserModel,
  utterances: readonly Float32Array[],
  options: RecogniseOptions,
): Promise<readonly PeerTranscript[]> {
  const { features, encoder } = model;
  const nets =
    model.kind === 'ctc'
      ? { zipformer2Ctc: { model: encoder.path } }
      : { transducer: { encoder: encoder.path, decoder: model.decoder.path, joiner: model.joiner.path } };
  const { beam } = options;
  const hotwords = beam?.hotwords;
  const config = {
    featConfig: { sampleRate: features.sampleRateHz, featureDim: features.melBins },
    modelConfig: {
      ...nets,
      tokens: `${model.folder}/tokens.txt`,
      numThreads: 1,
      provider: 'cpu',
      debug: 0,
      ...(hotwords && { modelingUnit: 'bpe', bpeVocab: hotwords.bpeVocab }),
    },
    decodingMethod: beam === undefined ? 'greedy_search' : 'modified_beam_search',
    ...(beam && { maxActivePaths: beam.paths }),
    ...(hotwords && { hotwordsFile: hotwords.file }),
    enableEndpoint: options.endpoint === undefined ? 0 : 1,
    ...options.endpoint,
  };
  const { feedSamples, tailPaddingSamples = 0 } = options;
  const request = { config, utterances: utterances.map(base64), options: { feedSamples, tailPaddingSamples } };
  return (await ask(request)) as readonly PeerTranscript[];
}

/** @param samples float32, 16 kHz mono, within [-1, 1] */
export async function sherpaVoice(silero: SileroConfig, samples: Float32Array): Promise<PeerVoice> {
  const config = { sileroVad: silero, sampleRate: SAMPLE_RATE_HZ, numThreads: 1, provider: 'cpu', debug: 0 };
  const bufferSeconds = Math.ceil(samples.length / SAMPLE_RATE_HZ) + 10;
  return (await ask({ task: 'voice', config, bufferSeconds, samples: base64(samples) })) as PeerVoice;
}

function base64({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

async function ask(request: unknown): Promise<unknown> {
  const child = spawn(process.execPath, [CHILD], {
    env: { ...process.env, LD_LIBRARY_PATH: platformFolder(), ORT_DISABLE_TELEMETRY: '1' },
  });
  let [answer, complaint] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (answer += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  child.stdin.end(JSON.stringify(request));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`sherpa-onnx-node ended with ${String(code)}: ${complaint}`);
  return JSON.parse(answer);
}
