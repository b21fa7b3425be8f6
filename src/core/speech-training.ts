/** Options of training a recogniser (section `speech`): what it learns from and what it is to hear. */
import { z } from 'zod';
import { MOST_PHRASES, phraseSchema } from './hotwords.js';

/** From … to, both included. */
function range(least: number, most: number, whole = false) {
  const bound = (whole ? z.int() : z.number()).min(least).max(most);
  return z.tuple([bound, bound]).refine(([from, to]) => from <= to, 'must be [from, to] with from ≤ to');
}

export const speechSchema = z
  .strictObject({
    manifest: z.string().min(1).meta({
      title: 'Manifest',
      description:
        'Recordings to learn from: a text file, a line for each: file, a tab, what is said, and if known a tab and who says it.',
    }),
    heldOut: z
      .string()
      .min(1)
      .optional()
      .meta({
        title: 'Held-out manifest',
        description:
          'Recordings that are not learnt from: they choose the best weights. Best of speakers that are not in the other. ' +
          'Absent: the last weights are kept.',
      }),
    keywords: z.array(phraseSchema).min(1).max(MOST_PHRASES).optional().meta({
      title: 'Keywords',
      description:
        'Only the words of these phrases become tokens, every other word of the manifests becomes one more (`<unk>`), which is never written: what a small net needs to spot keywords. Absent: every word becomes a token.',
    }),
    licence: z.string().min(1).meta({
      title: 'Licence',
      description:
        'Under what terms the model may be used: that of the recordings, as an SPDX identifier or a sentence.',
    }),
    sampleRateHz: z.int().min(8000).max(48_000).default(16_000).meta({
      title: 'Sample rate',
      description: 'What the recogniser listens to; everything else is resampled to it.',
      unit: 'Hz',
    }),
    melBins: z.int().min(8).max(128).default(40).meta({
      title: 'Mel bands',
      description: 'Bands of the log-mel features, from 20 Hz to 400 Hz below half the sample rate.',
      unit: 'bands',
    }),
    recordings: range(1, 20, true).default([1, 3]).meta({
      title: 'Recordings a string',
      description: '[from, to]: so many recordings of one speaker are joined to a string while learning.',
    }),
    gapMs: range(0, 5000)
      .default([0, 500])
      .meta({ title: 'Pauses', description: '[from, to]: between two recordings of a string.', unit: 'ms' }),
    frameEpochs: z.int().min(0).max(100_000).default(12).meta({
      title: 'Epochs with known places',
      description:
        'At first the net learns where in a string each word is, which joining has made known: CTC alone learns to say nothing for long.',
      unit: 'epochs',
    }),
  })
  .meta({ title: 'Speech', description: 'What a recogniser learns from; the net itself is described in `train`.' });

export type SpeechOptions = z.output<typeof speechSchema>;
