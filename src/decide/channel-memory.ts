/** What is remembered of one channel of a stream, in a slab: short-term memory, then a tail for each of its views. */
import type { View } from '../core/events.js';
import { TAIL_FIELDS } from './tail.js';

/** The kind of each view, by index. */
export const VIEWS: readonly View[] = ['level', 'drift', 'noise', 'still'];
export const LEVEL = 0;
export const DRIFT = 1;
export const NOISE = 2;
export const STILL = 3;

export const VIEW_COUNT = VIEWS.length;

/** Layout of a channel in the slab, as offsets from where it begins. */
export const FORECAST = 0;
export const LOG_VARIANCE = 1;
export const ERROR_MEAN = 2;
export const DEFICIT_MEAN = 3;
export const DEFICIT_BASE = 4;
export const LAST = 5;
export const RUN = 6;
/** Levels of the two rows before; 0 = none. */
export const LEVEL_1 = 7;
export const LEVEL_2 = 8;
/** Exponent of the row that was judged last, faded since. */
export const HELD = 9;
export const TAILS = 10;

/** Numbers that the views of one channel take. */
export const VIEW_FIELDS = TAILS + VIEW_COUNT * TAIL_FIELDS;

/** Forgets everything about the channel at `at`. */
export function clear(state: Float32Array, at: number): void {
  state.fill(0, at, at + VIEW_FIELDS);
  restart(state, at);
}

/** Forgets what a gap in time makes untrue: forecast, moving averages, run. The statistics stay. */
export function restart(state: Float32Array, at: number): void {
  state[at + FORECAST] = NaN;
  state[at + LAST] = NaN;
  state[at + ERROR_MEAN] = state[at + DEFICIT_MEAN] = 0;
  state[at + RUN] = state[at + LEVEL_1] = state[at + LEVEL_2] = state[at + HELD] = 0;
}

/** Forgets the forecast alone. */
export function forgetForecast(state: Float32Array, at: number): void {
  state[at + FORECAST] = NaN;
}

/** Forgets the statistics: what is normal is learnt anew. */
export function relearn(state: Float32Array, at: number): void {
  state.fill(0, at + TAILS, at + VIEW_FIELDS);
  state[at + DEFICIT_BASE] = state[at + HELD] = 0;
}

/** Remembers what the net foretells of the next row: normalised mean and log-variance (0 for an mse objective). */
export function foretell(state: Float32Array, at: number, mean: number, logVariance: number): void {
  state[at + FORECAST] = mean;
  state[at + LOG_VARIANCE] = logVariance;
}

/** The forecast of the row being judged, normalised; NaN without one. */
export function forecast(state: Float32Array, at: number): number {
  return state[at + FORECAST];
}
