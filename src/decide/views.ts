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
import type { View } from '../core/events.js';
import { seen } from '../core/quantile.js';
import { TAIL_FIELDS, learnTail, tailExponent, tailRule } from './tail.js';

/** The kind of each view, by index. */
export const VIEWS: readonly View[] = ['level', 'drift', 'noise', 'still'];
const LEVEL = 0;
const DRIFT = 1;
const NOISE = 2;
const STILL = 3;

/** Rows that the moving averages of error and deficit span. */
const SPAN = 10;
const ALPHA = 2 / (SPAN + 1);
/** Rows over which the usual deficit (or error variance) is learnt. */
const BASE_HORIZON = 10_000;
/** Errors that the usual deficit must rest on before the deficit is judged. */
const BASE_FIRST = 10;
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

/** Layout of a channel in the slab, as offsets from where it begins. */
const FORECAST = 0;
const LOG_VARIANCE = 1;
const ERROR_MEAN = 2;
const DEFICIT_MEAN = 3;
const DEFICIT_BASE = 4;
const LAST = 5;
const RUN = 6;
/** Levels of the two rows before; 0 = none. */
const LEVEL_1 = 7;
const LEVEL_2 = 8;
/** Exponent of the row that was judged last, faded since. */
const HELD = 9;
const TAILS = 10;

/** Numbers that the views of one channel take. */
export const VIEW_FIELDS = TAILS + VIEWS.length * TAIL_FIELDS;

