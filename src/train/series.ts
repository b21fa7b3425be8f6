/** Time steps of many streams, gathered frame by frame until training begins. */
import type { Frame, Micros } from '../core/contracts.js';
import { BugError } from '../core/errors.js';

/** All rows of one stream in the order in which they came. */
export interface Series {
  readonly stream: string;
  /** [n] start of each time step. */
  readonly us: Float64Array;
  /** [n, C] in the channels' own units; meaningless where `mask` is 0. */
  readonly values: Float64Array;
  /** [n, C], 1 = observed. */
  readonly mask: Uint8Array;
  /** [n], 1 = time is missing before this row. */
  readonly starts: Uint8Array;
}

class GrowingSeries {
  n = 0;
  #us = new Float64Array(256);
  #starts = new Uint8Array(256);
  #values: Float64Array;
  #mask: Uint8Array;

  constructor(
    readonly stream: string,
    private readonly channels: number,
  ) {
    this.#values = new Float64Array(256 * channels);
    this.#mask = new Uint8Array(256 * channels);
  }

  append(frame: Frame, stepUs: Micros): void {
    const rows = frame.data.length / this.channels;
    while (this.n + rows > this.#us.length) this.#grow();
    this.#values.set(frame.data, this.n * this.channels);
    const mask = this.#mask.subarray(this.n * this.channels, (this.n + rows) * this.channels);
    if (frame.mask === undefined) mask.fill(1);
    else mask.set(frame.mask);
    for (let row = 0; row < rows; row++) {
      const us = frame.us + row * stepUs;
      const follows = this.n > 0 && us === this.#us[this.n - 1] + stepUs;
      const marked = row === 0 && (frame.mark === 'gap' || frame.mark === 'start');
      this.#us[this.n] = us;
      this.#starts[this.n] = follows && !marked ? 0 : 1;
      this.n++;
    }
  }

  finish(): Series {
    return {
      stream: this.stream,
      us: this.#us.slice(0, this.n),
      values: this.#values.slice(0, this.n * this.channels),
      mask: this.#mask.slice(0, this.n * this.channels),
      starts: this.#starts.slice(0, this.n),
    };
  }

  #grow(): void {
    const rows = this.#us.length * 2;
    const us = new Float64Array(rows);
    const starts = new Uint8Array(rows);
    const values = new Float64Array(rows * this.channels);
    const mask = new Uint8Array(rows * this.channels);
    us.set(this.#us);
    starts.set(this.#starts);
    values.set(this.#values);
    mask.set(this.#mask);
    this.#us = us;
    this.#starts = starts;
    this.#values = values;
    this.#mask = mask;
  }
}

/** Takes aligned frames of any number of streams, interleaved as they come. */
export class SeriesCollector {
  readonly #streams = new Map<string, GrowingSeries>();
  #rows = 0;

  /**
   * @param channels values a row
   * @param stepUs length of a time step, µs
   */
  constructor(
    readonly channels: number,
    readonly stepUs: Micros,
  ) {}

  /** Time steps gathered so far, over all streams. */
  get rows(): number {
    return this.#rows;
  }

  /** Copies an aligned frame. @throws BugError when it is not aligned to this collector's steps and channels */
  push(frame: Frame): void {
    const { signal } = frame;
    if (signal.kind !== 'channels' || signal.stepUs !== this.stepUs || signal.names.length !== this.channels) {
      throw new BugError(`a frame of ${frame.stream} is not aligned to steps of ${this.stepUs} µs`);
    }
    let series = this.#streams.get(frame.stream);
    if (series === undefined) {
      series = new GrowingSeries(frame.stream, this.channels);
      this.#streams.set(frame.stream, series);
    }
    series.append(frame, this.stepUs);
    this.#rows += frame.data.length / this.channels;
  }

  /** The series gathered so far, sorted by stream: the same whichever stream spoke first. */
  finish(): Series[] {
    const sorted = [...this.#streams.values()].toSorted((a, b) => (a.stream < b.stream ? -1 : 1));
    return sorted.map((series) => series.finish());
  }
}
