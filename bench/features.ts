/**
 * Features of sound, per second of audio at 16 kHz: 80-bin log-mel as the recognisers get it (Kaldi's recipe, the extractor
 * of one stream fed with pieces of 100 ms), against the MFCC of meyda over windows of 512 samples. Both give a vector every
 * 10 ms; meyda is handed each window as a view, so that framing costs it nothing.
 */
import Meyda from 'meyda';
import type { RecogniserFeatures } from '../src/core/recogniser.js';
import { uniform } from '../src/core/random.js';
import { recogniserFrames } from '../src/feature/log-mel.js';
import { type BenchOptions, type BenchResult, machine, medianRow, ratioRow } from './report.js';

const RATE_HZ = 16_000;
const HOP_SAMPLES = 160;
const PIECE_SAMPLES = 1600;
const MEYDA_SAMPLES = 512;
/** Of log-mel a round takes as much audio more as it is faster, so that both are measured for about as long. */
const SECONDS = { kioku: 200, meyda: 10 };
const REPEATS = 15;

const FEATURES: RecogniserFeatures = {
  sampleRateHz: RATE_HZ,
  melBins: 80,
  lowFrequencyHz: 20,
  highFrequencyHz: -400,
  sampleScale: 1,
};

/** The types of meyda describe a module's default export; at run time the module is that export. */
const meyda = Meyda as unknown as {
  sampleRate: number;
  bufferSize: number;
  extract(feature: 'mfcc', signal: Float32Array): number[];
};

export function run({ smoke }: BenchOptions): Promise<BenchResult> {
  const rounds = smoke ? 2 : REPEATS;
  const share = smoke ? 0.1 : 1;
  const kioku = logMel(SECONDS.kioku * share);
  const mfcc = meydaMfcc(SECONDS.meyda * share);
  const kiokuUs: number[] = [];
  const meydaUs: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const ours = cpuUs(kioku) / (SECONDS.kioku * share);
    const theirs = cpuUs(mfcc) / (SECONDS.meyda * share);
    // The first round is for the compiler.
    if (round < 0) continue;
    kiokuUs.push(ours);
    meydaUs.push(theirs);
  }
  const rows = [
    medianRow('features.log-mel-us', 'µs', kiokuUs),
    medianRow('features.meyda-us', 'µs', meydaUs),
    ratioRow('features.vs-meyda', kiokuUs, meydaUs),
  ];
  const notes = [
    `features: CPU time per second of audio; log-mel of 80 bands from 25 ms, MFCC of 13 from ${MEYDA_SAMPLES} samples, both every 10 ms`,
  ];
  return Promise.resolve({ bench: 'features', machine: machine(), rows, notes });
}

/** @returns extracts the log-mel spectra of that much audio */
function logMel(seconds: number): () => void {
  const audio = Float64Array.from(sound());
  const extractor = recogniserFrames(FEATURES)();
  const vector = new Float32Array(FEATURES.melBins);
  return () => {
    for (let second = 0; second < seconds; second++) {
      for (let from = 0; from < RATE_HZ; from += PIECE_SAMPLES) {
        extractor.push(audio, from, PIECE_SAMPLES);
        while (extractor.ready > 0) extractor.take(vector, 0);
      }
    }
    extractor.reset();
  };
}

/** @returns extracts the MFCC of that much audio */
function meydaMfcc(seconds: number): () => void {
  const audio = sound();
  const windows: Float32Array[] = [];
  for (let from = 0; from + MEYDA_SAMPLES <= audio.length; from += HOP_SAMPLES) {
    windows.push(audio.subarray(from, from + MEYDA_SAMPLES));
  }
  meyda.sampleRate = RATE_HZ;
  meyda.bufferSize = MEYDA_SAMPLES;
  const perSecond = RATE_HZ / HOP_SAMPLES;
  return () => {
    for (let i = 0; i < seconds * perSecond; i++) meyda.extract('mfcc', windows[i % windows.length]);
  };
}

/** A second of a tone that wanders, and noise. */
function sound(): Float32Array {
  let phase = 0;
  return Float32Array.from({ length: RATE_HZ }, (_, i) => {
    phase += (2 * Math.PI * (400 + 200 * Math.sin((2 * Math.PI * 3 * i) / RATE_HZ))) / RATE_HZ;
    return 0.3 * Math.sin(phase) + 0.02 * (uniform(1, 0, i) - 0.5);
  });
}

/** Of the whole process, so that collecting what was allocated counts. */
function cpuUs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
