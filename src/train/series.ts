/** Time steps of many streams, gathered frame by frame until training begins. */
import type { Frame, Micros } from '../core/contracts.js';
import { BugError } from '../core/errors.js';
import { Fifo } from '../core/fifo.js';
import { RowBlock, rowBytes, type Rows } from './row-block.js';
import { SpillFile, type SpillOptions } from './spill-file.js';

/** Rows of the first block of a stream; each further one has room for twice as many, up to `BLOCK_BYTES`. */
const FIRST_ROWS = 16;
const BLOCK_BYTES = 65_536;
/** Share of the memory that the blocks which still take rows have, one a stream. */
const OPEN_SHARE = 0.5;

/** All rows of one stream in the order in which they came. */
export interface Series {
  readonly stream: string;
  readonly rows: number;
  /**
   * Rows `from` … `to - 1`, absent: all, in as many pieces as they are kept in.
   * @throws UserError `DISK`
   */
  pieces(from?: number, to?: number): Iterable<Rows>;
}

class GrowingSeries implements Series {
  rows = 0;
  #lastUs = NaN;
  readonly #blocks: RowBlock[] = [];

  constructor(
    readonly stream: string,
    private readonly channels: number,
    private readonly newBlock: (from: number, last: RowBlock | undefined) => RowBlock,
  ) {}

  append(frame: Frame, stepUs: Micros): void {
    const rows = frame.data.length / this.channels;
    for (let row = 0; row < rows; row++) {
      const us = frame.us + row * stepUs;
      const follows = us === this.#lastUs + stepUs;
      const marked = row === 0 && (frame.mark === 'gap' || frame.mark === 'start');
      this.#openBlock().append(us, follows && !marked ? 0 : 1, frame.data, frame.mask, row);
      this.#lastUs = us;
      this.rows++;
    }
  }

  *pieces(from = 0, to = this.rows): Generator<Rows> {
    for (let b = this.#blockWith(from); b < this.#blocks.length && this.#blocks[b].from < to; b++) {
      const block = this.#blocks[b];
      yield block.rows(Math.max(from - block.from, 0), Math.min(to - block.from, block.n));
    }
  }

  /** Index of the block that holds a row, by bisection. */
  #blockWith(row: number): number {
    let [low, high] = [0, this.#blocks.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#blocks[middle].from <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #openBlock(): RowBlock {
    const last = this.#blocks[this.#blocks.length - 1];
    if (last?.open) return last;
    const block = this.newBlock(this.rows, last);
    this.#blocks.push(block);
    return block;
  }
}

/** Takes aligned frames of any number of streams, interleaved as they come. */
export class SeriesCollector {
  readonly #streams = new Map<string, GrowingSeries>();
  /** Those in memory, oldest first. */
  readonly #blocks = new Fifo<RowBlock>();
  #file: SpillFile | undefined;
  #bytes = 0;
  #rows = 0;

  /**
   * @param channels values a row
   * @param stepUs length of a time step, µs
   * @param spill absent: all rows stay in memory
   */
  constructor(
    readonly channels: number,
    readonly stepUs: Micros,
    private readonly spill?: SpillOptions,
  ) {}

  /** Time steps gathered so far, over all streams. */
  get rows(): number {
    return this.#rows;
  }

  /** Of the rows in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Of the rows in the temporary file. */
  get spilledBytes(): number {
    return this.#file?.size ?? 0;
  }

  /**
   * Copies an aligned frame.
   * @throws BugError when it is not aligned to this collector's steps and channels; UserError `DISK`
   */
  push(frame: Frame): void {
    const { signal } = frame;
    if (signal.kind !== 'channels' || signal.stepUs !== this.stepUs || signal.names.length !== this.channels) {
      throw new BugError(`a frame of ${frame.stream} is not aligned to steps of ${this.stepUs} µs`);
    }
    let series = this.#streams.get(frame.stream);
    if (series === undefined) {
      series = new GrowingSeries(frame.stream, this.channels, this.#newBlock);
      this.#streams.set(frame.stream, series);
    }
    series.append(frame, this.stepUs);
    this.#rows += frame.data.length / this.channels;
  }

  /** The series gathered so far, sorted by stream: the same whichever stream spoke first. */
  finish(): Series[] {
    return [...this.#streams.values()].toSorted((a, b) => (a.stream < b.stream ? -1 : 1));
  }

  /** Rows that are in the file can be read no more. */
  close(): void {
    this.#file?.close();
  }

  /** A block for a stream's rows from number `from` on; what is too much for memory goes to the file. */
  readonly #newBlock = (from: number, last: RowBlock | undefined): RowBlock => {
    const share = this.spill === undefined ? Infinity : (OPEN_SHARE * this.spill.memoryBytes) / this.#streams.size;
    const most = Math.floor(Math.min(BLOCK_BYTES, share) / rowBytes(this.channels));
    const capacity = Math.max(Math.min(last === undefined ? FIRST_ROWS : 2 * last.capacity, most), 1);
    const block = new RowBlock(from, capacity, this.channels);
    this.#bytes += block.bytes;
    if (this.spill === undefined) return block;
    while (this.#bytes > this.spill.memoryBytes && this.#blocks.length > 0) this.#spillOldest(this.spill);
    this.#blocks.push(block);
    return block;
  };

  #spillOldest({ folder }: SpillOptions): void {
    const oldest = this.#blocks.shift();
    if (oldest === undefined) return;
    this.#file ??= new SpillFile(folder);
    this.#bytes -= oldest.bytes;
    oldest.spill(this.#file);
  }
}
