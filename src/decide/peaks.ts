/** What to show a person of an incident: per channel the row in which it stood out most. */
import type { Batch, Scaler, Slot } from '../core/contracts.js';
import type { Contribution } from '../core/events.js';
import { type Memory, PEAK_EXPECTED, PEAK_EXPONENT, PEAK_OBSERVED, PEAK_VIEW } from './memory.js';
import { type ChannelViews, VIEWS } from './views.js';

/** A score of 1: one row in 10^10. */
export const MOST_EXPONENT = 10;

/** The score of an exponent, 0 … 1. */
export function scoreOfExponent(exponent: number): number {
  return Math.min(1, exponent / MOST_EXPONENT);
}

export class Peaks {
  /**
   * @param names of the channels
   * @param leastScore below it a channel has no part in an incident; nor below half of the strongest one's score
   */
  constructor(
    readonly memory: Memory,
    readonly names: readonly string[],
    readonly scaler: Scaler,
    readonly leastScore: number,
  ) {}

  forget(slot: Slot): void {
    for (let c = 0; c < this.names.length; c++) {
      const at = this.memory.channel(slot, c);
      this.memory.channels.fill(0, at + PEAK_EXPONENT, at + PEAK_OBSERVED + 1);
    }
  }

  /** Takes the row that `views` judged last. */
  note(slot: Slot, row: number, input: Batch, views: ChannelViews): void {
    const { channels } = this.memory;
    for (let c = 0; c < this.names.length; c++) {
      const at = this.memory.channel(slot, c);
      if (input.mask[row * input.width + c] !== 1 || views.exponent[c] <= channels[at + PEAK_EXPONENT]) continue;
      const view = views.strongest[c];
      const forecast = views.forecast(at);
      channels[at + PEAK_EXPONENT] = views.exponent[c];
      channels[at + PEAK_VIEW] = view;
      // A forecast soon follows a shifted level; against its own past the value should have been at the centre.
      channels[at + PEAK_EXPECTED] = VIEWS[view] === 'level' || Number.isNaN(forecast) ? 0 : forecast;
      channels[at + PEAK_OBSERVED] = input.data[row * input.width + c];
    }
  }

  /**
   * The channels' parts in the present incident, in their own units; first those whose own level is strange, then those
   * that were only foretold badly, each strongest first. A net that sees one channel far outside its range foretells the
   * others badly too, but a bad forecast moves nobody's level.
   */
  contributions(slot: Slot): Contribution[] {
    const { channels } = this.memory;
    const exponentOf = (c: number): number => channels[this.memory.channel(slot, c) + PEAK_EXPONENT];
    const strongest = this.names.reduce((most, _, c) => Math.max(most, exponentOf(c)), 0);
    const least = Math.max(this.leastScore, scoreOfExponent(strongest) / 2);
    const found: { readonly exponent: number; readonly part: Contribution }[] = [];
    for (const [c, name] of this.names.entries()) {
      const at = this.memory.channel(slot, c);
      const exponent = exponentOf(c);
      const score = scoreOfExponent(exponent);
      if (score < least) continue;
      const expected = this.scaler.toUnits(slot, c, channels[at + PEAK_EXPECTED]);
      const observed = this.scaler.toUnits(slot, c, channels[at + PEAK_OBSERVED]);
      found.push({ exponent, part: { name, view: VIEWS[channels[at + PEAK_VIEW]], expected, observed, score } });
    }
    return found.toSorted((a, b) => levelFirst(a.part, b.part) || b.exponent - a.exponent).map(({ part }) => part);
  }
}

function levelFirst(a: Contribution, b: Contribution): number {
  return Number(b.view === 'level') - Number(a.view === 'level');
}
