/** The part of a model card that says what the decider found out by replaying the training data through the new model. */
import { z } from 'zod';

/** What a stream would have raised while it was rehearsed, with the base as opening score. */
const evidence = z.strictObject({
  /** Time steps that were judged. */
  rows: z.int().nonnegative(),
  /** Of them those at which an alert could have been raised: no incident was open, none had just been. */
  readyRows: z.int().nonnegative(),
  alerts: z.int().nonnegative(),
  /** Alerts that the highest opening score there is would have raised as well: how far they went beyond is not known. */
  capped: z.int().nonnegative(),
  /** Sum over the alerts of how far the opening score could have been raised above the base with the alert still there. */
  excess: z.number().nonnegative(),
});

export type AlertEvidence = z.output<typeof evidence>;

const threshold = z.strictObject({
  openScore: z.number(),
  closeScore: z.number(),
  /** Alerts a week; the true rate lies between low and high with a probability of 80 %. */
  ratePerWeek: z.strictObject({ low: z.number(), expected: z.number(), high: z.number() }),
});

/** An opening score that was found for a wish, and what is to be expected of it. */
export type Threshold = z.output<typeof threshold>;

export const calibrationSchema = z.strictObject({
  /** Version of the decider; another one uses nothing of all this. */
  decider: z.string(),
  /** Stream → what the decider remembers of it: base64 of its saved slot. */
  streams: z.record(z.string(), z.string()),
  /** How often alerts would have been raised on the end of the training data: thresholds for any wish come from it. */
  rehearsal: z
    .strictObject({
      /** Whether the net had not learnt those data; false: too little was held out. */
      heldOut: z.boolean(),
      baseScore: z.number(),
      /** The rules that made one alert of many rows. */
      minDurationUs: z.number(),
      closeAfterUs: z.number(),
      coolDownUs: z.number(),
      streams: z.record(z.string(), evidence),
    })
    .optional(),
  /** What came of it for the wish that was configured when the model was learnt; for another it is worked out at the start. */
  threshold: z
    .strictObject({
      alertsPerWeek: z.number(),
      /** Of streams that were not learnt. */
      ...threshold.shape,
      streams: z.record(z.string(), threshold),
      /** `hours` and `exceedances` (alerts with the base as opening score) over all streams. */
      from: z.strictObject({ heldOut: z.boolean(), rows: z.int(), hours: z.number(), exceedances: z.int() }),
    })
    .optional(),
});

export type Calibration = z.output<typeof calibrationSchema>;
export type Rehearsal = NonNullable<Calibration['rehearsal']>;
export type FoundThreshold = NonNullable<Calibration['threshold']>;
