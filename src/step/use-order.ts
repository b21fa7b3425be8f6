/** Slots in the order of their last use. */
import { Blocks } from '../core/blocks.js';
import type { Slot } from '../core/contracts.js';

const NONE = -1;
const FIRST_PLACES = 64;
/** At least, when the log is written anew: the next time is three uses of every slot away. */
const PLACES_A_SLOT = 4;

/**
 * A log of uses in which each slot stands once: a use crosses the slot's former entry out and writes a new one at the end.
 * Unlike a linked list it touches nobody else's memory, which among a hundred thousand streams would not be in the
 * processor's caches. When the log is full it is written anew without what was crossed out: O(1) a use on average.
 */
export class UseOrder {
  /** Slots, the one used last at the end; `NONE` = crossed out. */
  #log = new Int32Array(FIRST_PLACES);
  #from = 0;
  #to = 0;
  #size = 0;
  /** Where each slot stands in the log; `NONE` = it is not in it. */
  readonly #places: Blocks<Int32Array>;
  /**
   * The slot that came after the one used last when that was used the time before; −1 = not known. It may have been left
   * meanwhile.
   */
  next: Slot = NONE;

  /** @param capacity slots, ≥ 1 */
  constructor(capacity: number) {
    this.#places = new Blocks(capacity, (slots) => new Int32Array(slots).fill(NONE));
  }

  /** The slot used least recently; −1 when there is none. */
  get oldest(): Slot {
    this.#skip();
    return this.#from < this.#to ? this.#log[this.#from] : NONE;
  }

  /** The slot takes part from now on, as the one used last. */
  open(slot: Slot): void {
    this.#places.open(slot);
    this.#size++;
    this.#append(this.#places.of(slot), this.#places.place(slot), slot);
  }

  touch(slots: Int32Array, n: number): number {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += this.#places.of(slots[i])[this.#places.place(slots[i])];
    return sum;
  }

  /** @param slot opened before */
  use(slot: Slot): void {
    const places = this.#places.of(slot);
    const place = this.#places.place(slot);
    const at = places[place];
    if (at === this.#to - 1) return;
    this.next = this.#log[at + 1];
    this.#log[at] = NONE;
    this.#append(places, place, slot);
  }

  /** The slot takes part no longer. */
  leave(slot: Slot): void {
    const places = this.#places.of(slot);
    this.#log[places[this.#places.place(slot)]] = NONE;
    places[this.#places.place(slot)] = NONE;
    this.#places.leave(slot);
    this.#size--;
    // After a flood of names the log is mostly room.
    if (this.#log.length > FIRST_PLACES && 8 * this.#size < this.#log.length) this.#rewrite();
  }

  /** All slots, the one used least recently first. None may be used, opened or left meanwhile. */
  *[Symbol.iterator](): IterableIterator<Slot> {
    this.#skip();
    for (let i = this.#from; i < this.#to; i++) if (this.#log[i] !== NONE) yield this.#log[i];
  }

  /** What is crossed out at the beginning of the log is looked at once. */
  #skip(): void {
    while (this.#from < this.#to && this.#log[this.#from] === NONE) this.#from++;
  }

  #append(places: Int32Array, place: number, slot: Slot): void {
    if (this.#to === this.#log.length) this.#rewrite();
    places[place] = this.#to;
    this.#log[this.#to++] = slot;
  }

  /** Without what was crossed out. */
  #rewrite(): void {
    let length = FIRST_PLACES;
    while (length < PLACES_A_SLOT * this.#size) length *= 2;
    const old = this.#log;
    // In its place, which is ahead of where it is read.
    const log = length === old.length ? old : new Int32Array(length);
    let to = 0;
    for (let i = this.#from; i < this.#to; i++) {
      const slot = old[i];
      if (slot === NONE) continue;
      this.#places.of(slot)[this.#places.place(slot)] = to;
      log[to++] = slot;
    }
    this.#log = log;
    this.#from = 0;
    this.#to = to;
  }
}