/** Judges and learns the channels of one row at a time; what it remembers of them is in the slab. */
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
  /** log10 of the number of views of a stream: the rarest of m values is m times less rare (union bound). */
  readonly #correction: number;
  readonly #winsorAt: number;

  /**
   * @param state the slab
   * @param channels of a stream
   * @param levelRows rows that a level must last, 1 … 3
   * @param most exponent as which a value is learnt at most
   */
  constructor(
    readonly state: Float32Array,
    channels: number,
    readonly objective: Objective,
    readonly levelRows: number,
    most: number,
  ) {
    this.exponent = new Float64Array(channels);
    this.strongest = new Uint8Array(channels);
    this.#values = new Float64Array(channels * VIEWS.length);
    this.#exponents = new Float64Array(channels * VIEWS.length);
    this.#correction = Math.log10(channels * VIEWS.length);
    this.#winsorAt = most + this.#correction;
  }

  /** Forgets everything about the channel at `at`. */
  clear(at: number): void {
    this.state.fill(0, at, at + VIEW_FIELDS);
    this.restart(at);
  }

  /** Forgets what a gap in time makes untrue: forecast, moving averages, run. The statistics stay. */
  restart(at: number): void {
    this.state[at + FORECAST] = NaN;
    this.state[at + LAST] = NaN;
    this.state[at + ERROR_MEAN] = this.state[at + DEFICIT_MEAN] = 0;
    this.state[at + RUN] = this.state[at + LEVEL_1] = this.state[at + LEVEL_2] = this.state[at + HELD] = 0;
  }

  /** Forgets the statistics: what is normal is learnt anew. */
  relearn(at: number): void {
    this.state.fill(0, at + TAILS, at + VIEW_FIELDS);
    this.state[at + DEFICIT_BASE] = this.state[at + HELD] = 0;
  }

  /** Forgets the forecast alone. */
  forgetForecast(at: number): void {
    this.state[at + FORECAST] = NaN;
  }

  /** Remembers what the net foretells of the next row: normalised mean and log-variance (0 for an mse objective). */
  foretell(at: number, mean: number, logVariance: number): void {
    this.state[at + FORECAST] = mean;
    this.state[at + LOG_VARIANCE] = logVariance;
  }

  /** The forecast of the row being judged, normalised; NaN without one. */
  forecast(at: number): number {
    return this.state[at + FORECAST];
  }

  /** A channel that this row does not have: neither judged nor learnt. */
  miss(at: number, channel: number): void {
    this.#begin(channel);
    this.state[at + HELD] *= FADING;
    this.exponent[channel] = this.state[at + HELD];
  }

  #begin(channel: number): void {
    this.exponent[channel] = 0;
    this.#exponents.fill(0, channel * VIEWS.length, (channel + 1) * VIEWS.length);
    this.#values.fill(NaN, channel * VIEWS.length, (channel + 1) * VIEWS.length);
  }

  /**
   * Judges a value against the statistics as they are; moves the short-term memory, learns nothing.
   * @param at where the channel begins in the slab
   * @param z normalised value, finite
   * @param spreads distance from the centre in normal spreads, ≥ 0
   * @param errors whether the forecast can be trusted (it cannot just after a gap)
   */
  judge(at: number, channel: number, z: number, spreads: number, errors: boolean): void {
    this.#begin(channel);
    const level = this.#lastingLevel(at, Math.min(spreads, MOST_VALUE));
    this.#view(at, channel, LEVEL, level, level);
    if (errors && this.state[at + FORECAST] === this.state[at + FORECAST]) this.#errors(at, channel, z);
    this.#stillness(at, channel, z);
    this.exponent[channel] = Math.max(0, this.exponent[channel] - this.#correction);
    this.state[at + HELD] = Math.min(this.exponent[channel], MOST_HELD);
  }

  /**
   * The exponent, corrected for the number of views, of one view of a channel in the row judged last; ≥ 0.
   * @param view index into `VIEWS`
   */
  exponentOf(channel: number, view: number): number {
    return Math.max(0, this.#exponents[channel * VIEWS.length + view] - this.#correction);
  }

  /** The stronger of the two views that look at the channel's own values, whatever the net has foretold. */
  strongestOwn(channel: number): number {
    return this.exponentOf(channel, STILL) > this.exponentOf(channel, LEVEL) ? STILL : LEVEL;
  }

  /** The least level of the latest `levelRows` rows. */
  #lastingLevel(at: number, level: number): number {
    const { state } = this;
    const before = state[at + LEVEL_1];
    const beforeThat = state[at + LEVEL_2];
    state[at + LEVEL_2] = before;
    state[at + LEVEL_1] = level;
    if (this.levelRows < 2) return level;
    return this.levelRows < 3 ? Math.min(level, before) : Math.min(level, before, beforeThat);
  }

  #errors(at: number, channel: number, z: number): void {
    const { state } = this;
    const error = Math.min(Math.max(z - state[at + FORECAST], -MOST_VALUE), MOST_VALUE);
    const drift = (state[at + ERROR_MEAN] += ALPHA * (error - state[at + ERROR_MEAN]));
    const known = seen(state, this.#tail(at, DRIFT)) >= BASE_FIRST;
    this.#view(at, channel, DRIFT, Math.abs(drift), Math.abs(drift));
    if (!known) return;
    const deficit = this.#deficit(at, error) - (this.objective === 'gaussian' ? state[at + DEFICIT_BASE] : 0.5);
    const noise = (state[at + DEFICIT_MEAN] += ALPHA * (deficit - state[at + DEFICIT_MEAN]));
    this.#view(at, channel, NOISE, noise, noise);
  }

  /**
   * −log of the normal density of an error, up to a constant, nats: under the forecast variance, or without one under
   * the running error variance (then its mean is ½ by construction).
   */
  #deficit(at: number, error: number): number {
    const { state } = this;
    if (this.objective === 'mse') {
      return 0.5 * Math.min((error * error) / Math.max(state[at + DEFICIT_BASE], LEAST_VARIANCE), MOST_SQUARE);
    }
    const logVariance = Math.max(state[at + LOG_VARIANCE], LEAST_LOG_VARIANCE);
    return 0.5 * (logVariance + Math.min((error * error) / Math.exp(logVariance), MOST_SQUARE));
  }

  #stillness(at: number, channel: number, z: number): void {
    const { state } = this;
    const last = state[at + LAST];
    state[at + LAST] = z;
    if (Math.fround(z) === last) {
      const run = (state[at + RUN] = Math.min(state[at + RUN] + 1, MOST_RUN));
      this.#view(at, channel, STILL, run, NaN);
    } else if (last === last) {
      const run = state[at + RUN];
      state[at + RUN] = 0;
      this.#values[channel * VIEWS.length + STILL] = run;
      this.#exponents[channel * VIEWS.length + STILL] = tailExponent(state, this.#tail(at, STILL), run, RULES[STILL]);
    }
  }

  /** @param learnt the value to be learnt; NaN = none yet */
  #view(at: number, channel: number, view: number, judged: number, learnt: number): void {
    const exponent = tailExponent(this.state, this.#tail(at, view), judged, RULES[view]);
    this.#values[channel * VIEWS.length + view] = learnt;
    this.#exponents[channel * VIEWS.length + view] = exponent;
    if (exponent > this.exponent[channel]) {
      this.exponent[channel] = exponent;
      this.strongest[channel] = view;
    }
  }

  #tail(at: number, view: number): number {
    return at + TAILS + view * TAIL_FIELDS;
  }

  /** Learns the value judged last for this channel; call before the next forecast is remembered. */
  learn(at: number, channel: number, z: number): void {
    const drift = this.#values[channel * VIEWS.length + DRIFT];
    if (drift === drift) this.#learnBase(at, z);
    for (let view = 0; view < VIEWS.length; view++) {
      const i = channel * VIEWS.length + view;
      const v = this.#values[i];
      if (v !== v) continue;
      learnTail(this.state, this.#tail(at, view), v, this.#exponents[i], this.#winsorAt, RULES[view]);
    }
  }

  /** The usual deficit (gaussian), or the error variance (mse). */
  #learnBase(at: number, z: number): void {
    const { state } = this;
    const n = Math.min(seen(state, this.#tail(at, DRIFT)) + 1, BASE_HORIZON);
    const error = z - state[at + FORECAST];
    let x: number;
    if (this.objective === 'gaussian') x = this.#deficit(at, error);
    else if (n <= BASE_FIRST) x = Math.min(error * error, MOST_VALUE);
    else x = Math.min(error * error, MOST_SQUARE * Math.max(state[at + DEFICIT_BASE], LEAST_VARIANCE));
    state[at + DEFICIT_BASE] += (x - state[at + DEFICIT_BASE]) / n;
  }
}
