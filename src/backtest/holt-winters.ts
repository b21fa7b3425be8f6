/**
 * Additive Holt–Winters: exponential smoothing with a level ℓ, a trend b and a season s of m rows (Hyndman & Athanasopoulos,
 * "Forecasting: Principles and Practice", 3rd ed., 8.3). Of row t:
 *
 *     ŷₜ₊₁ = ℓₜ + bₜ + sₜ₊₁₋ₘ
 *     ℓₜ = α (yₜ − sₜ₋ₘ) + (1 − α) (ℓₜ₋₁ + bₜ₋₁)
 *     bₜ = β (ℓₜ − ℓₜ₋₁) + (1 − β) bₜ₋₁
 *     sₜ = γ (yₜ − ℓₜ₋₁ − bₜ₋₁) + (1 − γ) sₜ₋ₘ
 *
 * Which place of the season a row has is told by its time, so that the season goes on where rows are missing.
 */
import { COUNT, type ForecastRule, learnError, type LearntChannel, MEAN } from './baseline-rules.js';

export interface HoltWinters {
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  /** What each place of the season adds to the level, at the end of what was learnt; of length 1, and 0: there is none. */
  readonly season: Float64Array;
}

/** Of the memory of a channel, behind what all rules have. */
const LEVEL = 3;
const TREND = 4;
const SEASON = 5;

const ALPHAS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.95];
const BETAS = [0, 0.01, 0.05, 0.1, 0.2];
const GAMMAS = [0, 0.05, 0.1, 0.2, 0.4];

/** The place of a row in a season of `period` rows that takes a day. @param day part of the day that has passed, 0 … 1 */
function placeOf(day: number, period: number): number {
  return Math.round(day * period) % period;
}

/**
 * Finds α, β, γ, and whether there is a season, by the squared error of the forecast one row ahead. The season is first that
 * of the earlier days, the error that of the rows behind them: what was seen in one day is no season.
 * @param period rows of a day; absent: the steps do not divide a day
 */
export function fitHoltWinters(learnt: LearntChannel, period: number | undefined): HoltWinters {
  const days = period === undefined ? 0 : Math.floor(learnt.values.length / period);
  const isSeasonal = period !== undefined && period > 1 && days >= 2;
  const from = isSeasonal ? (days - 1) * period : Math.floor(learnt.values.length / 2);
  const none = new Float64Array(1);
  const seasons = isSeasonal ? [none, seasonOf(learnt, period, from)] : [none];
  let best: HoltWinters = { alpha: ALPHAS[0], beta: 0, gamma: 0, season: none };
  let least = Infinity;
  for (const season of seasons) {
    for (const alpha of ALPHAS) {
      for (const beta of BETAS) {
        for (const gamma of season.length === 1 ? [0] : GAMMAS) {
          // Beyond it forecasts may swing more and more.
          if (gamma > 1 - alpha) continue;
          const tried = { alpha, beta, gamma, season };
          const { error } = replay(learnt, tried, from);
          if (!(error < least)) continue;
          least = error;
          best = tried;
        }
      }
    }
  }
  return { ...best, season: replay(learnt, best, from).season };
}

/** The mean deviation of each place from the mean of its day, over the whole days before row `end`. */
function seasonOf({ values, days }: LearntChannel, period: number, end: number): Float64Array {
  const sums = new Float64Array(period);
  const counts = new Float64Array(period);
  for (let first = 0; first + period <= end; first += period) {
    const day = values.subarray(first, first + period);
    const mean = day.reduce((sum, value) => sum + value, 0) / period;
    for (let i = 0; i < period; i++) {
      const place = placeOf(days[first + i], period);
      sums[place] += day[i] - mean;
      counts[place] += 1;
    }
  }
  return sums.map((sum, place) => (counts[place] === 0 ? 0 : sum / counts[place]));
}

/** Forecasts all rows. @returns the squared errors from row `from` on, and the season in the end */
function replay({ values, days, starts }: LearntChannel, fitted: HoltWinters, from: number) {
  const period = fitted.season.length;
  const state = new Float64Array(SEASON + period);
  state.set(fitted.season, SEASON);
  let error = 0;
  for (let row = 0; row < values.length; row++) {
    const place = placeOf(days[row], period);
    if (row === 0 || starts[row] === 1) begin(state, 0, values[row], place);
    else {
      if (row >= from) error += (values[row] - state[MEAN]) ** 2;
      advance(state, 0, values[row], place, fitted);
    }
    foretell(state, 0, place, period);
  }
  return { error, season: state.subarray(SEASON) };
}

function begin(state: Float64Array, at: number, value: number, place: number): void {
  state[at + LEVEL] = value - state[at + SEASON + place];
  state[at + TREND] = 0;
}

function advance(state: Float64Array, at: number, value: number, place: number, fitted: HoltWinters): void {
  const { alpha, beta, gamma } = fitted;
  const level = state[at + LEVEL];
  const expected = level + state[at + TREND];
  const season = state[at + SEASON + place];
  state[at + LEVEL] = alpha * (value - season) + (1 - alpha) * expected;
  state[at + TREND] = beta * (state[at + LEVEL] - level) + (1 - beta) * state[at + TREND];
  state[at + SEASON + place] = gamma * (value - expected) + (1 - gamma) * season;
}

function foretell(state: Float64Array, at: number, place: number, period: number): void {
  state[at + MEAN] = state[at + LEVEL] + state[at + TREND] + state[at + SEASON + ((place + 1) % period)];
}

/** @param fields numbers of memory, enough for its season and, where another channel has a longer one, more */
export function holtWintersRule(fitted: HoltWinters, fields: number): ForecastRule {
  const period = fitted.season.length;
  return {
    fields,
    take(state, at, value, day) {
      learnError(state, at, value);
      const place = placeOf(day, period);
      if (state[at + COUNT] === 1) {
        state.set(fitted.season, at + SEASON);
        begin(state, at, value, place);
      } else advance(state, at, value, place, fitted);
      foretell(state, at, place, period);
    },
  };
}

/** One rule a channel, each fitted to its own rows. */
export function holtWinters(learnt: readonly LearntChannel[], rowsOfDay: number | undefined): ForecastRule[] {
  const fitted = learnt.map((channel) => fitHoltWinters(channel, rowsOfDay));
  const longest = fitted.reduce((most, { season }) => Math.max(most, season.length), 1);
  return fitted.map((channel) => holtWintersRule(channel, SEASON + longest));
}
