/** The channels of one stream, judged and learnt a row at a time (each channel by `views.ts`). */
import type { ModelCard } from '../core/card.js';
import type { Batch, Scaler, Slot } from '../core/contracts.js';
import * as memory from './channel-memory.js';
import { CHANNEL_FIELDS } from './memory.js';
import { ChannelViews } from './views.js';

/** `state` is the slab that the stream is in, `first` where its channels begin there. */
export class RowViews {
  readonly views: ChannelViews;
  /** Of the row judged last: channels that it has, their strongest exponent, and that of all, also those heard before. */
  observed = 0;
  shown = 0;
  strongest = 0;
  readonly #channels: number;
  readonly #gaussian: boolean;

  /** @param levelRows rows that a level must last, 1 … 3 */
  constructor(
    { channels, objective }: ModelCard,
    private readonly scaler: Scaler,
    levelRows: number,
  ) {
    this.#channels = channels.length;
    this.#gaussian = objective === 'gaussian';
    this.views = new ChannelViews(this.#channels, objective, levelRows);
  }

  /** Forgets everything. */
  clear(state: Float32Array, first: number): void {
    for (let c = 0; c < this.#channels; c++) memory.clear(state, first + c * CHANNEL_FIELDS);
  }

  /** Forgets what a gap in time makes untrue. */
  restart(state: Float32Array, first: number): void {
    for (let c = 0; c < this.#channels; c++) memory.restart(state, first + c * CHANNEL_FIELDS);
  }

  /** Forgets what is normal, but not the present. */
  relearn(state: Float32Array, first: number): void {
    for (let c = 0; c < this.#channels; c++) memory.relearn(state, first + c * CHANNEL_FIELDS);
  }

  /** @param errors whether the forecast can be trusted (it cannot just after a gap) */
  judge(state: Float32Array, first: number, slot: Slot, input: Batch, row: number, errors: boolean): void {
    const { views } = this;
    let observed = 0;
    let shown = 0;
    let strongest = 0;
    for (let c = 0; c < this.#channels; c++) {
      const at = first + c * CHANNEL_FIELDS;
      const i = row * input.width + c;
      if (input.mask[i] === 1) {
        const z = input.data[i];
        views.judge(state, at, c, z, this.#spreads(slot, c, z), errors);
        observed++;
        shown = Math.max(shown, views.exponent[c]);
      } else views.miss(state, at, c);
      strongest = Math.max(strongest, views.exponent[c]);
    }
    this.observed = observed;
    this.shown = shown;
    this.strongest = strongest;
  }

  /** Learns the row judged last; before the next forecast is remembered. */
  learn(state: Float32Array, first: number, input: Batch, row: number): void {
    for (let c = 0; c < this.#channels; c++) {
      const i = row * input.width + c;
      if (input.mask[i] === 1) this.views.learn(state, first + c * CHANNEL_FIELDS, c, input.data[i]);
    }
  }

  /**
   * Remembers what the net foretells of the next row.
   * @param output [n, C] means, of a gaussian objective [n, 2C] means and log-variances
   * @returns how many of the C forecasts are no numbers
   */
  foretell(state: Float32Array, first: number, output: Float32Array, row: number): number {
    const channels = this.#channels;
    const gaussian = this.#gaussian;
    const means = row * channels * (gaussian ? 2 : 1);
    let unfit = 0;
    for (let c = 0; c < channels; c++) {
      const at = first + c * CHANNEL_FIELDS;
      const mean = output[means + c];
      const logVariance = gaussian ? output[means + channels + c] : 0;
      if (Number.isFinite(mean) && Number.isFinite(logVariance)) memory.foretell(state, at, mean, logVariance);
      else {
        memory.forgetForecast(state, at);
        unfit++;
      }
    }
    return unfit;
  }

  /** How many normal spreads a value is from the centre, whatever the normalisation does to outliers (it squeezes them). */
  #spreads(slot: Slot, channel: number, z: number): number {
    if (Math.abs(z) <= 1) return Math.abs(z);
    const { scaler } = this;
    const center = scaler.toUnits(slot, channel, 0);
    return Math.abs((scaler.toUnits(slot, channel, z) - center) / (scaler.toUnits(slot, channel, 1) - center));
  }
}
