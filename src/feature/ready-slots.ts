/** Slots that have rows waiting, the one that has waited longest first; each at most once. */
import type { Batch, Slot } from '../core/contracts.js';
import { SlotRing } from './slot-ring.js';

/**
 * Moves the slot's oldest row into row `out.n`, and counts it there. There is none when the slot was opened anew meanwhile:
 * it has lost its rows, but not its place.
 * @returns whether the slot has another
 */
export type GiveWaiting = (slot: Slot, out: Batch) => boolean;

export class ReadySlots {
  readonly #ring = new SlotRing();
  /** 1 = it is in the ring. */
  readonly #waits: Uint8Array;

  /** @param capacity slots, ≥ 1 */
  constructor(capacity: number) {
    this.#waits = new Uint8Array(capacity);
  }

  /** At the end, unless it waits already. */
  add(slot: Slot): void {
    if (this.#waits[slot] === 1) return;
    this.#waits[slot] = 1;
    this.#ring.add(slot);
  }

  /** Fills `out` with at most one row a slot, those that have waited longest. @returns their number, as in `out.n` */
  fill(out: Batch, give: GiveWaiting): number {
    out.n = 0;
    for (let waiting = this.#ring.size; waiting > 0 && out.n < out.slot.length; waiting--) {
      const slot = this.#ring.removeFirst();
      this.#waits[slot] = 0;
      if (give(slot, out)) this.add(slot);
    }
    return out.n;
  }
}
