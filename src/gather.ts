/** Decoded readings → aligned series of every stream, to learn from. */
import { StepAligner } from './align/align.js';
import type { AlignedChannel, Alignment } from './core/alignment.js';
import type { Frame } from './core/contracts.js';
import type { Counters } from './core/counters.js';
import { UserError } from './core/errors.js';
import { Slots } from './step/slots.js';
import { SeriesCollector, type Series } from './train/series.js';

/** Readings looked at to find the channels when the configuration does not name them. */
const READINGS_TO_FIND_CHANNELS = 2000;

export interface Gathered {
  readonly channels: readonly AlignedChannel[];
  readonly series: readonly Series[];
}

export class Gatherer {
  #aligned: AlignedSeries | undefined;
  #waiting: Frame[] = [];

  /** @param maxStreams as at run time; more are dropped, the one unheard for longest first (counted) */
  constructor(
    private readonly alignment: Alignment,
    private readonly maxStreams: number,
    private readonly counters: Counters,
  ) {
    if (alignment.channels !== undefined) this.#begin(alignment.channels);
  }

  /** Time steps gathered so far, over all streams. */
  get rows(): number {
    return this.#aligned?.rows ?? 0;
  }

  push(frames: readonly Frame[]): void {
    if (this.#aligned !== undefined) return this.#aligned.push(frames);
    for (const frame of frames) this.#waiting.push(frame);
    if (this.#waiting.length >= READINGS_TO_FIND_CHANNELS) this.#findChannels();
  }

  /** @throws UserError `DATA_TOO_SHORT` when there was no reading at all */
  finish(): Gathered {
    const aligned = this.#aligned ?? this.#findChannels();
    return { channels: aligned.channels, series: aligned.finish() };
  }

  /** All names in the order in which they were first seen. */
  #findChannels(): AlignedSeries {
    const names = new Set<string>();
    for (const { signal } of this.#waiting) {
      if (signal.kind === 'channels') for (const name of signal.names) names.add(name);
    }
    if (names.size === 0) {
      throw new UserError('DATA_TOO_SHORT', 'there was no reading to learn from', {
        hint: 'check topic and decode; `kioku init mqtt://…` shows what a broker publishes',
      });
    }
    const aligned = this.#begin([...names].map((name) => ({ name, aggregate: 'mean', noiseFloor: 0 })));
    aligned.push(this.#waiting);
    this.#waiting = [];
    return aligned;
  }

  #begin(channels: readonly AlignedChannel[]): AlignedSeries {
    this.#aligned = new AlignedSeries({ ...this.alignment, channels: [...channels] }, this.maxStreams, this.counters);
    return this.#aligned;
  }
}

class AlignedSeries {
  readonly channels: readonly AlignedChannel[];
  readonly #aligner: StepAligner;
  readonly #slots: Slots;
  readonly #collector: SeriesCollector;

  constructor(alignment: Alignment & { channels: AlignedChannel[] }, maxStreams: number, counters: Counters) {
    this.channels = alignment.channels;
    this.#aligner = new StepAligner(alignment, counters);
    this.#collector = new SeriesCollector(alignment.channels.length, this.#aligner.stepUs);
    this.#slots = new Slots(maxStreams, counters, (_stream, slot) => this.#aligner.flush(slot, this.#collect));
  }

  get rows(): number {
    return this.#collector.rows;
  }

  push(frames: readonly Frame[]): void {
    for (const frame of frames) {
      const known = this.#slots.find(frame.stream) !== undefined;
      const slot = this.#slots.acquire(frame.stream);
      if (!known) this.#aligner.open(slot, frame.stream);
      this.#aligner.push(slot, frame, this.#collect);
    }
  }

  finish(): readonly Series[] {
    for (const [, slot] of this.#slots.leastRecent()) this.#aligner.flush(slot, this.#collect);
    return this.#collector.finish();
  }

  readonly #collect = (frame: Frame): void => this.#collector.push(frame);
}
