/** When a pause, or mere length, ends a segment of a transcript: Kaldi's rules on trailing blanks. */
import { z } from 'zod';
import { OUTPUT_FRAME_US } from '../core/recogniser.js';

/** No segment is longer, whatever the rules say: what is remembered of a stream has a bound. */
export const LONGEST_SEGMENT_MS = 60_000;

const ms = { unit: 'ms' } as const;

const ruleSchema = z.strictObject({
  afterSpeech: z.boolean().default(true).meta({
    title: 'After speech only',
    description: 'Whether at least one token must have been recognised in the segment.',
  }),
  silenceMs: z
    .number()
    .min(0)
    .max(LONGEST_SEGMENT_MS)
    .default(0)
    .meta({
      title: 'Trailing silence',
      description: 'Nothing may have been recognised for this long.',
      ...ms,
    }),
  lengthMs: z
    .number()
    .min(0)
    .max(LONGEST_SEGMENT_MS)
    .default(0)
    .meta({
      title: 'Least length',
      description: 'The segment must be at least this long, silence included.',
      ...ms,
    }),
});

export const endpointSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .meta({
      title: 'Enabled',
      description: `End segments at pauses; false: only at the end of the audio, and every ${LONGEST_SEGMENT_MS / 1000} s.`,
    }),
  rules: z
    .array(ruleSchema)
    .min(1)
    .max(10)
    .default([
      { afterSpeech: false, silenceMs: 2400, lengthMs: 0 },
      { afterSpeech: true, silenceMs: 1200, lengthMs: 0 },
      { afterSpeech: false, silenceMs: 0, lengthMs: 20_000 },
    ])
    .meta({
      title: 'Rules',
      description: 'A segment ends as soon as one of them is met: by silence, by silence after speech, by length.',
    }),
});

export type EndpointOptions = z.output<typeof endpointSchema>;

/** float32, as sherpa-onnx computes it: 30 blank frames are then a little less than 1.2 s, and both end segments alike. */
const SECONDS_PER_FEATURE_FRAME = Math.fround(0.01);
const FEATURE_FRAMES = OUTPUT_FRAME_US / 10_000;

function secondsOf(outputFrames: number): number {
  return Math.fround(outputFrames * FEATURE_FRAMES * SECONDS_PER_FEATURE_FRAME);
}

/**
 * @param frames output frames of the segment so far
 * @param blanks output frames since the last one that was not blank; `frames` when there was none
 * @returns the 1-based number of the first rule that is met; 0: none
 */
export function metRule({ enabled, rules }: EndpointOptions, frames: number, blanks: number): number {
  if (!enabled) return 0;
  const length = secondsOf(frames);
  const silence = secondsOf(blanks);
  for (let i = 0; i < rules.length; i++) {
    const { afterSpeech, silenceMs, lengthMs } = rules[i];
    if (afterSpeech && blanks >= frames) continue;
    if (silence >= Math.fround(silenceMs / 1000) && length >= Math.fround(lengthMs / 1000)) return i + 1;
  }
  return 0;
}
