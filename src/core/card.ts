/** The model card (`model.json`): everything about a model that its ONNX file does not say. */
import { z } from 'zod';
import { calibrationSchema } from './calibration.js';

const scale = z.strictObject({
  /** Median of the training data, in the channel's unit. */
  center: z.number(),
  /** Robust spread (1.4826 · median absolute deviation, or a floor), in the channel's unit; > 0. */
  scale: z.number().positive(),
});

/** Centre and spread of one channel. */
export type ChannelScale = z.output<typeof scale>;

/** Calendar inputs beside the channels: each adds a sine and a cosine of the event time (UTC). */
export const CALENDAR_PERIODS = ['day', 'halfDay', 'week'] as const;
export type CalendarPeriod = (typeof CALENDAR_PERIODS)[number];

/** How many inputs the calendar adds. */
export function calendarWidth(periods: readonly CalendarPeriod[]): number {
  return 2 * periods.length;
}

export const AGGREGATES = ['mean', 'last', 'sum', 'count'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** What the head's outputs mean: the mean, or mean and log-variance, of the next step's normalised channels. */
export const OBJECTIVES = ['mse', 'gaussian'] as const;
export type Objective = (typeof OBJECTIVES)[number];

/** What may be learnt by instead of the normal likelihood, with the same two outputs: pinball foretells quantiles. */
export const LIKELIHOODS = ['student-t', 'pinball'] as const;
export type Likelihood = (typeof LIKELIHOODS)[number];

export const CELLS = ['rnn-tanh', 'rnn-relu', 'lstm', 'gru'] as const;
export type Cell = (typeof CELLS)[number];

/** Width of a net's layers for people: its cells, and what a projection makes of them, `160` or `160→64`. */
export function widthText({ hidden, projection }: { hidden: number; projection?: number | undefined }): string {
  return projection === undefined ? String(hidden) : `${hidden}→${projection}`;
}

/** How the learning rate changes from the first optimiser step to the last. */
export const SCHEDULES = ['cosine', 'constant', 'step', 'one-cycle'] as const;
export type Schedule = (typeof SCHEDULES)[number];

/** Shape entry: `B` is the batch axis (one row a stream). */
const shape = z.array(z.union([z.literal('B'), z.int().positive()]));

export const cardSchema = z.strictObject({
  format: z.literal('kioku-model'),
  version: z.literal(1),
  name: z.string().min(1),
  task: z.literal('forecast'),
  /** File beside the card. */
  model: z.string().regex(/^[^/\\]+\.onnx$/),
  /** SHA-256 of that file, hexadecimal: proves that card and model belong together. */
  modelSha256: z.string().regex(/^[0-9a-f]{64}$/),
  inputs: z.strictObject({
    /**
     * [B, features]: the normalised channels, then the calendar. With `timeAxis` [T, B, features]: the model takes any
     * number of steps in one run.
     */
    x: z.strictObject({ name: z.string(), shape, timeAxis: z.literal(true).optional() }),
    /** [B], 1 = advance this row, 0 = keep its state bit for bit. Absent in models that have none. */
    rowMask: z.strictObject({ name: z.string(), shape }).optional(),
  }),
  outputs: z.strictObject({
    /**
     * mse: [B, channels] means; gaussian: [B, 2 · channels] means, then log-variances. Of the NEXT step's channels. Of a
     * run of T steps: T·B rows, step after step.
     */
    y: z.strictObject({ name: z.string(), shape }),
  }),
  /** Recurrent state: input `name` and output `next` of equal shape; initial value 0. */
  states: z.array(z.strictObject({ name: z.string(), next: z.string(), shape })),
  /** Length of a time step, µs. */
  stepUs: z.int().positive(),
  channels: z.array(z.strictObject({ name: z.string().min(1), aggregate: z.enum(AGGREGATES) })).min(1),
  calendar: z.array(z.enum(CALENDAR_PERIODS)),
  objective: z.enum(OBJECTIVES),
  normalisation: z.strictObject({
    /** For streams that training never saw: the median over the streams, one entry a channel. */
    pooled: z.array(scale),
    streams: z.record(z.string(), z.array(scale)),
  }),
  /** What the decider learnt from the training data. */
  calibration: calibrationSchema.optional(),
  training: z.strictObject({
    cell: z.enum(CELLS),
    hidden: z.int().positive(),
    /** Width of what each layer of an LSTM hands on; absent: `hidden`. */
    projection: z.int().positive().optional(),
    layers: z.int().positive(),
    dropout: z.number(),
    /**
     * By what mean and variance were learnt; absent: by the normal likelihood. The losses are nats of the likelihood, of
     * pinball normalised units.
     */
    likelihood: z.enum(LIKELIHOODS).optional(),
    parameters: z.int().positive(),
    seed: z.int(),
    optimiserSteps: z.int(),
    epochs: z.int(),
    /** After which epoch the weights were kept, 0, 1, 2, …; absent in cards of before it was written down, as is the next. */
    bestEpoch: z.int().optional(),
    /** The options of the same names. */
    optimiser: z
      .strictObject({
        learningRate: z.number(),
        schedule: z.enum(SCHEDULES),
        warmUp: z.number(),
        weightDecay: z.number(),
        clipNorm: z.number(),
        sequenceLength: z.int(),
      })
      .optional(),
    trainLoss: z.number(),
    validationLoss: z.number(),
    /** The loss of "repeat the last value" on the same held-out tail (mean squared error, normalised units). */
    persistenceMse: z.number(),
    /** The model's mean squared error on the held-out tail (normalised units). */
    validationMse: z.number(),
    seconds: z.number(),
    rows: z.int(),
    streams: z.int(),
    /** Event time of the first and last row, ISO 8601. */
    from: z.string(),
    to: z.string(),
    createdAt: z.string(),
    kioku: z.string(),
  }),
  licence: z.string(),
});

export type ModelCard = z.output<typeof cardSchema>;
