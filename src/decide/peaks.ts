/** What to show a person of an incident: per channel the row in which it stood out most. */
import type { Batch, Scaler, Slot } from '../core/contracts.js';
import type { Contribution } from '../core/events.js';
import { forecast, VIEWS } from './channel-memory.js';
import { CHANNEL_FIELDS, PEAK_EXPECTED, PEAK_EXPONENT, PEAK_OBSERVED, PEAK_VIEW } from './memory.js';
import type { ChannelViews } from './views.js';

/** A score of 1: one row in 10^10. */
export const MOST_EXPONENT = 10;

/** The score of an exponent, 0 … 1. */
export function scoreOfExponent(exponent: number): number {
  return Math.min(1, exponent / MOST_EXPONENT);
}

/** What a channel shows by itself; a bad forecast may be another channel's doing. */
function isOwn(view: number): boolean {
  return VIEWS[view] === 'level' || VIEWS[view] === 'still';
}

/**
 * A net that sees one channel far outside its range foretells the others badly too, but a bad forecast moves nobody's
 * values. So a channel whose own values are strange is told by those, before all that were only foretold badly.
 */
export class Peaks {
  /**
   * @param names of the channels
   * @param leastExponent below it a channel has no part in an incident
   */
  constructor(
    readonly names: readonly string[],
    readonly scaler: Scaler,
    readonly leastExponent: number,
  ) {}

  /** @param first where the stream's channels begin in `state` */
  forget(state: Float32Array, first: number): void {
    for (let c = 0; c < this.names.length; c++) {
      const at = first + c * CHANNEL_FIELDS;
      state.fill(0, at + PEAK_EXPONENT, at + PEAK_OBSERVED + 1);
    }
  }

  /** Takes the row that `views` judged last. @param first where the stream's channels begin in `state` */
  note(state: Float32Array, first: number, row: number, input: Batch, views: ChannelViews): void {
    for (let c = 0; c < this.names.length; c++) {
      if (input.mask[row * input.width + c] !== 1) continue;
      const at = first + c * CHANNEL_FIELDS;
      const own = views.strongestOwn(c);
      const isStrange = views.exponentOf(c, own) >= this.leastExponent;
      const view = isStrange ? own : views.strongest[c];
      const exponent = isStrange ? views.exponentOf(c, own) : views.exponent[c];
      const outranks = isStrange === this.#isStrange(state, at) ? exponent > state[at + PEAK_EXPONENT] : isStrange;
      if (!outranks) continue;
      const foretold = forecast(state, at);
      state[at + PEAK_EXPONENT] = exponent;
      state[at + PEAK_VIEW] = view;
      // A forecast soon follows a shifted level; against its own past the value should have been at the centre.
      state[at + PEAK_EXPECTED] = VIEWS[view] === 'level' || Number.isNaN(foretold) ? 0 : foretold;
      state[at + PEAK_OBSERVED] = input.data[row * input.width + c];
    }
  }

  /**
   * The channels' parts in the present incident, in their own units: first those whose own values are strange, then those
   * that were only foretold badly (unless by far less so than the worst), each strongest first.
   * @param first where the channels of the stream in `slot` begin in `state`
   */
  contributions(state: Float32Array, first: number, slot: Slot): Contribution[] {
    const places = this.names.map((name, c) => ({ name, c, at: first + c * CHANNEL_FIELDS }));
    const exponentAt = (at: number): number => state[at + PEAK_EXPONENT];
    const strongest = places.reduce((most, { at }) => Math.max(most, exponentAt(at)), 0);
    const least = Math.max(this.leastExponent, strongest / 2);
    return places
      .filter(({ at }) => this.#isStrange(state, at) || exponentAt(at) >= least)
      .toSorted(
        (a, b) =>
          Number(this.#isStrange(state, b.at)) - Number(this.#isStrange(state, a.at)) ||
          exponentAt(b.at) - exponentAt(a.at),
      )
      .map(({ name, c, at }) => ({
        name,
        view: VIEWS[state[at + PEAK_VIEW]],
        expected: this.scaler.toUnits(slot, c, state[at + PEAK_EXPECTED]),
        observed: this.scaler.toUnits(slot, c, state[at + PEAK_OBSERVED]),
        score: scoreOfExponent(exponentAt(at)),
      }));
  }

  /** Whether what is noted of the channel at `at` are its own strange values. */
  #isStrange(state: Float32Array, at: number): boolean {
    return isOwn(state[at + PEAK_VIEW]) && state[at + PEAK_EXPONENT] >= this.leastExponent;
  }
}
