/** Options of training, shared by the configuration (section `train`) and by the trainer. */
import { z } from 'zod';
import { CALENDAR_PERIODS, CELLS, LIKELIHOODS, OBJECTIVES, SCHEDULES } from './card.js';

export const trainSchema = z
  .strictObject({
    cell: z.enum(CELLS).default('gru').meta({ title: 'Cell', description: 'Kind of recurrent cell.' }),
    hidden: z
      .int()
      .min(1)
      .max(1024)
      .default(32)
      .meta({ title: 'Hidden size', description: 'Width of every recurrent layer.', unit: 'cells' }),
    projection: z
      .int()
      .min(1)
      .max(1023)
      .optional()
      .meta({
        title: 'Projection',
        description:
          'Of an LSTM: every layer hands on, to itself and to the next one, this many sums of its cells instead of all of ' +
          'them; less than hidden. Absent: none.',
        unit: 'values',
      }),
    layers: z.int().min(1).max(8).default(1).meta({ title: 'Layers', description: 'Recurrent layers, stacked.' }),
    dropout: z
      .number()
      .min(0)
      .max(0.9)
      .default(0)
      .meta({ title: 'Dropout', description: 'Share of values dropped between layers; needs at least 2 layers.' }),
    objective: z
      .enum([...OBJECTIVES, ...LIKELIHOODS])
      .default('gaussian')
      .meta({
        title: 'Objective',
        description:
          'gaussian: the net foretells a mean and a variance; student-t: the same, but outliers in what it learns weigh ' +
          'less; pinball: it foretells quantiles (5, 50 and 95 %), for noise that is larger on one side than on the ' +
          'other; mse: only the mean.',
      }),
    calendar: z.array(z.enum(CALENDAR_PERIODS)).default([]).meta({
      title: 'Calendar inputs',
      description: 'Cycles of UTC time that the net may see. Use those that the training data spans several times.',
    }),
    sequenceLength: z.int().min(1).max(4096).default(32).meta({
      title: 'Sequence length',
      description: 'Time steps through which one optimiser step carries the gradient back (truncated BPTT).',
      unit: 'steps',
    }),
    lanes: z.int().min(1).max(1024).default(16).meta({
      title: 'Lanes',
      description: 'Pieces of series learnt side by side, at most; little data gets fewer.',
    }),
    learningRate: z.number().positive().max(1).default(5e-3).meta({
      title: 'Learning rate',
      description: 'Of Adam, at its highest.',
    }),
    schedule: z
      .enum(SCHEDULES)
      .default('cosine')
      .meta({
        title: 'Schedule of the learning rate',
        description:
          'cosine: falls along half a cosine to a tenth; constant; step: a tenth from half of maxEpochs on, a hundredth ' +
          'from three quarters on; one-cycle: from a 25th up in the first 30 %, then down to almost nothing.',
      }),
    warmUp: z.number().min(0).max(0.5).default(0).meta({
      title: 'Warm-up',
      description: 'Share of maxEpochs at the start, over which the scheduled learning rate is faded in from nothing.',
    }),
    weightDecay: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .meta({
        title: 'Weight decay',
        description:
          'Decoupled (AdamW): every optimiser step takes learning rate · this from each weight matrix, those of the ' +
          'gates included; biases are exempt.',
      }),
    clipNorm: z.number().positive().default(1).meta({
      title: 'Gradient clipping',
      description: 'Largest norm of the gradient over all parameters; longer ones are shortened to it.',
    }),
    maxEpochs: z
      .int()
      .min(1)
      .max(100_000)
      .default(150)
      .meta({ title: 'Most epochs', description: 'Passes over the training data, at most.', unit: 'epochs' }),
    patienceEpochs: z.int().min(1).max(100_000).default(30).meta({
      title: 'Patience',
      description: 'Training stops after this many epochs without a better validation loss.',
      unit: 'epochs',
    }),
    validationFraction: z.number().min(0.05).max(0.5).default(0.2).meta({
      title: 'Held-out share',
      description: 'The last part of every stream is not learnt but used to choose the best weights.',
    }),
    maxSeconds: z
      .number()
      .positive()
      .default(600)
      .meta({ title: 'Time limit', description: 'The best weights so far count when it is over.', unit: 's' }),
    checkpointSeconds: z.number().positive().default(30).meta({
      title: 'Time between checkpoints',
      description: 'So often is written down where training stands, for `kioku train --resume`.',
      unit: 's',
    }),
    memoryMb: z
      .number()
      .positive()
      .default(512)
      .meta({
        title: 'Memory for data',
        description:
          'What is learnt from and does not fit into this goes to a temporary file in the model folder; the model is the ' +
          'same, bit for bit.',
        unit: 'MB',
      }),
    seed: z.int().default(1).meta({ title: 'Seed', description: 'Same data, same seed: the same model, bit for bit.' }),
  })
  .superRefine(({ cell, hidden, projection }, context) => {
    if (projection === undefined) return;
    const complain = (message: string): void => context.addIssue({ code: 'custom', path: ['projection'], message });
    if (cell !== 'lstm') complain(`is for an LSTM only; train.cell is ${cell}`);
    if (projection >= hidden) complain(`must be less than train.hidden, which is ${hidden}`);
  })
  .meta({ title: 'Training', description: 'How the net learns what is normal.' });

export type TrainOptions = z.output<typeof trainSchema>;
