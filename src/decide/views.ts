/**
 * Four views of one channel, each with a tail of its own past:
 *
 * - `level`: the distance of the value itself from its centre, in normal spreads, the least of the latest (up to three)
 *   rows: what must last to be an incident is judged by what has lasted. A spike of some rows, a shift.
 * - `drift`: |moving average of the forecast error|. A ramp, a frozen forecastable signal, a wrong shape at a normal level.
 * - `noise`: the moving average of how much less likely the value was than usual (−log likelihood minus its running
 *   mean). A change of the noise, with the level and the forecast still right.
 * - `still`: the run of exactly equal values. The log likelihood cannot see a frozen sensor, since a
 *   good forecast of no change is more likely than usual. Judged while a run lasts, learnt when it ends.
 *
 * A moving average over n rows here is exponential with α = 2 / (n + 1). Forecasts are those of the step before.
 */
import type { Objective } from '../core/card.js';
import { seen } from '../core/quantile.js';
import {
  DEFICIT_BASE,
  DEFICIT_MEAN,
  DRIFT,
  ERROR_MEAN,
  FORECAST,
  HELD,
  LAST,
  LEVEL,
  LEVEL_1,
  LEVEL_2,
  LOG_VARIANCE,
  NOISE,
  RUN,
  STILL,
  TAILS,
  VIEW_COUNT,
} from './channel-memory.js';
import { TAIL_FIELDS, learnTail, tailExponent, tailRule } from './tail.js';

/** Rows that the moving averages of error and deficit span. */
const SPAN = 10;
const ALPHA = 2 / (SPAN + 1);
/** Rows over which the usual deficit (or error variance) is learnt. */
const BASE_HORIZON = 10_000;
/** Errors that the usual deficit must rest on before the deficit is judged. */
const BASE_FIRST = 10;
/**
 * Exponent as which a value is learnt at most: −999 of a sensor that is broken tells nothing about the next spike. The same
 * with every opening score, or a score would mean something else with each.
 */
const MOST_LEARNT = 4;
/** A squared standardised error counts at most this much (5 σ): one spike is not a change of noise. */
const MOST_SQUARE = 25;
/** No forecast is trusted to better than 1 % of the channel's normal spread. */
const LEAST_VARIANCE = 1e-4;
const LEAST_LOG_VARIANCE = Math.log(LEAST_VARIANCE);
/** Beyond this a normalised value is simply absurd; keeps float32 squares finite. */
const MOST_VALUE = 1e6;
const MOST_RUN = 1e6;

/** Least mean excess worth notice, per view: in normal spreads, in nats, in steps. */
const RULES = [tailRule(0.1), tailRule(0.02), tailRule(0.05), tailRule(1, false)] as const;

/**
 * What a channel has shown stands until it is heard again, for channels that are slower than the time step, and fades by
 * half in 230 rows, so that one that is never heard again cannot hold an incident open.
 */
const FADING = 0.997;
/** More is not held: a score of 1. */
const MOST_HELD = 10;

/**
 * Judges and learns the channels of one row at a time. What is remembered of a channel is the caller's: `state[at …]`
 * in whatever slab the channel is.
 */
export class ChannelViews {
  /**
   * [channels], exponents of the strongest view, corrected for the number of views; ≥ 0. Of a channel that the row does not
   * have: what it showed when it was heard last.
   */
  readonly exponent: Float64Array;
  /** [channels], index into `VIEWS` of the strongest view. */
  readonly strongest: Uint8Array;
  /** [channels · views], what `learn` is to learn of the row judged last; NaN = nothing. */
  readonly #values: Float64Array;
  readonly #exponents: Float64Array;
  /** [channels], of the row judged last, where it could be held against a forecast. */
  readonly #deficits: Float64Array;
  /** log10 of the number of views of a stream: the rarest of m values is m times less rare (union bound). */
  readonly #correction: number;
  readonly #winsorAt: number;
  readonly #gaussian: boolean;

  /**
   * @param channels of a stream
   * @param levelRows rows that a level must last, 1 … 3
   */
  constructor(
    channels: number,
    objective: Objective,
    readonly levelRows: number,
  ) {
    this.exponent = new Float64Array(channels);
    this.strongest = new Uint8Array(channels);
    this.#values = new Float64Array(channels * VIEW_COUNT);
    this.#exponents = new Float64Array(channels * VIEW_COUNT);
    this.#deficits = new Float64Array(channels);
    this.#correction = Math.log10(channels * VIEW_COUNT);
    this.#winsorAt = MOST_LEARNT + this.#correction;
    this.#gaussian = objective === 'gaussian';
  }

  /** A channel that this row does not have: neither judged nor learnt. */
  miss(state: Float32Array, at: number, channel: number): void {
    this.#begin(channel);
    state[at + HELD] *= FADING;
    this.exponent[channel] = state[at + HELD];
  }

