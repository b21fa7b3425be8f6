/** The scale of one stream's channels: from the model card, or found while it warms up. */
import type { ChannelScale } from '../core/card.js';
import { learnP2, P2_FIELDS, quantileP2, seenBy } from './p2.js';

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

const QUARTILES = [0.25, 0.5, 0.75] as const;
const CHANNEL_FIELDS = QUARTILES.length * P2_FIELDS;

/** Streaming quartiles of C channels; O(1) memory and time. */
export class WarmUp {
  readonly state: Float64Array;

  /** @param pooled [C] what the other streams are like, for as long as this one has shown too little */
  constructor(private readonly pooled: readonly ChannelScale[]) {
    this.state = new Float64Array(WarmUp.fieldsFor(pooled.length));
  }

  static fieldsFor(channels: number): number {
    return CHANNEL_FIELDS * channels;
  }

  /** @param value observed, in the channel's unit */
  learn(channel: number, value: number): void {
    for (let i = 0; i < QUARTILES.length; i++) learnP2(this.state, this.#at(channel, i), QUARTILES[i], value);
  }

  /** Writes the scales so far into `scales` [C]: median, and distance of the quartiles / 1.349. */
  estimate(scales: ChannelScale[]): void {
    for (let c = 0; c < scales.length; c++) {
      const pooled = this.pooled[c];
      const known = seenBy(this.state, this.#at(c, 0)) >= LEAST_OBSERVED;
      scales[c].center = known ? this.#quartile(c, 1) : pooled.center;
      const spread = known ? (this.#quartile(c, 2) - this.#quartile(c, 0)) / SIGMAS_PER_IQR : pooled.scale;
      scales[c].scale = Math.max(spread, LEAST_SPREAD * pooled.scale);
    }
  }

  #quartile(channel: number, i: number): number {
    return quantileP2(this.state, this.#at(channel, i), QUARTILES[i]);
  }

  #at(channel: number, i: number): number {
    return CHANNEL_FIELDS * channel + P2_FIELDS * i;
  }
}

/** Copies, so that a stream's own scale can change without changing the card. */
export function copyScales(scales: readonly ChannelScale[]): ChannelScale[] {
  return scales.map(({ center, scale }) => ({ center, scale }));
}
