/** What a kind of `extract` needs to know of its options: names, rate, and how frames become vectors at any rate. */
import { z } from 'zod';
import type { Log } from '../../core/log.js';
import { MAX_SAMPLE_RATE_HZ } from '../../core/pcm-format.js';
import { deltaNames, Deltas } from '../deltas.js';
import { FramedExtractor, type FrameTransform } from '../framed.js';
import type { ExtractRecipe } from './stream-extractor.js';

/** Options that every kind of `extract` has beside its own. */
export const extractShape = {
  sampleRateHz: z.int().min(100).max(MAX_SAMPLE_RATE_HZ).optional().meta({
    title: 'Sample rate',
    description: 'Sound is resampled to this rate first; absent: features are taken at the rate at which it comes.',
    unit: 'Hz',
  }),
  deltas: z
    .union([z.literal(0), z.literal(1), z.literal(2)])
    .default(0)
    .meta({
      title: 'Deltas',
      description:
        'How values change: 1 adds the slope of each value over the frames around, 2 the slope of that as well.',
    }),
  deltaReach: z.int().min(1).max(20).default(2).meta({
    title: 'Reach of deltas',
    description: 'Frames on either side over which the slope is taken.',
    unit: 'frames',
  }),
};

const extractSchema = z.object(extractShape);
type ExtractOptions = z.output<typeof extractSchema>;

/**
 * @param names of the values of a frame, without deltas
 * @param transformFor what is computed of a frame, at one rate
 */
export function extractRecipe(
  { sampleRateHz, deltas, deltaReach }: ExtractOptions,
  names: readonly string[],
  transformFor: (sampleRateHz: number) => FrameTransform,
): ExtractRecipe {
  return {
    names: deltas === 0 ? names : deltaNames(names, deltas),
    ...(sampleRateHz === undefined ? {} : { sampleRateHz }),
    forRate: (rateHz) => {
      const transform = transformFor(rateHz);
      if (deltas === 0) return () => new FramedExtractor(transform);
      return () => new Deltas(new FramedExtractor(transform), deltas, deltaReach);
    },
  };
}

/** A band without a single frequency of the spectrum says nothing, for ever: a mistake that is not seen in the results. */
export function warnOfEmptyBands(log: Log, emptyBands: number, melBins: number, sampleRateHz: number): void {
  if (emptyBands === 0) return;
  log.warn(
    { sampleRateHz, emptyBands },
    `${emptyBands} of ${melBins} mel bands are narrower than the spectrum resolves and always silent: lengthen frameLengthMs, raise lowFrequencyHz or lower melBins`,
  );
}

/** The range of the bands, as far as it does not depend on the rate. */
export function checkBands(
  options: { readonly lowFrequencyHz: number; readonly highFrequencyHz: number },
  context: z.RefinementCtx,
): void {
  const { lowFrequencyHz, highFrequencyHz } = options;
  if (highFrequencyHz <= 0 || lowFrequencyHz < highFrequencyHz) return;
  context.addIssue({
    code: 'custom',
    input: highFrequencyHz,
    path: ['highFrequencyHz'],
    message: `must be above lowFrequencyHz (${lowFrequencyHz} Hz)`,
  });
}
