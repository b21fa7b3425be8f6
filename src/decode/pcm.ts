/** Raw audio, as a microphone, a pipe or a device over MQTT sends it. */
import { z } from 'zod';
import type { DecoderKind } from '../core/kind.js';
import { pcmShape } from '../core/pcm-format.js';
import { PcmDecoder } from './pcm-decoder.js';

const schema = z.strictObject({
  kind: z.literal('pcm').meta({
    title: 'Kind',
    description:
      'Raw audio. What the source, an MQTT 5 user property or a start message says about its format comes before what is written here.',
  }),
  ...pcmShape,
});

export const pcmKind: DecoderKind<typeof schema> = {
  schema,
  audio: true,
  create: ({ sampleRateHz, channels, format }, context) => new PcmDecoder({ sampleRateHz, channels, format }, context),
};
