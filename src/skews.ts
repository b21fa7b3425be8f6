/** How far each stream's event time is ahead of the arrival clock: what the device's clock says while it is silent. */
import type { Micros, PerSlot, Slot } from './core/contracts.js';
import { UserError } from './core/errors.js';

const VERSION = 1;
const BYTES = 1 + Float64Array.BYTES_PER_ELEMENT;

export class Skews implements PerSlot {
  readonly #skewUs: Float64Array;

  constructor(capacity: number) {
    this.#skewUs = new Float64Array(capacity);
  }

  /** Until it is heard, a stream has the time of this machine. */
  open(slot: Slot): void {
    this.#skewUs[slot] = 0;
  }

  heard(slot: Slot, us: Micros, arrivedUs: Micros): void {
    this.#skewUs[slot] = us - arrivedUs;
  }

  /** Event time of the stream when the arrival clock says `nowUs`. */
  presentUs(slot: Slot, nowUs: Micros): Micros {
    return nowUs + this.#skewUs[slot];
  }

  /** One number a slot is kept. */
  leave(_slot: Slot): void {}

  save(slot: Slot): Uint8Array {
    const bytes = new Uint8Array(BYTES);
    bytes[0] = VERSION;
    new DataView(bytes.buffer).setFloat64(1, this.#skewUs[slot]);
    return bytes;
  }

  load(slot: Slot, bytes: Uint8Array): void {
    if (bytes[0] !== VERSION || bytes.length !== BYTES) {
      throw new UserError('SNAPSHOT_INVALID', "the saved clock of a stream does not fit this version's form", {
        hint: 'delete the saved state; the stream starts anew',
      });
    }
    this.#skewUs[slot] = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(1);
  }
}
