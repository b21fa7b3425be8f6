/** Time steps → the net's inputs: every channel on its own robust scale, then the calendar. */
import { z } from 'zod';
import type { FeatureKind } from '../core/kind.js';
import { Normaliser } from './normaliser.js';

const schema = z.strictObject({
  kind: z.literal('normalise').meta({ title: 'Kind', description: 'Channels on robust scales, and the calendar.' }),
  warmupSteps: z.int().min(0).max(1_000_000).default(600).meta({
    title: 'Warm-up',
    description:
      'Time steps over which a stream that training never saw finds what is normal for it. Its scale comes from the first half; nothing is raised before. 0 takes the scale of the other streams at once.',
    unit: 'steps',
  }),
});

export type NormaliseOptions = z.output<typeof schema>;

export const normaliseKind: FeatureKind<typeof schema> = {
  schema,
  create: (options, { card, capacity }) => new Normaliser(options, card, capacity),
};
