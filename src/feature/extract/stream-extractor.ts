/** Sounds of many streams → channels, one reading a hop: what the kinds of `extract` have in common. */
import type { Extractor, Frame, FrameExtractor, Micros, Signal } from '../../core/contracts.js';
import { BugError, UserError } from '../../core/errors.js';
import type { ExtractContext } from '../../core/kind.js';

/** Rates whose tables are kept; a device that keeps changing its rate must not fill the memory. */
const MAX_RATES = 8;

/** Makes the extractor of one stream; all that it makes may share tables. */
export type MakeFrames = () => FrameExtractor;

export interface ExtractRecipe {
  readonly names: readonly string[];
  /** Rate that frames must have; absent: any. */
  readonly sampleRateHz?: number;
  /** @throws UserError `CONFIG_INVALID` when the options do not fit the rate */
  forRate(sampleRateHz: number): MakeFrames;
}

interface Stream {
  readonly rateHz: number;
  readonly frames: FrameExtractor;
  /** Time of the first sample since the start or a gap. */
  originUs: Micros;
  /** Readings since then: times are counted, so that they do not depend on how the sound was cut. */
  readings: number;
  /** Whether something is missing before the next reading. */
  gap: boolean;
}

/**
 * A reading's time is the start of its hop, k · hop after the stream's first sample. A stream begins anew after a `gap` and
 * when its rate changes. Counted: `extract.stream-evicted`, and `extract.unfit-rate`, frames of a rate that the options do
 * not fit.
 */
export class StreamExtractor implements Extractor {
  readonly names: readonly string[];
  readonly sampleRateHz?: number;
  readonly #signal: Signal;
  /** The one heard least recently first. */
  readonly #streams = new Map<string, Stream>();
  readonly #rates = new Map<number, MakeFrames | undefined>();
  readonly #vector: Float32Array;

  /** @throws UserError `CONFIG_INVALID` when the options do not fit their own rate */
  constructor(
    private readonly recipe: ExtractRecipe,
    private readonly context: ExtractContext,
  ) {
    this.names = recipe.names;
    this.#signal = { kind: 'channels', names: this.names, stepUs: 0 };
    this.#vector = new Float32Array(this.names.length);
    if (recipe.sampleRateHz === undefined) return;
    this.sampleRateHz = recipe.sampleRateHz;
    this.#rates.set(recipe.sampleRateHz, recipe.forRate(recipe.sampleRateHz));
  }

  push(frame: Frame, emit: (frame: Frame) => void): void {
    const { signal, data } = frame;
    if (signal.kind !== 'audio' || signal.channels !== 1) throw new BugError('features are taken from mono audio');
    // An end without sound must not make room for a stream that is not there.
    if (data.length === 0 && !this.#streams.has(frame.stream)) return;
    const stream = this.#streamOf(frame, signal.rateHz);
    if (stream === undefined) return this.context.counters.count('extract.unfit-rate');
    stream.frames.push(data, 0, data.length);
    if (frame.mark === 'end') {
      stream.frames.flush();
      this.#streams.delete(frame.stream);
    }
    this.#hand(stream, frame, emit);
  }

  /** Emits every reading that is ready. */
  #hand(stream: Stream, frame: Frame, emit: (frame: Frame) => void): void {
    const { frames, rateHz } = stream;
    for (let left = frames.ready; left > 0; left--) {
      frames.take(this.#vector, 0);
      const us = stream.originUs + Math.round((stream.readings * frames.hopSamples * 1e6) / rateHz);
      const reading: Frame = {
        stream: frame.stream,
        source: frame.source,
        seq: frame.seq,
        us,
        arrivedUs: frame.arrivedUs,
        signal: this.#signal,
        data: new Float64Array(this.#vector),
      };
      emit(stream.gap ? { ...reading, mark: 'gap' } : reading);
      stream.gap = false;
      stream.readings++;
    }
  }

  /** @returns undefined when the options do not fit the rate */
  #streamOf(frame: Frame, rateHz: number): Stream | undefined {
    let stream = this.#streams.get(frame.stream);
    const changed = stream !== undefined && stream.rateHz !== rateHz;
    if (stream === undefined || changed) {
      const make = this.#framesFor(rateHz);
      this.#streams.delete(frame.stream);
      if (make === undefined) return undefined;
      const gap = changed || frame.mark === 'gap';
      stream = { rateHz, frames: make(), originUs: frame.us, readings: 0, gap };
      this.#makeRoom();
    } else if (frame.mark === 'gap' || frame.mark === 'start') {
      stream.frames.reset();
      stream.originUs = frame.us;
      stream.readings = 0;
      stream.gap = true;
    } else {
      this.#streams.delete(frame.stream);
    }
    this.#streams.set(frame.stream, stream);
    return stream;
  }

  #makeRoom(): void {
    if (this.#streams.size < this.context.maxStreams) return;
    const [oldest] = this.#streams.keys();
    this.#streams.delete(oldest);
    this.context.counters.count('extract.stream-evicted');
  }

  /** What makes extractors for this rate; says once for each rate why there is none. */
  #framesFor(rateHz: number): MakeFrames | undefined {
    if (!this.#rates.has(rateHz)) {
      if (this.#rates.size === MAX_RATES) this.#rates.delete(this.#rates.keys().next().value ?? rateHz);
      this.#rates.set(rateHz, this.#tryRate(rateHz));
    }
    return this.#rates.get(rateHz);
  }

  #tryRate(rateHz: number): MakeFrames | undefined {
    try {
      return this.recipe.forRate(rateHz);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.context.log.warn({ rateHz, hint: error.hint }, `sound is dropped: ${error.message}`);
      return undefined;
    }
  }
}
