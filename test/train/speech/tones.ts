/** A made-up language of two words, each a chord of two tones, on disk: manifests that a small net learns in seconds. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { speechSchema, type SpeechOptions } from '../../../src/core/speech-training.js';
import { trainSchema, type TrainOptions } from '../../../src/core/training.js';
import type { ManifestJob } from '../../../src/train/speech/manifest-job.js';
import { wavOf } from '../../support/wav.js';
import { RATE_HZ } from './words.js';

const WORDS = { low: [400, 700], high: [1500, 2300] } as const;
type Word = keyof typeof WORDS;

/** @param pitch factor of all frequencies: another speaker */
export function spoken(word: Word, pitch: number, ms: number): Float32Array {
  const [a, b] = WORDS[word].map((hz) => (2 * Math.PI * hz * pitch) / RATE_HZ);
  const length = (ms * RATE_HZ) / 1000;
  return Float32Array.from({ length }, (_, i) => {
    const fade = Math.min(1, i / 80, (length - i) / 80);
    return 0.2 * fade * (Math.sin(a * i) + Math.sin(b * i));
  });
}

/** Writes the recordings of some speakers and their manifest. @returns its path */
export function writeSpeakers(folder: string, name: string, pitches: readonly number[]): string {
  mkdirSync(folder, { recursive: true });
  const lines = pitches.flatMap((pitch, speaker) =>
    (['low', 'high'] as const).flatMap((word) =>
      [200, 260].map((ms) => {
        const file = `${name}-${speaker}-${word}-${ms}.wav`;
        writeFileSync(join(folder, file), wavOf(spoken(word, pitch, ms), { sampleRateHz: RATE_HZ }));
        return `${file}\t${word}\t${name}${speaker}`;
      }),
    ),
  );
  const path = join(folder, `${name}.tsv`);
  writeFileSync(path, lines.join('\n'));
  return path;
}

/** Both manifests, and a net that is small enough for a test. */
export function tonesJob(
  folder: string,
  changes: { readonly speech?: Partial<SpeechOptions>; readonly train?: Partial<TrainOptions> } = {},
): ManifestJob & { readonly heldOut: string } {
  return {
    manifest: writeSpeakers(folder, 'learnt', [0.94, 1, 1.07]),
    heldOut: writeSpeakers(folder, 'tried', [0.97, 1.03]),
    speech: {
      ...speechSchema.parse({ manifest: '-', heldOut: '-', licence: 'CC0-1.0', sampleRateHz: RATE_HZ, frameEpochs: 3 }),
      melBins: 24,
      ...changes.speech,
    },
    train: {
      ...trainSchema.parse({ cell: 'lstm', hidden: 32, lanes: 8, learningRate: 0.005, maxEpochs: 7, clipNorm: 2 }),
      ...changes.train,
    },
  };
}
