/** The scales of streams that training never saw: found while they warm up. */
import type { ChannelScale } from '../core/card.js';
import { learnValue, SAMPLE_FIELDS, SAMPLE_VALUES, sampleQuantile, seenBy } from './sample.js';
import { SampleStore, type SampleHandle } from './sample-store.js';
import { CHANNEL, CHANNEL_FIELDS, ROUNDING_SPREAD } from './scaling.js';

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

/** Quartiles of C channels of every stream that is warming up, from bounded samples. */
export class WarmUps {
  /** Numbers that one stream takes when it is saved. */
  readonly savedFields: number;
  readonly #store: SampleStore;

  /**
   * @param pooled [C] what the other streams are like, for as long as one has shown too little
   * @param capacity streams that warm up at a time, ≥ 1
   */
  constructor(
    private readonly pooled: readonly ChannelScale[],
    capacity: number,
  ) {
    this.savedFields = SAMPLE_FIELDS * pooled.length;
    this.#store = new SampleStore(pooled.length, capacity);
  }

  /** A stream that has shown nothing yet. */
  begin(): SampleHandle {
    return this.#store.take();
  }

  /** It has found its scale, or has left. */
  end(handle: SampleHandle): void {
    this.#store.give(handle);
  }

  /** To be called before the stream's `rows`-th row is learnt. @returns the handle from now on */
  makeRoom(handle: SampleHandle, rows: number): SampleHandle {
    return this.#store.grow(handle, rows);
  }

  /** @param value observed, in the channel's unit */
  learn(handle: SampleHandle, channel: number, value: number): void {
    learnValue(this.#store.state(handle), this.#store.at(handle, channel), value);
  }

  /** Writes the scales so far to a stream's memory of C channels (`CHANNEL`): median, and distance of the quartiles / 1.349. */
  estimate(handle: SampleHandle, memory: Float64Array, memoryAt: number): void {
    const state = this.#store.state(handle);
    for (let c = 0, channel = memoryAt; c < this.pooled.length; c++, channel += CHANNEL_FIELDS) {
      const pooled = this.pooled[c];
      const at = this.#store.at(handle, c);
      const known = seenBy(state, at) >= LEAST_OBSERVED;
      const center = known ? sampleQuantile(state, at, 0.5) : pooled.center;
      const quartiles = known ? sampleQuantile(state, at, 0.75) - sampleQuantile(state, at, 0.25) : 0;
      const spread = known ? quartiles / SIGMAS_PER_IQR : pooled.scale;
      const least = Math.max(LEAST_SPREAD * pooled.scale, ROUNDING_SPREAD * Math.abs(center));
      memory[channel + CHANNEL.center] = center;
      memory[channel + CHANNEL.scale] = Math.min(Math.max(spread, least), Number.MAX_VALUE);
    }
  }

  /** Copies what was learnt to `out[at … at + savedFields)`. */
  save(handle: SampleHandle, out: Float64Array, at: number): void {
    const state = this.#store.state(handle);
    for (let c = 0; c < this.pooled.length; c++) {
      const from = this.#store.at(handle, c);
      const to = at + SAMPLE_FIELDS * c;
      out.set(state.subarray(from, from + usedFields(state, from)), to);
    }
  }

  /** The inverse of `save`, into a stream that has begun. @returns the handle from now on */
  load(handle: SampleHandle, saved: Float64Array, at: number): SampleHandle {
    let rows = 0;
    for (let c = 0; c < this.pooled.length; c++) rows = Math.max(rows, seenBy(saved, at + SAMPLE_FIELDS * c));
    const grown = this.makeRoom(handle, rows);
    for (let c = 0; c < this.pooled.length; c++) {
      const from = at + SAMPLE_FIELDS * c;
      this.#store.state(grown).set(saved.subarray(from, from + usedFields(saved, from)), this.#store.at(grown, c));
    }
    return grown;
  }

  /** Whether `load` can take it: every channel has seen a number of values, at most one a row. */
  fits(saved: Float64Array, at: number, rows: number): boolean {
    for (let c = 0; c < this.pooled.length; c++) {
      const seen = seenBy(saved, at + SAMPLE_FIELDS * c);
      if (!(Number.isSafeInteger(seen) && seen >= 0 && seen <= rows)) return false;
    }
    return true;
  }
}

/** Numbers of a sample that mean something. */
function usedFields(state: Float64Array, at: number): number {
  return SAMPLE_FIELDS - SAMPLE_VALUES + Math.min(seenBy(state, at), SAMPLE_VALUES);
}
