/**
 * A recogniser of real size (LSTM transducer, 12 layers of 512/1024, 84 million weights, random) and Silero VAD over the
 * same audio: kioku and sherpa-onnx-node, one thread each, taking turns in one run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from '../src/config/load.js';
import type { Frame, Lane } from '../src/core/contracts.js';
import { uniform } from '../src/core/random.js';
import { openLane } from '../src/open-lane.js';
import { contextOf } from '../src/stage-context.js';
import { nodeEngine } from '../src/step/node-engine.js';
import { openRecogniserFiles } from '../src/step/recogniser/open.js';
import { sileroModel } from '../src/step/silero.js';
import { sherpaRecognise, sherpaVoice } from '../test/support/sherpa.js';
import { REAL_LSTM, writeLstmTransducer } from '../test/support/speech-models/models.js';
import { type BenchOptions, type BenchResult, type BenchRow, machine, medianRow, ratioRow } from './report.js';

const RATE_HZ = 16_000;
const REPEATS = 5;
const WARM_UP_SECONDS = 2;
const RECOGNISED_SECONDS = 8;
/** A window costs a tenth of a millisecond: long enough to be measured. */
const VOICE_SECONDS = 120;
/** As a microphone delivers it. */
const FEED_SAMPLES = 1600;

export async function run(options: BenchOptions): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-bench-'));
  try {
    const rows = [...(await recogniser(folder, options)), ...(await voice(options))];
    const notes = ['real-time factor: seconds of computing for a second of audio, of what each says itself'];
    return { bench: 'speech', machine: machine(), rows, notes };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function recogniser(folder: string, { smoke }: BenchOptions): Promise<BenchRow[]> {
  const model = await openRecogniserFiles(await writeLstmTransducer(folder, smoke ? undefined : REAL_LSTM));
  const lane = await laneOf({ model: folder, decide: { kind: 'transcribe', partials: false } });
  const utterances = [sound(WARM_UP_SECONDS), sound(RECOGNISED_SECONDS)];
  const factors = await alternate({
    kioku: () => hear(lane, utterances),
    sherpa: async () => {
      const transcripts = await sherpaRecognise(model, utterances, { feedSamples: FEED_SAMPLES });
      return transcripts[1].milliseconds;
    },
    seconds: RECOGNISED_SECONDS,
    repeats: smoke ? 1 : REPEATS,
  });
  lane.close();
  return rowsOf('speech.rtf', factors);
}

async function voice({ smoke }: BenchOptions): Promise<BenchRow[]> {
  const { model, windowSamples } = await sileroModel();
  const lane = await laneOf({ decide: { kind: 'voice' } });
  const seconds = smoke ? 2 : VOICE_SECONDS;
  const audio = sound(seconds);
  const config = {
    model: model.path,
    threshold: 0.5,
    minSpeechDuration: 0.25,
    minSilenceDuration: 0.1,
    maxSpeechDuration: 20,
    windowSize: windowSamples,
  };
  const factors = await alternate({
    kioku: () => hear(lane, [audio]),
    sherpa: async () => (await sherpaVoice(config, audio)).milliseconds,
    seconds,
    repeats: smoke ? 1 : REPEATS,
  });
  lane.close();
  return rowsOf('vad', factors);
}

async function laneOf(sections: object): Promise<Lane> {
  const config = await defineConfig({
    source: { kind: 'microphone' },
    sinks: [],
    limits: { maxStreams: 1 },
    ...sections,
  });
  return openLane(config, nodeEngine, contextOf(config));
}

interface Factors {
  readonly kioku: readonly number[];
  readonly sherpa: readonly number[];
}

/** Real-time factors of both sides; their first round is not counted. */
async function alternate(sides: {
  readonly kioku: () => number;
  readonly sherpa: () => Promise<number>;
  readonly seconds: number;
  readonly repeats: number;
}): Promise<Factors> {
  const factors: Record<keyof Factors, number[]> = { kioku: [], sherpa: [] };
  for (let repeat = -1; repeat < sides.repeats; repeat++) {
    const kioku = sides.kioku() / 1000 / sides.seconds;
    const sherpa = (await sides.sherpa()) / 1000 / sides.seconds;
    if (repeat < 0) continue;
    factors.kioku.push(kioku);
    factors.sherpa.push(sherpa);
  }
  return factors;
}

function rowsOf(id: string, { kioku, sherpa }: Factors): BenchRow[] {
  return [
    medianRow(`${id}.kioku`, '1', kioku),
    medianRow(`${id}.sherpa`, '1', sherpa),
    ratioRow(id === 'vad' ? 'vad.vs-sherpa' : `${id}-vs-sherpa`, kioku, sherpa),
  ];
}

/** @returns milliseconds for the last utterance */
function hear(lane: Lane, utterances: readonly Float32Array[]): number {
  let ms = 0;
  for (const samples of utterances) {
    const frames = framesOf(samples);
    const start = performance.now();
    for (const frame of frames) {
      lane.push([frame]);
      lane.turn();
    }
    ms = performance.now() - start;
    // Outside of what is measured: silence that only kioku puts behind the audio by itself.
    lane.end();
  }
  return ms;
}

function framesOf(samples: Float32Array): Frame[] {
  const frames: Frame[] = [];
  for (let from = 0; from < samples.length; from += FEED_SAMPLES) {
    const us = Math.round((from * 1e6) / RATE_HZ);
    const data = Float64Array.from(samples.subarray(from, from + FEED_SAMPLES));
    const signal = { kind: 'audio', rateHz: RATE_HZ, channels: 1 } as const;
    frames.push({ stream: 'bench', source: 0, seq: from + 1, us, arrivedUs: us, signal, data });
  }
  return frames;
}

/** A wandering tone in bursts over a little noise: something to say in most frames. */
function sound(seconds: number): Float32Array {
  let phase = 0;
  return Float32Array.from({ length: seconds * RATE_HZ }, (_, i) => {
    const t = i / RATE_HZ;
    phase += (2 * Math.PI * (400 + 200 * Math.sin(2 * Math.PI * 1.3 * t))) / RATE_HZ;
    const loud = Math.sin(2 * Math.PI * 0.7 * t) > -0.3 ? 0.3 : 0;
    return loud * Math.sin(phase) + 0.002 * (uniform(1, 0, i) - 0.5);
  });
}
