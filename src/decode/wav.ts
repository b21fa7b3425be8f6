/** WAV files, in pieces as they come: from a file, a pipe, or a message each. */
import { z } from 'zod';
import type { DecoderKind } from '../core/kind.js';
import { WavDecoder } from './wav-decoder.js';

const schema = z.strictObject({
  kind: z.literal('wav').meta({
    title: 'Kind',
    description:
      'WAV (RIFF, RF64) with integers of 8, 16, 24 or 32 bits or floats of 32 or 64; a source that says so may send raw audio.',
  }),
});

export const wavKind: DecoderKind<typeof schema> = {
  schema,
  audio: true,
  create: (_options, context) => new WavDecoder(context),
};
