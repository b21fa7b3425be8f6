/** Slots that have something to take, the one that has waited longest first; each at most once. */
import type { Slot } from '../core/contracts.js';

export class WaitingSlots {
  readonly #ring: Int32Array;
  readonly #waits: Uint8Array;
  #first = 0;
  #size = 0;

  /** @param capacity slots, ≥ 1 */
  constructor(capacity: number) {
    this.#ring = new Int32Array(capacity);
    this.#waits = new Uint8Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Puts a slot at the end, unless it waits already. */
  add(slot: Slot): void {
    if (this.#waits[slot] === 1) return;
    this.#waits[slot] = 1;
    this.#ring[(this.#first + this.#size++) % this.#ring.length] = slot;
  }

  /** Takes out the slot that has waited longest; there must be one. */
  next(): Slot {
    const slot = this.#ring[this.#first];
    this.#first = (this.#first + 1) % this.#ring.length;
    this.#size--;
    this.#waits[slot] = 0;
    return slot;
  }
}
