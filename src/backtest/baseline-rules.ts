/** Forecasts without a net, one channel at a time: what a recurrent net has to be better than. */

/** How a forecast is made; all in normalised units. Memory is a slab's, so that many streams cost no objects. */
export interface ForecastRule {
  /** Numbers that a channel takes; all 0 = nothing seen yet. */
  readonly fields: number;
  /**
   * Takes a value and writes the forecast of the next one to `state[at + MEAN]` and `state[at + VARIANCE]`.
   * @param at where the channel begins
   * @param day part of the day (UTC) that has passed at the value, 0 … 1
   */
  take(state: Float64Array, at: number, value: number, day: number): void;
}

/** The rows of a channel from which a rule may learn, one entry a row. */
export interface LearntChannel {
  /** Normalised. */
  readonly values: Float64Array;
  /** Part of the day (UTC) that has passed, 0 … 1. */
  readonly days: Float64Array;
  /** 1 = time is missing before this row. */
  readonly starts: Uint8Array;
}

/** What every rule keeps of a channel. */
export const MEAN = 0;
/** Of the error that the forecast is expected to have; > 0. */
export const VARIANCE = 1;
/** Values taken so far. */
export const COUNT = 2;
const SUM = 3;
const SQUARES = 4;
const RING = 5;

/** No forecast claims to be better than 1 % of the channel's normal spread: as the decider has it. */
const LEAST_VARIANCE = 1e-4;
/** Rows over which the variance of errors is averaged. */
const VARIANCE_SPAN = 512;
/** Weight of the latest value in the moving average. */
const EWMA_ALPHA = 0.3;
/** Rows of the window of NAB's own detector of that name. */
const WINDOW_ROWS = 6400;

/** The next value is the last one. */
const persistence: ForecastRule = {
  fields: RING,
  take(state, at, value) {
    learnError(state, at, value);
    state[at + MEAN] = value;
  },
};

/** The next value is the exponential moving average (simple exponential smoothing; Brown 1956). */
const ewma: ForecastRule = {
  fields: RING,
  take(state, at, value) {
    learnError(state, at, value);
    const isFirst = state[at + COUNT] === 1;
    state[at + MEAN] += (isFirst ? 1 : EWMA_ALPHA) * (value - state[at + MEAN]);
  },
};

/** The next value is drawn from the normal distribution of the latest ones, as NAB's `windowedGaussian` has it. */
const windowedGaussian: ForecastRule = {
  fields: RING + WINDOW_ROWS,
  take(state, at, value) {
    const place = at + RING + (state[at + COUNT] % WINDOW_ROWS);
    // 0 in a place that was never written: nothing to take out.
    const gone = state[place];
    state[place] = value;
    state[at + COUNT] += 1;
    state[at + SUM] += value - gone;
    state[at + SQUARES] += value * value - gone * gone;
    const rows = Math.min(state[at + COUNT], WINDOW_ROWS);
    const mean = state[at + SUM] / rows;
    state[at + MEAN] = mean;
    // Of a single row nothing is known but that values are normalised.
    state[at + VARIANCE] = rows === 1 ? 1 : Math.max(LEAST_VARIANCE, state[at + SQUARES] / rows - mean * mean);
  },
};

/** Rules that have nothing to learn. */
export const PLAIN_RULES = { persistence, ewma, 'windowed-gaussian': windowedGaussian } as const;

/** Holds the forecast against the value that came; the first values weigh the same as each other. */
export function learnError(state: Float64Array, at: number, value: number): void {
  const errors = state[at + COUNT];
  state[at + COUNT] += 1;
  if (errors === 0) {
    state[at + VARIANCE] = 1;
    return;
  }
  const error = value - state[at + MEAN];
  const gain = 1 / Math.min(errors, VARIANCE_SPAN);
  const variance = state[at + VARIANCE] + gain * (error * error - state[at + VARIANCE]);
  state[at + VARIANCE] = Math.max(LEAST_VARIANCE, variance);
}
