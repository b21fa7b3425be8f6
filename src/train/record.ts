/** What a training was like, bounded in size whatever the data: for who wants to judge it, on a page or in figures. */
import type { Micros } from '../core/contracts.js';
import type { TrainOptions } from '../core/training.js';
import type { Dataset } from './dataset.js';
import type { TrainedNet } from './job.js';
import type { StopReason } from './loop.js';

/** The end of an epoch. Losses are in the unit of the objective. */
export interface Validation {
  /** 0, 1, 2, … */
  readonly epoch: number;
  /** Optimiser steps taken. */
  readonly step: number;
  /** Mean over the epoch, of weights that changed on the way. */
  readonly trainLoss: number;
  /** On the held-out data, of the weights at the end of the epoch; NaN where nothing is held out. */
  readonly validationLoss: number;
  /** Of the last optimiser step. */
  readonly learningRate: number;
  /** Mean over the epoch's optimiser steps, before clipping. */
  readonly gradientNorm: number;
  /** Share of the epoch's optimiser steps whose gradient was shortened to `clipNorm`, 0 … 1. */
  readonly clippedShare: number;
}

/** Errors in the channel's unit over all values that were compared. */
export interface Errors {
  /** Root of the mean squared error. */
  readonly rmse: number;
  /** Mean absolute error. */
  readonly mae: number;
}

/** How often an interval that the net foretold with so much probability (0 … 1) held the value. */
export interface Coverage {
  readonly nominal: number;
  readonly observed: number;
}

/** How true the foretold spread is. */
export interface Calibration {
  /** Intervals with the same probability below and above: 0.5, 0.8, 0.9, 0.95, 0.99. */
  readonly coverage: readonly Coverage[];
  /**
   * Probability integral transform (Dawid 1984): how many values fell into each of 20 intervals that the net held for
   * equally likely, from the lowest to the highest. Level when the foretold distribution is true.
   */
  readonly pit: readonly number[];
  /**
   * How many values were so many foretold standard deviations above the foretold mean: 40 bins of a quarter from −5 to
   * 5; the first and the last one hold what is beyond them, too.
   */
  readonly standardised: readonly number[];
}

/** A channel of all streams together, on the held-out tail. */
export interface ChannelRecord {
  readonly name: string;
  /** Values foretold and observed. */
  readonly values: number;
  readonly net: Errors;
  /** Of "repeat the last value" on the same values. */
  readonly persistence: Errors;
  /** Absent for the objective mse, which foretells no spread, and when there is no value. */
  readonly calibration?: Calibration;
}

/**
 * What was foretold and what came, of one channel of one stream on the held-out tail: [n] each, in order of time, in the
 * channel's unit. Of every stretch of equal length the two values that the net missed most, upwards and downwards, so that
 * no outlier is lost however long the tail is.
 */
export interface HeldOutSeries {
  readonly stream: string;
  /** Index into `channels`. */
  readonly channel: number;
  /** Of all its values, thinned or not. */
  readonly net: Errors;
  /** Length of a stretch, time steps; 1: nothing was left out. */
  readonly every: number;
  readonly us: readonly Micros[];
  readonly observed: readonly number[];
  /** The foretold mean. */
  readonly expected: readonly number[];
  /** Between them the value should lie in 95 % of all cases. Absent for the objective mse. */
  readonly low?: readonly number[];
  readonly high?: readonly number[];
}

/** What the worker thread finds out, which knows no names. */
export interface NetRecord {
  /** In order of time, of a long training evenly thinned. */
  readonly validations: readonly Validation[];
  /** Where the weights come from that were kept. */
  readonly best: Validation;
  readonly channels: readonly Omit<ChannelRecord, 'name'>[];
  /** Of every channel the streams that it is foretold worst of. */
  readonly heldOut: readonly HeldOutSeries[];
}

export interface TrainingRecord extends NetRecord {
  readonly objective: TrainOptions['objective'];
  readonly stopped: StopReason;
  readonly channels: readonly ChannelRecord[];
  readonly data: {
    /** Time steps of all streams together. */
    readonly rows: number;
    readonly streams: number;
    readonly stepUs: Micros;
    /** Start of the first and of the last time step. */
    readonly fromUs: Micros;
    readonly toUs: Micros;
  };
}

/** @param channels in the order of the net's inputs */
export function trainingRecord(
  { record, stopped, options }: TrainedNet,
  { rows, streams, stepUs, fromUs, toUs }: Dataset,
  channels: readonly { readonly name: string }[],
): TrainingRecord {
  return {
    ...record,
    objective: options.objective,
    stopped,
    channels: channels.map(({ name }, c) => ({ name, ...record.channels[c] })),
    data: { rows, streams, stepUs, fromUs, toUs },
  };
}
