/** How readings of one stream become time steps: the `align` section of a configuration. */
import { z } from 'zod';
import { AGGREGATES } from './card.js';

/** Open steps cost memory in every stream; more than this is a mistake in the unit. */
const MAX_LATE_STEPS = 1000;

const channel = z.strictObject({
  name: z
    .string()
    .min(1)
    .meta({ title: 'Channel', description: 'Name of the channel, as the decoder or the topic gives it.' }),
  aggregate: z.enum(AGGREGATES).default('mean').meta({
    title: 'Aggregate',
    description:
      'What one time step says about its readings. `sum` and `count` are 0 in a step without readings of the channel; `mean` and `last` are missing there.',
  }),
  noiseFloor: z.number().min(0).default(0).meta({
    title: 'Noise floor',
    description: "Differences smaller than this are always normal; in the channel's own unit.",
    unit: "the channel's unit",
  }),
});

export const alignSchema = z
  .strictObject({
    stepMs: z.int().min(1).max(86_400_000).default(1000).meta({
      title: 'Time step',
      description: 'Length of a time step. The net takes one step of its memory for each.',
      unit: 'ms',
    }),
    channels: z.array(channel).min(1).optional().meta({
      title: 'Channels',
      description:
        'The channels that are watched, in order; others are counted and dropped. Default: those of the model.',
    }),
    lateMs: z.number().min(0).default(0).meta({
      title: 'Wait for late readings',
      description:
        'How long a step stays open for readings that come late or out of order. 0 closes it with the first reading of a later step. Every event is late by as much.',
      unit: 'ms',
    }),
    maxGapMs: z.number().min(0).optional().meta({
      title: 'Longest bridged gap',
      description:
        'Missing time up to this is filled with steps marked as missing; after a longer gap the stream starts anew. Default: ten steps.',
      unit: 'ms',
    }),
    dedupe: z.boolean().default(true).meta({
      title: 'Drop repeated deliveries',
      description: 'A reading with the time stamp or the sequence number of an earlier one is dropped and counted.',
    }),
  })
  .check((context) => {
    const { stepMs, lateMs, channels = [] } = context.value;
    if (lateMs / stepMs > MAX_LATE_STEPS) {
      context.issues.push({
        code: 'custom',
        input: lateMs,
        path: ['lateMs'],
        message: `must be at most ${MAX_LATE_STEPS} time steps (${MAX_LATE_STEPS * stepMs} ms)`,
      });
    }
    const seen = new Set<string>();
    channels.forEach(({ name }, i) => {
      if (seen.has(name)) {
        context.issues.push({
          code: 'custom',
          input: name,
          path: ['channels', i, 'name'],
          message: `'${name}' is already the name of another channel`,
        });
      }
      seen.add(name);
    });
  });

export type Alignment = z.output<typeof alignSchema>;
export type AlignedChannel = z.output<typeof channel>;

/** Steps that may be missing before a stream starts anew, when the configuration does not say. */
export const DEFAULT_GAP_STEPS = 10;
