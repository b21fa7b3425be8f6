/** Sound or vibration → how loud each band of frequencies is. */
import { z } from 'zod';
import type { ExtractKind } from '../../core/kind.js';
import { LogMel, logMelNames } from '../log-mel.js';
import { logMelShape } from '../mel-options.js';
import { checkBands, extractRecipe, extractShape, warnOfEmptyBands } from './recipe.js';
import { StreamExtractor } from './stream-extractor.js';

const schema = z
  .strictObject({
    kind: z.literal('log-mel').meta({
      title: 'Kind',
      description:
        "Log-mel spectrum, a channel per band (Kaldi's fbank; torchaudio's with edges: centre, removeDc: false, preEmphasis: 0, window: hann, windowPeriodic: true, roundToPowerOfTwo: false, lowFrequencyHz: 0, melTriangles: hz, logOffset: 1e-6).",
    }),
    ...extractShape,
    ...logMelShape,
  })
  .superRefine(checkBands);

export const logMelKind: ExtractKind<typeof schema> = {
  schema,
  create: (options, context) => {
    const transformFor = (sampleRateHz: number): LogMel => {
      const transform = new LogMel(options, sampleRateHz);
      warnOfEmptyBands(context.log, transform.emptyBands, options.melBins, sampleRateHz);
      return transform;
    };
    const names = logMelNames(options, options.sampleRateHz);
    return new StreamExtractor(extractRecipe(options, names, transformFor), context);
  },
};
