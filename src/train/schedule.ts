/** The learning rate of every optimiser step. */
import type { Schedule } from '../core/card.js';
import type { TrainOptions } from '../core/training.js';

export type ScheduleOptions = Pick<TrainOptions, 'learningRate' | 'schedule' | 'warmUp'>;

/** Part of the highest rate that a cosine leaves at the last step. */
const FINAL_RATE = 0.1;

/** The shape of one cycle: share of the steps that rise, start and end as parts of the highest rate. */
const CYCLE_RISE = 0.3;
const CYCLE_START = 1 / 25;
const CYCLE_END = CYCLE_START / 10_000;

/** Share of all steps that is done, 0 … 1 → part of the highest rate. */
const SHAPES: Readonly<Record<Schedule, (done: number) => number>> = {
  /** Loshchilov & Hutter 2017, without restarts and not quite to 0. */
  cosine: (done) => halfCosine(1, FINAL_RATE, done),
  constant: () => 1,
  /** He et al. 2016, section 4.2: a tenth of it at half of the steps, and again at three quarters. */
  step: (done) => (done < 0.5 ? 1 : done < 0.75 ? 0.1 : 0.01),
  /** Smith & Topin 2018. */
  'one-cycle': (done) =>
    done < CYCLE_RISE
      ? halfCosine(CYCLE_START, 1, done / CYCLE_RISE)
      : halfCosine(1, CYCLE_END, (done - CYCLE_RISE) / (1 - CYCLE_RISE)),
};

/**
 * The learning rate of an optimiser step. Warm-up multiplies it by a line from 0 to 1 (Goyal et al. 2017, section 2.2).
 * @param step 0, 1, …
 * @param totalSteps of all epochs, also those that early stopping spares
 */
export function scheduledRate(options: ScheduleOptions, step: number, totalSteps: number): number {
  const rate = options.learningRate * SHAPES[options.schedule](step / totalSteps);
  // The first step of a warm-up already moves a little.
  const warmUpSteps = options.warmUp * totalSteps;
  return step + 1 < warmUpSteps ? rate * ((step + 1) / warmUpSteps) : rate;
}

/** From `from` at 0 to `to` at 1. */
function halfCosine(from: number, to: number, at: number): number {
  return to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * at));
}
