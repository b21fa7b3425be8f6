/** Samples (see `sample.ts`) of many streams, C channels each, that take no more room than they need. */
import { Blocks, slotsForBytes } from '../core/blocks.js';
import { FreeSlots } from '../core/free-slots.js';
import { SAMPLE_FIELDS, SAMPLE_VALUES } from './sample.js';

/** Of a hundred thousand new streams most may be heard but a few times: a full sample each would be a kilobyte a channel. */
const SIZES = [4, 16, 64, SAMPLE_VALUES] as const;

/** Names the samples of one stream, until they grow. */
export type SampleHandle = number;

/** Those that have room for the same number of values a channel. */
class SamplesOfSize {
  /** Numbers that the C samples of a stream take. */
  readonly fields: number;
  readonly #free: FreeSlots;
  readonly #blocks: Blocks<Float64Array>;

  constructor(
    readonly values: number,
    channels: number,
    capacity: number,
  ) {
    const fields = (SAMPLE_FIELDS - SAMPLE_VALUES + values) * channels;
    this.fields = fields;
    this.#free = new FreeSlots(capacity);
    const blockSlots = slotsForBytes(fields * Float64Array.BYTES_PER_ELEMENT);
    this.#blocks = new Blocks(capacity, (slots) => new Float64Array(slots * fields), { blockSlots });
  }

  /** @returns the place of a stream whose samples have seen nothing */
  take(): number {
    const place = this.#free.take();
    this.#blocks.open(place);
    const at = this.at(place);
    this.state(place).fill(0, at, at + this.fields);
    return place;
  }

  give(place: number): void {
    this.#blocks.leave(place);
    this.#free.give(place);
  }

  state(place: number): Float64Array {
    return this.#blocks.of(place);
  }

  at(place: number): number {
    return this.fields * this.#blocks.place(place);
  }
}

export class SampleStore {
  readonly #sizes: readonly SamplesOfSize[];

  /**
   * @param channels samples a stream
   * @param capacity streams that have samples at a time, ≥ 1
   */
  constructor(
    private readonly channels: number,
    capacity: number,
  ) {
    this.#sizes = SIZES.map((values) => new SamplesOfSize(values, channels, capacity));
  }

  /** Samples of a stream, with room for four values. */
  take(): SampleHandle {
    return this.#sizes[0].take() * SIZES.length;
  }

  give(handle: SampleHandle): void {
    this.#sizeOf(handle).give(placeOf(handle));
  }

  /**
   * Makes room for that many values in each sample, or as many as a sample keeps.
   * @returns the handle from now on
   */
  grow(handle: SampleHandle, values: number): SampleHandle {
    const from = this.#sizeOf(handle);
    const needed = Math.min(values, SAMPLE_VALUES);
    if (needed <= from.values) return handle;
    const size = SIZES.findIndex((room) => room >= needed);
    const to = this.#sizes[size];
    const grown = to.take() * SIZES.length + size;
    const oldFields = from.fields / this.channels;
    for (let c = 0; c < this.channels; c++) {
      const at = this.at(handle, c);
      this.state(grown).set(this.state(handle).subarray(at, at + oldFields), this.at(grown, c));
    }
    this.give(handle);
    return grown;
  }

  /** What the sample functions take, together with `at`. */
  state(handle: SampleHandle): Float64Array {
    return this.#sizeOf(handle).state(placeOf(handle));
  }

  /** Where the sample of a channel begins in `state`. */
  at(handle: SampleHandle, channel: number): number {
    const size = this.#sizeOf(handle);
    return size.at(placeOf(handle)) + (size.fields / this.channels) * channel;
  }

  #sizeOf(handle: SampleHandle): SamplesOfSize {
    return this.#sizes[handle % SIZES.length];
  }
}

function placeOf(handle: SampleHandle): number {
  return Math.floor(handle / SIZES.length);
}
