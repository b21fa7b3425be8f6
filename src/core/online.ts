/** Options of learning while running: the `online` section of a configuration. */
import { z } from 'zod';

export const onlineSchema = z
  .strictObject({
    everySteps: z.int().min(1).max(1_000_000).default(8).meta({
      title: 'Time steps between updates',
      description:
        'So many of each stream, on average over those that are heard, are judged between two updates of the weights.',
      unit: 'steps',
    }),
    optimiserSteps: z.int().min(1).max(64).default(1).meta({
      title: 'Optimiser steps',
      description: 'Steps of Adam of one update, each on segments of its own.',
      unit: 'steps',
    }),
    learningRate: z.number().positive().max(1).default(2e-3).meta({
      title: 'Learning rate',
      description: 'Of Adam. Higher follows a change sooner, and forgets sooner.',
    }),
    segments: z.int().min(1).max(256).default(16).meta({
      title: 'Segments',
      description: 'An optimiser step sees the latest segment and otherwise random ones of those that are kept.',
    }),
    segmentSteps: z.int().min(2).max(1024).default(16).meta({
      title: 'Length of a segment',
      description: 'Time steps through which the gradient is carried back (truncated BPTT).',
      unit: 'steps',
    }),
    replaySteps: z
      .int()
      .min(2)
      .max(10_000_000)
      .default(8192)
      .meta({
        title: 'Time steps kept',
        description:
          'Of all streams together, to learn from again; then the oldest make room. Takes 4 bytes a step and value (inputs ' +
          'and channels), and for each segment the state of the net.',
        unit: 'steps',
      }),
    saveSeconds: z.number().min(1).max(86_400).default(300).meta({
      title: 'Time between saves',
      description: 'So often what was learnt is written into the model folder, for the next start.',
      unit: 's',
    }),
    seed: z.int().default(1).meta({ title: 'Seed', description: 'Of the choice of segments.' }),
  })
  .check((context) => {
    const { replaySteps, segments, segmentSteps } = context.value;
    if (replaySteps >= segments * segmentSteps) return;
    context.issues.push({
      code: 'custom',
      input: replaySteps,
      path: ['replaySteps'],
      message: `must hold at least ${segments} segments of ${segmentSteps} steps, which an optimiser step learns from`,
    });
  })
  .meta({
    title: 'Online learning',
    description: 'Whether the net goes on learning while it runs; absent: it does not.',
  });

export type OnlineOptions = z.output<typeof onlineSchema>;
