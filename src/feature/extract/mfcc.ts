/** Sound or vibration → the shape of its spectrum in a few numbers that hardly depend on each other. */
import { z } from 'zod';
import type { ExtractKind } from '../../core/kind.js';
import { mfccShape } from '../mel-options.js';
import { Mfcc, mfccNames } from '../mfcc.js';
import { checkBands, extractRecipe, extractShape, warnOfEmptyBands } from './recipe.js';
import { StreamExtractor } from './stream-extractor.js';

const schema = z
  .strictObject({
    kind: z.literal('mfcc').meta({
      title: 'Kind',
      description:
        "Mel-frequency cepstral coefficients, a channel each (Kaldi's; torchaudio's with edges: centre, removeDc: false, preEmphasis: 0, window: hann, windowPeriodic: true, roundToPowerOfTwo: false, lowFrequencyHz: 0, melTriangles: hz, logOffset: 1e-6, cepstralLifter: 0, useEnergy: false).",
    }),
    ...extractShape,
    ...mfccShape,
  })
  .superRefine((options, context) => {
    checkBands(options, context);
    if (options.numCeps <= options.melBins) return;
    context.addIssue({
      code: 'custom',
      input: options.numCeps,
      path: ['numCeps'],
      message: `must be at most melBins (${options.melBins})`,
    });
  });

export const mfccKind: ExtractKind<typeof schema> = {
  schema,
  create: (options, context) => {
    const transformFor = (sampleRateHz: number): Mfcc => {
      const transform = new Mfcc(options, sampleRateHz);
      warnOfEmptyBands(context.log, transform.emptyBands, options.melBins, sampleRateHz);
      return transform;
    };
    return new StreamExtractor(extractRecipe(options, mfccNames(options), transformFor), context);
  },
};
