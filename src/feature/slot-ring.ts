/** Slots in a row, first in, first out. */
import type { Slot } from '../core/contracts.js';

/** A power of two, as every later size. */
const FIRST_SLOTS = 16;

/** Grows as it must. Each slot is to be in it once at most. */
export class SlotRing {
  #slots = new Int32Array(FIRST_SLOTS);
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** At the end. */
  add(slot: Slot): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#first + this.#size++) & (this.#slots.length - 1)] = slot;
  }

  /** The one that was added first; there must be one. */
  removeFirst(): Slot {
    const slot = this.#slots[this.#first];
    this.#first = (this.#first + 1) & (this.#slots.length - 1);
    this.#size--;
    return slot;
  }

  /** Takes one out wherever it stands; O(size). */
  remove(slot: Slot): void {
    for (let left = this.#size; left > 0; left--) {
      const first = this.removeFirst();
      if (first !== slot) this.add(first);
    }
  }

  #grow(): void {
    const grown = new Int32Array(2 * this.#slots.length);
    const { size } = this;
    for (let i = 0; i < size; i++) grown[i] = this.removeFirst();
    this.#slots = grown;
    this.#first = 0;
    this.#size = size;
  }
}
