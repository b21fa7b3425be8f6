/** Slots that have rows waiting, the one that has waited longest first; each at most once. */
import type { Slot } from '../core/contracts.js';

export class ReadySlots {
  /** A ring. */
  readonly #slots: Int32Array;
  readonly #waits: Uint8Array;
  #first = 0;
  #size = 0;

  /** @param capacity slots, ≥ 1 */
  constructor(capacity: number) {
    this.#slots = new Int32Array(capacity);
    this.#waits = new Uint8Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** At the end, unless it waits already. */
  add(slot: Slot): void {
    if (this.#waits[slot] === 1) return;
    this.#waits[slot] = 1;
    this.#slots[(this.#first + this.#size++) % this.#slots.length] = slot;
  }

  /** Removes the first; there must be one. */
  take(): Slot {
    const slot = this.#slots[this.#first];
    this.#first = (this.#first + 1) % this.#slots.length;
    this.#size--;
    this.#waits[slot] = 0;
    return slot;
  }
}
