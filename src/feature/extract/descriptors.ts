/** Sound or vibration → single numbers: how loud, how high, how noisy, how sudden. */
import { z } from 'zod';
import type { ExtractKind } from '../../core/kind.js';
import { DESCRIPTORS, Descriptors } from '../descriptors.js';
import { frameShape } from '../mel-options.js';
import { extractRecipe, extractShape } from './recipe.js';
import { StreamExtractor } from './stream-extractor.js';

const schema = z.strictObject({
  kind: z.literal('descriptors').meta({
    title: 'Kind',
    description: 'Spectral and temporal descriptors, a channel each; 0 while it is silent.',
  }),
  ...extractShape,
  ...frameShape,
  descriptors: z
    .array(z.enum(DESCRIPTORS))
    .min(1)
    .refine((names) => new Set(names).size === names.length, 'must name each descriptor once')
    .default(['rms', 'crestFactor', 'kurtosis', 'spectralCentroidHz', 'spectralSpreadHz', 'spectralFlatness'])
    .meta({
      title: 'Descriptors',
      description:
        'What is measured of each frame. rms, energy, crestFactor (1.4 of a sine) and kurtosis (1.5 of a sine, 3 of noise) of the signal itself; zeroCrossingRateHz; of the amplitude spectrum its centroid, spread, rolloff (99 %) in Hz, slope per Hz, skewness, kurtosis, flatness (0 … 1), crest and flux (the sum of all rises since the frame before); loudness and perceptualSpread over Bark bands.',
    }),
  removeDc: z.boolean().default(true).meta({
    title: 'Remove the mean',
    description: 'Whether the mean of each frame is subtracted, such as gravity in the signal of an accelerometer.',
  }),
});

export const descriptorsKind: ExtractKind<typeof schema> = {
  schema,
  create: (options, context) =>
    new StreamExtractor(
      extractRecipe(options, options.descriptors, (sampleRateHz) => new Descriptors(options, sampleRateHz)),
      context,
    ),
};
