/** When each stream of an audio lane began: the zero of its "seconds of audio". */
import type { Micros, PerSlot, Slot } from './core/contracts.js';
import { UserError } from './core/errors.js';

const SAVE_VERSION = 1;
const SAVE_BYTES = 9;

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

  save(slot: Slot): Uint8Array {
    const bytes = new Uint8Array(SAVE_BYTES);
    bytes[0] = SAVE_VERSION;
    new DataView(bytes.buffer).setFloat64(1, this.#us[slot], true);
    return bytes;
  }

  load(slot: Slot, bytes: Uint8Array): void {
    if (bytes[0] !== SAVE_VERSION || bytes.length !== SAVE_BYTES) {
      throw new UserError('SNAPSHOT_INVALID', 'the saved origin of an audio stream has another form', {
        hint: 'it was saved by another version; start this stream anew',
      });
    }
    this.#us[slot] = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(1, true);
  }
}
