/** When each stream of an audio lane began: the zero of its "seconds of audio". */
import type { Micros, PerSlot, Slot } from './core/contracts.js';
import { loadNumbers, saveNumbers, unfitState } from './core/saved-state.js';

const VERSION = 1;
const SAVED = 'the beginning of an audio stream';

export class Origins implements PerSlot {
  /** NaN until the first sample. */
  readonly #us: Float64Array;

  constructor(capacity: number) {
    this.#us = new Float64Array(capacity).fill(Number.NaN);
  }

  /** Bound: it is handed to the deciders. */
  readonly of = (slot: Slot): Micros => this.#us[slot];

  open(slot: Slot, _stream: string): void {
    this.#us[slot] = Number.NaN;
  }

  /** Only the first counts. */
  heard(slot: Slot, us: Micros): void {
    if (Number.isNaN(this.#us[slot])) this.#us[slot] = us;
  }

  /** One number a slot is kept. */
  leave(_slot: Slot): void {}

  save(slot: Slot): Uint8Array {
    return saveNumbers(VERSION, this.#us.subarray(slot, slot + 1));
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const saved = loadNumbers(VERSION, bytes, SAVED);
    if (saved.length !== 1) throw unfitState(SAVED);
    this.#us[slot] = saved[0];
  }
}
