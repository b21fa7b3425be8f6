/** When each stream of a lane was heard, in the arrival clock and in its own time. */
import { Blocks, touchRecords } from './core/blocks.js';
import type { Micros, PerSlot, Slot } from './core/contracts.js';
import { UserError } from './core/errors.js';

const VERSION = 1;
const BYTES = 1 + Float64Array.BYTES_PER_ELEMENT;

/** Beside each other, because every message touches all of them. */
const HEARD_US = 0;
const READ_US = 1;
const SKEW_US = 2;
const SILENT = 3;
const FIELDS = 4;

/** How far a stream's own time is ahead of the arrival clock is saved; it says what its time is while it is silent. */
export class StreamClocks implements PerSlot {
  readonly #blocks: Blocks<Float64Array>;

  /** @param capacity streams, ≥ 1 */
  constructor(capacity: number) {
    this.#blocks = new Blocks(capacity, (slots) => new Float64Array(FIELDS * slots));
  }

  /** Until it is heard, a stream has the time of this machine. */
  open(slot: Slot, _stream: string): void {
    this.#blocks.open(slot);
    const at = this.#at(slot);
    this.#blocks.of(slot).fill(0, at, at + FIELDS);
  }

  leave(slot: Slot): void {
    this.#blocks.leave(slot);
  }

  touch(slots: Int32Array, n: number): number {
    return touchRecords(this.#blocks, FIELDS, slots, n);
  }

  /**
   * @param us event time of the reading
   * @param arrivedUs arrival clock (not event time) at the message
   * @param nowUs arrival clock as far as it has come: a message may be older
   */
  heard(slot: Slot, us: Micros, arrivedUs: Micros, nowUs: Micros): void {
    const clocks = this.#blocks.of(slot);
    const at = this.#at(slot);
    clocks[at + HEARD_US] = nowUs;
    clocks[at + READ_US] = us;
    clocks[at + SKEW_US] = us - arrivedUs;
  }

  /** Silence counts from `nowUs` of the arrival clock. */
  forgive(slot: Slot, nowUs: Micros): void {
    this.#blocks.of(slot)[this.#at(slot) + HEARD_US] = nowUs;
  }

  /** The last reading before a restart was at `us`, event time. */
  restored(slot: Slot, us: Micros): void {
    this.#blocks.of(slot)[this.#at(slot) + READ_US] = us;
  }

  /** How far the arrival clock had come at the last message: in the order of use it never falls. */
  heardUs(slot: Slot): Micros {
    return this.#blocks.of(slot)[this.#at(slot) + HEARD_US];
  }

  /** Event time of the last reading. */
  readUs(slot: Slot): Micros {
    return this.#blocks.of(slot)[this.#at(slot) + READ_US];
  }

  /** Event time of the stream when the arrival clock says `nowUs`. */
  presentUs(slot: Slot, nowUs: Micros): Micros {
    return nowUs + this.#blocks.of(slot)[this.#at(slot) + SKEW_US];
  }

  isSilent(slot: Slot): boolean {
    return this.#blocks.of(slot)[this.#at(slot) + SILENT] === 1;
  }

  setSilent(slot: Slot, silent: boolean): void {
    this.#blocks.of(slot)[this.#at(slot) + SILENT] = silent ? 1 : 0;
  }

  save(slot: Slot): Uint8Array {
    const bytes = new Uint8Array(BYTES);
    bytes[0] = VERSION;
    new DataView(bytes.buffer).setFloat64(1, this.presentUs(slot, 0));
    return bytes;
  }

  load(slot: Slot, bytes: Uint8Array): void {
    if (bytes[0] !== VERSION || bytes.length !== BYTES) {
      throw new UserError('SNAPSHOT_INVALID', "the saved clock of a stream does not fit this version's form", {
        hint: 'delete the saved state; the stream starts anew',
      });
    }
    const skewUs = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(1);
    this.#blocks.of(slot)[this.#at(slot) + SKEW_US] = skewUs;
  }

  #at(slot: Slot): number {
    return FIELDS * this.#blocks.place(slot);
  }
}
