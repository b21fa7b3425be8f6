/** When a net's probability of speech counts as somebody speaking; shared by `decide: voice` and a recogniser's gate. */
import { z } from 'zod';

/** How far the off threshold lies below the on threshold unless it is given, as in Silero's own tools. */
const HYSTERESIS = 0.15;
const LEAST_THRESHOLD = 0.01;

export const voiceSchema = z
  .strictObject({
    threshold: z.number().min(LEAST_THRESHOLD).max(0.99).default(0.5).meta({
      title: 'On threshold',
      description: 'Speech begins at windows of at least this probability.',
    }),
    offThreshold: z.number().min(LEAST_THRESHOLD).max(0.99).optional().meta({
      title: 'Off threshold',
      description: 'Speech is over at windows below this probability. Absent: 0.15 below the on threshold.',
    }),
    minSpeechMs: z.number().min(0).max(10_000).default(100).meta({
      title: 'Shortest speech',
      description: 'Anything that is not longer is a noise and raises nothing.',
      unit: 'ms',
    }),
    minSilenceMs: z.number().min(0).max(60_000).default(100).meta({
      title: 'Shortest silence',
      description: 'Shorter pauses do not end a span of speech; nor do pauses shorter than the padding.',
      unit: 'ms',
    }),
    padMs: z.number().min(0).max(5000).default(30).meta({
      title: 'Padding',
      description: 'Added before and after each span of speech; spans never overlap.',
      unit: 'ms',
    }),
  })
  .superRefine(({ threshold, offThreshold }, ctx) => {
    if (offThreshold === undefined || offThreshold <= threshold) return;
    ctx.addIssue({ code: 'custom', path: ['offThreshold'], message: `must not be above threshold (${threshold})` });
  });

export type VoiceOptions = z.output<typeof voiceSchema>;

export function offThresholdOf({ threshold, offThreshold }: VoiceOptions): number {
  return offThreshold ?? Math.max(LEAST_THRESHOLD, threshold - HYSTERESIS);
}

/** A gate in front of a recogniser: only speech passes, and a little before it. */
export const gateSchema = voiceSchema.safeExtend({
  minSilenceMs: z.number().min(0).max(60_000).default(500).meta({
    title: 'Shortest silence',
    description:
      'Shorter pauses do not end an utterance. Half of it is heard after one, the rest is kept for the next.',
    unit: 'ms',
  }),
  preRollMs: z.number().min(0).max(5000).default(300).meta({
    title: 'Pre-roll',
    description: 'Audio from before the span of speech that the recogniser hears too, so that no first word is lost.',
    unit: 'ms',
  }),
});

export type GateOptions = z.output<typeof gateSchema>;
