/** The scale of one stream's channels: from the model card, or found while it warms up. */
import type { ChannelScale } from '../core/card.js';
import { ROUNDING_SPREAD } from './scaling.js';
import { learnValue, SAMPLE_FIELDS, sampleQuantile, seenBy } from './sample.js';

/** Fewer observed values than this say less than the other streams do. */
const LEAST_OBSERVED = 20;
/** Distance between the quartiles of a normal distribution, in standard deviations. */
const SIGMAS_PER_IQR = 1.349;
/**
 * A stream of a known kind may be quieter than the others, but a tenth of their spread is the least that is believed:
 * else a channel that stood still during the warm-up would make every later movement an outlier. The card's spreads
 * already hold the channel's noise floor.
 */
const LEAST_SPREAD = 0.1;

/** Quartiles of C channels from bounded samples. */
export class WarmUp {
  readonly state: Float64Array;

  /** @param pooled [C] what the other streams are like, for as long as this one has shown too little */
  constructor(private readonly pooled: readonly ChannelScale[]) {
    this.state = new Float64Array(WarmUp.fieldsFor(pooled.length));
  }

  static fieldsFor(channels: number): number {
    return SAMPLE_FIELDS * channels;
  }

  /** @param value observed, in the channel's unit */
  learn(channel: number, value: number): void {
    learnValue(this.state, SAMPLE_FIELDS * channel, value);
  }

  /** Writes the scales so far into `scales` [C]: median, and distance of the quartiles / 1.349. */
  estimate(scales: ChannelScale[]): void {
    for (let c = 0; c < scales.length; c++) {
      const pooled = this.pooled[c];
      const known = seenBy(this.state, SAMPLE_FIELDS * c) >= LEAST_OBSERVED;
      scales[c].center = known ? this.#quantile(c, 0.5) : pooled.center;
      const spread = known ? (this.#quantile(c, 0.75) - this.#quantile(c, 0.25)) / SIGMAS_PER_IQR : pooled.scale;
      const least = Math.max(LEAST_SPREAD * pooled.scale, ROUNDING_SPREAD * Math.abs(scales[c].center));
      scales[c].scale = Math.min(Math.max(spread, least), Number.MAX_VALUE);
    }
  }

  #quantile(channel: number, p: number): number {
    return sampleQuantile(this.state, SAMPLE_FIELDS * channel, p);
  }
}

/** Copies, so that a stream's own scale can change without changing the card. */
export function copyScales(scales: readonly ChannelScale[]): ChannelScale[] {
  return scales.map(({ center, scale }) => ({ center, scale }));
}
