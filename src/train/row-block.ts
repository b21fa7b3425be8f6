/** Consecutive time steps of one stream: in memory while they come, in a temporary file when there are too many. */
import type { Micros } from '../core/contracts.js';
import { BugError } from '../core/errors.js';
import { readSpilled, type SpillFile } from './spill-file.js';

/** n consecutive rows: views of what is kept in memory, which nobody may write to, or copies of what is in a file. */
export interface Rows {
  readonly n: number;
  /** [n] start of each time step. */
  readonly us: Float64Array;
  /** [n, C] in the channels' own units; meaningless where `mask` is 0. */
  readonly values: Float64Array;
  /** [n, C], 1 = observed. */
  readonly mask: Uint8Array;
  /** [n], 1 = time is missing before this row. */
  readonly starts: Uint8Array;
}

/** Bytes of one row of so many channels. */
export function rowBytes(channels: number): number {
  return 9 + 9 * channels;
}

/** The columns of `capacity` rows, one after another in one piece of memory; the wide ones first, to be aligned. */
class Columns {
  readonly bytes: Uint8Array;
  readonly us: Float64Array;
  readonly values: Float64Array;
  readonly mask: Uint8Array;
  readonly starts: Uint8Array;

  constructor(capacity: number, channels: number) {
    const buffer = new ArrayBuffer(capacity * rowBytes(channels));
    this.bytes = new Uint8Array(buffer);
    this.us = new Float64Array(buffer, 0, capacity);
    this.values = new Float64Array(buffer, 8 * capacity, capacity * channels);
    this.mask = new Uint8Array(buffer, 8 * capacity * (1 + channels), capacity * channels);
    this.starts = new Uint8Array(buffer, buffer.byteLength - capacity, capacity);
  }

  /** A copy of the first n rows. */
  first(n: number, channels: number): Columns {
    const copy = new Columns(n, channels);
    const { us, values, mask, starts } = this.rows(0, n, channels);
    copy.us.set(us);
    copy.values.set(values);
    copy.mask.set(mask);
    copy.starts.set(starts);
    return copy;
  }

  rows(from: number, to: number, channels: number): Rows {
    return {
      n: to - from,
      us: this.us.subarray(from, to),
      values: this.values.subarray(from * channels, to * channels),
      mask: this.mask.subarray(from * channels, to * channels),
      starts: this.starts.subarray(from, to),
    };
  }
}

export class RowBlock {
  /** Rows in it. */
  n = 0;
  /** Absent once the rows are in the file. */
  #columns: Columns | undefined;
  #descriptor = -1;
  #at = 0;

  /**
   * @param from number of its first row in the stream
   * @param capacity rows, at most
   */
  constructor(
    readonly from: number,
    readonly capacity: number,
    private readonly channels: number,
  ) {
    this.#columns = new Columns(capacity, channels);
  }

  /** What it takes in memory. */
  get bytes(): number {
    return this.#columns?.bytes.length ?? 0;
  }

  /** Whether it takes another row: not when it is full, nor once it is in the file. */
  get open(): boolean {
    return this.#columns !== undefined && this.n < this.capacity;
  }

  /**
   * Copies row `row` of `data` [n, C]; only while the block is open.
   * @param mask as `data`; absent: all observed
   * @param starts 1 = time is missing before it
   */
  append(us: Micros, starts: 0 | 1, data: Float64Array, mask: Uint8Array | undefined, row: number): void {
    const columns = this.#columns;
    if (columns === undefined) throw new BugError('rows that are in a file take no more');
    const { channels, n } = this;
    for (let c = 0; c < channels; c++) {
      columns.values[n * channels + c] = data[row * channels + c];
      columns.mask[n * channels + c] = mask === undefined ? 1 : mask[row * channels + c];
    }
    columns.us[n] = us;
    columns.starts[n] = starts;
    this.n++;
  }

  /** Writes the rows behind what is in the file and gives their memory back. @throws UserError `DISK` */
  spill(file: SpillFile): void {
    const columns = this.#columns;
    if (columns === undefined) return;
    this.#at = file.append(this.n < this.capacity ? columns.first(this.n, this.channels).bytes : columns.bytes);
    this.#descriptor = file.descriptor;
    this.#columns = undefined;
  }

  /** Rows `from` … `to - 1` of the block, counted from its first. @throws UserError `DISK` */
  rows(from: number, to: number): Rows {
    const { channels, n } = this;
    if (this.#columns !== undefined) return this.#columns.rows(from, to, channels);
    const read = new Columns(to - from, channels);
    const valuesAt = this.#at + 8 * n;
    const maskAt = valuesAt + 8 * n * channels;
    const startsAt = maskAt + n * channels;
    readSpilled(this.#descriptor, read.us, this.#at + 8 * from);
    readSpilled(this.#descriptor, read.values, valuesAt + 8 * from * channels);
    readSpilled(this.#descriptor, read.mask, maskAt + from * channels);
    readSpilled(this.#descriptor, read.starts, startsAt + from);
    return read.rows(0, to - from, channels);
  }
}