  #begin(channel: number): void {
    this.exponent[channel] = 0;
    for (let i = channel * VIEW_COUNT; i < (channel + 1) * VIEW_COUNT; i++) {
      this.#exponents[i] = 0;
      this.#values[i] = NaN;
    }
  }

  /**
   * Judges a value against the statistics as they are; moves the short-term memory, learns nothing.
   * @param at where the channel begins in `state`
   * @param z normalised value, finite
   * @param spreads distance from the centre in normal spreads, ≥ 0
   * @param errors whether the forecast can be trusted (it cannot just after a gap)
   */
  judge(state: Float32Array, at: number, channel: number, z: number, spreads: number, errors: boolean): void {
    this.#begin(channel);
    const level = this.#lastingLevel(state, at, Math.min(spreads, MOST_VALUE));
    this.#view(state, at, channel, LEVEL, level, level);
    if (errors && state[at + FORECAST] === state[at + FORECAST]) this.#errors(state, at, channel, z);
    this.#stillness(state, at, channel, z);
    const exponent = Math.max(0, this.exponent[channel] - this.#correction);
    this.exponent[channel] = exponent;
    state[at + HELD] = Math.min(exponent, MOST_HELD);
  }

  /**
   * The exponent, corrected for the number of views, of one view of a channel in the row judged last; ≥ 0.
   * @param view index into `VIEWS`
   */
  exponentOf(channel: number, view: number): number {
    return Math.max(0, this.#exponents[channel * VIEW_COUNT + view] - this.#correction);
  }

  /** The stronger of the two views that look at the channel's own values, whatever the net has foretold. */
  strongestOwn(channel: number): number {
    return this.exponentOf(channel, STILL) > this.exponentOf(channel, LEVEL) ? STILL : LEVEL;
  }

  /** The least level of the latest `levelRows` rows. */
  #lastingLevel(state: Float32Array, at: number, level: number): number {
    const before = state[at + LEVEL_1];
    const beforeThat = state[at + LEVEL_2];
    state[at + LEVEL_2] = before;
    state[at + LEVEL_1] = level;
    if (this.levelRows < 2) return level;
    return this.levelRows < 3 ? Math.min(level, before) : Math.min(level, before, beforeThat);
  }

  #errors(state: Float32Array, at: number, channel: number, z: number): void {
    const error = Math.min(Math.max(z - state[at + FORECAST], -MOST_VALUE), MOST_VALUE);
    const drift = (state[at + ERROR_MEAN] += ALPHA * (error - state[at + ERROR_MEAN]));
    const known = seen(state, at + TAILS + DRIFT * TAIL_FIELDS) >= BASE_FIRST;
    this.#view(state, at, channel, DRIFT, Math.abs(drift), Math.abs(drift));
    const deficit = this.#deficit(state, at, error);
    this.#deficits[channel] = deficit;
    if (!known) return;
    const unlikely = deficit - (this.#gaussian ? state[at + DEFICIT_BASE] : 0.5);
    const noise = (state[at + DEFICIT_MEAN] += ALPHA * (unlikely - state[at + DEFICIT_MEAN]));
    this.#view(state, at, channel, NOISE, noise, noise);
  }

  /**
   * −log of the normal density of an error, up to a constant, nats: under the forecast variance, or without one under
   * the running error variance (then its mean is ½ by construction).
   */
  #deficit(state: Float32Array, at: number, error: number): number {
    if (!this.#gaussian) return 0.5 * Math.min((error * error) / this.variance(state, at), MOST_SQUARE);
    const logVariance = Math.max(state[at + LOG_VARIANCE], LEAST_LOG_VARIANCE);
    return 0.5 * (logVariance + Math.min((error * error) / Math.exp(logVariance), MOST_SQUARE));
  }

  /** Of the forecast's error, in squared normal spreads: as foretold, or of an mse objective as it has been so far; > 0. */
  variance(state: Float32Array, at: number): number {
    if (!this.#gaussian) return Math.max(state[at + DEFICIT_BASE], LEAST_VARIANCE);
    return Math.exp(Math.max(state[at + LOG_VARIANCE], LEAST_LOG_VARIANCE));
  }

  #stillness(state: Float32Array, at: number, channel: number, z: number): void {
    const last = state[at + LAST];
    state[at + LAST] = z;
    if (Math.fround(z) === last) {
      const run = (state[at + RUN] = Math.min(state[at + RUN] + 1, MOST_RUN));
      this.#view(state, at, channel, STILL, run, NaN);
    } else if (last === last) {
      const run = state[at + RUN];
      state[at + RUN] = 0;
      const i = channel * VIEW_COUNT + STILL;
      this.#values[i] = run;
      this.#exponents[i] = tailExponent(state, at + TAILS + STILL * TAIL_FIELDS, run, RULES[STILL]);
    }
  }

  /** @param learnt the value to be learnt; NaN = none yet */
  #view(state: Float32Array, at: number, channel: number, view: number, judged: number, learnt: number): void {
    const exponent = tailExponent(state, at + TAILS + view * TAIL_FIELDS, judged, RULES[view]);
    const i = channel * VIEW_COUNT + view;
    this.#values[i] = learnt;
    this.#exponents[i] = exponent;
    if (exponent > this.exponent[channel]) {
      this.exponent[channel] = exponent;
      this.strongest[channel] = view;
    }
  }

  /** Learns the value judged last for this channel; call before the next forecast is remembered. */
  learn(state: Float32Array, at: number, channel: number, z: number): void {
    const first = channel * VIEW_COUNT;
    const drift = this.#values[first + DRIFT];
    if (drift === drift) this.#learnBase(state, at, channel, z);
    for (let view = 0; view < VIEW_COUNT; view++) {
      const v = this.#values[first + view];
      if (v !== v) continue;
      const exponent = this.#exponents[first + view];
      learnTail(state, at + TAILS + view * TAIL_FIELDS, v, exponent, this.#winsorAt, RULES[view]);
    }
  }

  /** The usual deficit (gaussian), or the error variance (mse). */
  #learnBase(state: Float32Array, at: number, channel: number, z: number): void {
    const n = Math.min(seen(state, at + TAILS + DRIFT * TAIL_FIELDS) + 1, BASE_HORIZON);
    let x: number;
    if (this.#gaussian) x = this.#deficits[channel];
    else {
      const error = z - state[at + FORECAST];
      const most = n <= BASE_FIRST ? MOST_VALUE : MOST_SQUARE * Math.max(state[at + DEFICIT_BASE], LEAST_VARIANCE);
      x = Math.min(error * error, most);
    }
    state[at + DEFICIT_BASE] += (x - state[at + DEFICIT_BASE]) / n;
  }
}
