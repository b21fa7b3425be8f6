/** Where the rows of all sequences are written, one after another: arrays, or a temporary file. */
import type { Sequence } from './sequence.js';
import type { SpillFile } from './spill-file.js';

/** Rows that wait to be written to a file take about so much. */
const CHUNK_BYTES = 262_144;

/** Bytes of a row of so many inputs and channels. */
export function sequenceRowBytes(inputs: number, channels: number): number {
  return 4 * inputs + channels;
}

export class SequenceRows {
  /** [rows that wait, I] and [rows that wait, C]; a row is written at the index that `next` says. */
  readonly x: Float32Array;
  readonly observed: Uint8Array;
  readonly #capacity: number;
  #waiting = 0;
  #written = 0;

  /**
   * @param total rows of all sequences
   * @param file an empty one; absent: memory
   */
  constructor(
    private readonly total: number,
    private readonly inputs: number,
    private readonly channels: number,
    private readonly file: SpillFile | undefined,
  ) {
    const chunk = Math.ceil(CHUNK_BYTES / sequenceRowBytes(inputs, channels));
    this.#capacity = file === undefined ? total : Math.min(chunk, total);
    this.x = new Float32Array(this.#capacity * inputs);
    this.observed = new Uint8Array(this.#capacity * channels);
  }

  /** Index in `x` and `observed` of the next row. @throws UserError `DISK` */
  next(): number {
    if (this.#waiting === this.#capacity) this.flush();
    return this.#waiting++;
  }

  /** Writes what waits; in memory there is nothing to do. @throws UserError `DISK` */
  flush(): void {
    const { file, inputs, channels } = this;
    if (file === undefined) return;
    const x = this.x.subarray(0, this.#waiting * inputs);
    file.write(new Uint8Array(x.buffer, x.byteOffset, x.byteLength), this.#xAt(this.#written));
    file.write(this.observed.subarray(0, this.#waiting * channels), this.#observedAt(this.#written));
    this.#written += this.#waiting;
    this.#waiting = 0;
  }

  /** The sequence of `rows` rows from the `first` one on. */
  sequence(first: number, rows: number, split: number): Sequence {
    const { file, inputs, channels } = this;
    if (file !== undefined) {
      const { descriptor } = file;
      return { rows, split, descriptor, xAt: this.#xAt(first), observedAt: this.#observedAt(first) };
    }
    const x = this.x.subarray(first * inputs, (first + rows) * inputs);
    return { rows, split, x, observed: this.observed.subarray(first * channels, (first + rows) * channels) };
  }

  #xAt(row: number): number {
    return 4 * row * this.inputs;
  }

  /** Behind the `x` of all rows. */
  #observedAt(row: number): number {
    return 4 * this.total * this.inputs + row * this.channels;
  }
}
