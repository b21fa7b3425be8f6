/**
 * What the anomaly decider remembers, in blocks of slots: per slot the stream's own numbers (float64: times in µs), then
 * its channels' (float32), 88 + 168 · channels bytes, side by side because they are used together.
 */
import { Blocks } from '../core/blocks.js';
import type { Slot } from '../core/contracts.js';
import { unfitState } from '../core/saved-state.js';
import { VIEW_FIELDS } from './channel-memory.js';
import { INCIDENT_FIELDS } from './incidents.js';

/** Of a stream: its machines, then */
export const ROWS = INCIDENT_FIELDS;
export const SETTLING = INCIDENT_FIELDS + 1;
const STREAM_FIELDS = INCIDENT_FIELDS + 2;

/** Of a channel: its views, then the row in which it stood out most during the present incident. */
export const PEAK_EXPONENT = VIEW_FIELDS;
export const PEAK_VIEW = VIEW_FIELDS + 1;
export const PEAK_EXPECTED = VIEW_FIELDS + 2;
export const PEAK_OBSERVED = VIEW_FIELDS + 3;
/** Even, so that the float64 of the next slot are aligned. */
export const CHANNEL_FIELDS = VIEW_FIELDS + 4 + ((VIEW_FIELDS + 4) % 2);

/** Version of the layout and of the meaning of its numbers. */
export const MEMORY_VERSION = 2;

/** On x64 and on most Arm cores. */
const CACHE_LINE_BYTES = 64;
/** What has room in the second cache of a processor beside all else. */
const NEAR_BYTES = 512 * 1024;

/** The memory of some slots: the same bytes seen as float64 (streams) and as float32 (channels). */
export interface Slab {
  readonly streams: Float64Array;
  readonly channels: Float32Array;
  readonly bytes: Uint8Array;
  /** Names of the streams; part of no saved state. */
  readonly names: string[];
}

export class Memory {
  /** Float64 of one slot: its bytes / 8. */
  readonly #slotFields: number;
  readonly #blocks: Blocks<Slab>;
  /** Open slots. */
  #size = 0;
  /** What `touch` has read: a sum that nobody asks for would not be read at all. */
  touched = 0;

  /** @param capacity slots, ≥ 1 */
  constructor(capacity: number, channels: number) {
    this.#slotFields = STREAM_FIELDS + (CHANNEL_FIELDS * channels) / 2;
    this.#blocks = new Blocks(capacity, (slots) => {
      const bytes = new ArrayBuffer(8 * this.#slotFields * slots);
      return {
        streams: new Float64Array(bytes),
        channels: new Float32Array(bytes),
        bytes: new Uint8Array(bytes),
        names: Array.from({ length: slots }, () => ''),
      };
    });
  }

  /** The slot gets memory, with whatever the stream before left in it. */
  open(slot: Slot, stream: string): void {
    if (!this.#blocks.isOpen(slot)) this.#size++;
    this.#blocks.open(slot);
    this.of(slot).names[this.#blocks.place(slot)] = stream;
  }

  leave(slot: Slot): void {
    if (!this.#blocks.isOpen(slot)) return;
    this.of(slot).names[this.#blocks.place(slot)] = '';
    this.#blocks.leave(slot);
    this.#size--;
  }

  /** The slab that the slot is in. */
  of(slot: Slot): Slab {
    return this.#blocks.of(slot);
  }

  /**
   * Reads a little of all that is remembered of `slots[from … to)`, unless there are so few streams that it is near
   * anyway. Of very many hardly any is in the processor's caches, and judging row by row would wait for main memory several
   * times a row; here it fetches many at a time: with 100,000 streams in random order a row was measured at 0.4 instead of
   * 0.75 µs.
   */
  touch(slots: Int32Array, from: number, to: number): void {
    const slotBytes = 8 * this.#slotFields;
    if (this.#size * slotBytes < NEAR_BYTES) return;
    let touched = 0;
    for (let i = from; i < to; i++) {
      const { bytes, names } = this.of(slots[i]);
      const place = this.#blocks.place(slots[i]);
      const end = (place + 1) * slotBytes;
      for (let at = place * slotBytes; at < end; at += CACHE_LINE_BYTES) touched += bytes[at];
      touched += bytes[end - 1] + names[place].length;
    }
    this.touched = touched;
  }

  nameOf(slot: Slot): string {
    return this.of(slot).names[this.#blocks.place(slot)];
  }

  /** Where the stream's numbers begin in its slab's `streams`. */
  stream(slot: Slot): number {
    return this.#blocks.place(slot) * this.#slotFields;
  }

  /** Where the numbers of the stream's first channel begin in its slab's `channels`; the next is `CHANNEL_FIELDS` on. */
  channels(slot: Slot): number {
    return 2 * (this.#blocks.place(slot) * this.#slotFields + STREAM_FIELDS);
  }

  /** @returns a copy of the slot, its version in the first byte */
  save(slot: Slot): Uint8Array {
    const at = 8 * this.stream(slot);
    const size = 8 * this.#slotFields;
    const bytes = new Uint8Array(1 + size);
    bytes[0] = MEMORY_VERSION;
    bytes.set(this.of(slot).bytes.subarray(at, at + size), 1);
    return bytes;
  }

  /** @throws UserError `SNAPSHOT_INVALID` for another version or size */
  load(slot: Slot, bytes: Uint8Array): void {
    this.assertFits(bytes);
    this.of(slot).bytes.set(bytes.subarray(1), 8 * this.stream(slot));
  }

  /** @throws UserError `SNAPSHOT_INVALID` for what `load` would refuse */
  assertFits(bytes: Uint8Array): void {
    if (bytes[0] !== MEMORY_VERSION || bytes.length !== 1 + 8 * this.#slotFields)
      throw unfitState('the watch over a stream');
  }
}
