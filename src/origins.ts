/** When each stream of an audio lane began: the zero of its "seconds of audio". */
import { Blocks } from './core/blocks.js';
import type { Micros, PerSlot, Slot } from './core/contracts.js';
import { loadNumbers, saveNumbers, unfitState } from './core/saved-state.js';

const VERSION = 1;
const SAVED = 'the beginning of an audio stream';

export class Origins implements PerSlot {
  /** NaN until the first sample. */
  readonly #us: Blocks<Float64Array>;

  constructor(capacity: number) {
    this.#us = new Blocks(capacity, (slots) => new Float64Array(slots));
  }

  /** Bound: it is handed to the deciders. */
  readonly of = (slot: Slot): Micros => this.#us.of(slot)[this.#us.place(slot)];

  open(slot: Slot, _stream: string): void {
    this.#us.open(slot);
    this.#set(slot, Number.NaN);
  }

  leave(slot: Slot): void {
    this.#us.leave(slot);
  }

  /** Only the first counts. */
  heard(slot: Slot, us: Micros): void {
    if (Number.isNaN(this.of(slot))) this.#set(slot, us);
  }

  save(slot: Slot): Uint8Array {
    return saveNumbers(VERSION, Float64Array.of(this.of(slot)));
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const saved = loadNumbers(VERSION, bytes, SAVED);
    if (saved.length !== 1) throw unfitState(SAVED);
    this.#set(slot, saved[0]);
  }

  #set(slot: Slot, us: Micros): void {
    this.#us.of(slot)[this.#us.place(slot)] = us;
  }
}
