/**
 * What the anomaly decider remembers, all streams in one slab of memory: per slot the stream's own numbers (float64:
 * times in µs), then its channels' (float32), 88 + 168 · channels bytes.
 */
import type { Slot } from '../core/contracts.js';
import { unfitState } from '../core/saved-state.js';
import { INCIDENT_FIELDS } from './incidents.js';
import { VIEW_FIELDS } from './views.js';

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
const CHANNEL_FIELDS = VIEW_FIELDS + 4 + ((VIEW_FIELDS + 4) % 2);

/** Version of the layout and of the meaning of its numbers. */
export const MEMORY_VERSION = 2;

/** The slab: the same bytes seen as float64 (streams) and as float32 (channels). */
export class Memory {
  readonly streams: Float64Array;
  readonly channels: Float32Array;
  /** Bytes of one slot. */
  readonly slotBytes: number;
  readonly #bytes: Uint8Array;

  /** @param capacity slots, ≥ 1 */
  constructor(capacity: number, channels: number) {
    this.slotBytes = 8 * STREAM_FIELDS + 4 * CHANNEL_FIELDS * channels;
    const slab = new ArrayBuffer(this.slotBytes * capacity);
    this.streams = new Float64Array(slab);
    this.channels = new Float32Array(slab);
    this.#bytes = new Uint8Array(slab);
  }

  /** Where the stream's numbers begin in `streams`. */
  stream(slot: Slot): number {
    return (slot * this.slotBytes) / 8;
  }

  /** Where the channel's numbers begin in `channels`. */
  channel(slot: Slot, channel: number): number {
    return (slot * this.slotBytes) / 4 + 2 * STREAM_FIELDS + CHANNEL_FIELDS * channel;
  }

  /** @returns a copy of the slot, its version in the first byte */
  save(slot: Slot): Uint8Array {
    const bytes = new Uint8Array(1 + this.slotBytes);
    bytes[0] = MEMORY_VERSION;
    bytes.set(this.#bytes.subarray(slot * this.slotBytes, (slot + 1) * this.slotBytes), 1);
    return bytes;
  }

  /** @throws UserError `SNAPSHOT_INVALID` for another version or size */
  load(slot: Slot, bytes: Uint8Array): void {
    if (bytes[0] !== MEMORY_VERSION || bytes.length !== 1 + this.slotBytes) {
      throw unfitState('the watch over a stream');
    }
    this.#bytes.set(bytes.subarray(1), slot * this.slotBytes);
  }
}
