/** Decoded readings → aligned series of every stream, to learn from. */
import type { Config } from './config/config.js';
import type { AlignedChannel, Alignment } from './core/alignment.js';
import type { Frame } from './core/contracts.js';
import type { Counters } from './core/counters.js';
import { UserError } from './core/errors.js';
import { PauseRecorder, type StreamPauses } from './pauses.js';
import { StreamAligner } from './stream-aligner.js';
import { SeriesCollector, type Series } from './train/series.js';
import type { SpillOptions } from './train/spill-file.js';

/** Readings looked at to find the channels when the configuration does not name them. */
const READINGS_TO_FIND_CHANNELS = 2000;

export interface Gathered {
  readonly channels: readonly AlignedChannel[];
  readonly series: readonly Series[];
  readonly pauses: readonly StreamPauses[];
  /** What the rows take in memory, and in a temporary file. */
  readonly bytes: number;
  readonly spilledBytes: number;
  /** Frees the temporary file, if there is one; the series can be read no more then. */
  close(): void;
}

/** As `train.memoryMb` says; what is too much goes to the model folder, which is on a disk that has to have room anyway. */
export function spillOptions({ train, model }: Pick<Config, 'train' | 'model'>): SpillOptions {
  return { memoryBytes: train.memoryMb * 1e6, folder: model };
}

interface Aligned {
  readonly channels: readonly AlignedChannel[];
  readonly aligner: StreamAligner;
  readonly collector: SeriesCollector;
}

export class Gatherer {
  #aligned: Aligned | undefined;
  #waiting: Frame[] = [];
  readonly #pauses: PauseRecorder;

  /**
   * @param maxStreams as at run time; of more, the one unheard for longest begins anew when it comes again (counted)
   * @param spill where rows go that are too many for memory; absent: all stay there
   */
  constructor(
    private readonly alignment: Alignment,
    private readonly maxStreams: number,
    private readonly counters: Counters,
    private readonly spill?: SpillOptions,
  ) {
    this.#pauses = new PauseRecorder(alignment.stepMs * 1000);
    if (alignment.channels !== undefined) this.#begin(alignment.channels);
  }

  /** @throws UserError `DISK` */
  push(frames: readonly Frame[]): void {
    for (const frame of frames) this.#pauses.hear(frame);
    if (this.#aligned !== undefined) return this.#aligned.aligner.push(frames);
    for (const frame of frames) this.#waiting.push(frame);
    if (this.#waiting.length >= READINGS_TO_FIND_CHANNELS) this.#findChannels();
  }

  /** @throws UserError `DATA_TOO_SHORT` when there was no reading at all, `DISK` */
  finish(): Gathered {
    const { channels, aligner, collector } = this.#aligned ?? this.#findChannels();
    aligner.flush();
    const { bytes, spilledBytes } = collector;
    const gathered = { channels, series: collector.finish(), pauses: this.#pauses.finish(), bytes, spilledBytes };
    return { ...gathered, close: () => collector.close() };
  }

  /** Gives up what was gathered. */
  close(): void {
    this.#aligned?.collector.close();
  }

  /** All names in the order in which they were first seen. */
  #findChannels(): Aligned {
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
    aligned.aligner.push(this.#waiting);
    this.#waiting = [];
    return aligned;
  }

  #begin(channels: readonly AlignedChannel[]): Aligned {
    const collector = new SeriesCollector(channels.length, this.alignment.stepMs * 1000, this.spill);
    const resolved = { ...this.alignment, channels: [...channels] };
    const aligner = new StreamAligner(resolved, this.maxStreams, this.counters, (frame) => collector.push(frame));
    this.#aligned = { channels, aligner, collector };
    return this.#aligned;
  }
}
