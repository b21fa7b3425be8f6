/** Sounds of many streams → channels, one reading a hop: what the kinds of `extract` have in common. */
import type { Frame, FrameExtractor, Micros, Signal } from '../../core/contracts.js';
import type { Extractor } from '../../core/extractor.js';
import { BugError, UserError } from '../../core/errors.js';
import type { ExtractContext } from '../../core/kind.js';
import { Recent } from '../../core/recent.js';

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

type NewFrame = { -readonly [K in keyof Frame]: Frame[K] };

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

interface Rate {
  /** undefined: the options do not fit it. */
  readonly make: MakeFrames | undefined;
}

/**
 * A reading's time is the start of its hop, k · hop after the stream's first sample. A stream begins anew after a `gap` and
 * when its rate changes; at its `end` the last readings are followed by an empty frame marked so. Counted:
 * `extract.stream-evicted`, and `extract.unfit-rate`, frames of a rate that the options do not fit.
 */
export class StreamExtractor implements Extractor {
  readonly names: readonly string[];
  readonly sampleRateHz?: number;
  readonly #signal: Signal;
  readonly #streams: Recent<Stream>;
  readonly #rates = new Recent<Rate>(MAX_RATES);
  readonly #vector: Float32Array;

  /** @throws UserError `CONFIG_INVALID` when the options do not fit their own rate */
  constructor(
    private readonly recipe: ExtractRecipe,
    private readonly context: ExtractContext,
  ) {
    this.names = recipe.names;
    this.#signal = { kind: 'channels', names: this.names, stepUs: 0 };
    this.#vector = new Float32Array(this.names.length);
    this.#streams = new Recent(context.maxStreams, () => context.counters.count('extract.stream-evicted'));
    if (recipe.sampleRateHz === undefined) return;
    this.sampleRateHz = recipe.sampleRateHz;
    this.#rates.set(String(recipe.sampleRateHz), { make: recipe.forRate(recipe.sampleRateHz) });
  }

  push(frame: Frame, emit: (frame: Frame) => void): void {
    const { signal, data } = frame;
    if (signal.kind !== 'audio' || signal.channels !== 1) throw new BugError('features are taken from mono audio');
    const known = this.#streams.get(frame.stream);
    // An end without sound must not make room for a stream that is not there.
    if (known === undefined && data.length === 0) return;
    const stream = this.#follow(known, frame, signal.rateHz);
    if (stream === undefined) return this.context.counters.count('extract.unfit-rate');
    stream.frames.push(data, 0, data.length);
    if (frame.mark !== 'end') return this.#hand(stream, frame, emit);
    stream.frames.flush();
    this.#streams.delete(frame.stream);
    this.#hand(stream, frame, emit);
    // Whoever waits for more must not take its end for silence.
    const us = frame.us + Math.round((data.length * 1e6) / signal.rateHz);
    const end = this.#reading(frame, us, new Float64Array(0));
    end.mark = 'end';
    emit(end);
  }

  #reading(from: Frame, us: Micros, data: Float64Array): NewFrame {
    const { stream, source, seq, arrivedUs } = from;
    return { stream, source, seq, us, arrivedUs, signal: this.#signal, data };
  }

  /** Emits every reading that is ready. */
  #hand(stream: Stream, frame: Frame, emit: (frame: Frame) => void): void {
    const { frames, rateHz } = stream;
    for (let left = frames.ready; left > 0; left--) {
      frames.take(this.#vector, 0);
      const us = stream.originUs + Math.round((stream.readings * frames.hopSamples * 1e6) / rateHz);
      const reading = this.#reading(frame, us, new Float64Array(this.#vector));
      if (stream.gap) reading.mark = 'gap';
      stream.gap = false;
      stream.readings++;
      emit(reading);
    }
  }

  /** The stream as the frame finds it. @returns undefined when the options do not fit the rate */
  #follow(known: Stream | undefined, frame: Frame, rateHz: number): Stream | undefined {
    if (known === undefined || known.rateHz !== rateHz) {
      const make = this.#framesFor(rateHz);
      this.#streams.delete(frame.stream);
      if (make === undefined) return undefined;
      const gap = known !== undefined || frame.mark === 'gap';
      const stream: Stream = { rateHz, frames: make(), originUs: frame.us, readings: 0, gap };
      this.#streams.set(frame.stream, stream);
      return stream;
    }
    if (frame.mark === 'gap' || frame.mark === 'start') {
      known.frames.reset();
      known.originUs = frame.us;
      known.readings = 0;
      known.gap = true;
    }
    return known;
  }

  /** What makes extractors for this rate; says once for each rate why there is none. */
  #framesFor(rateHz: number): MakeFrames | undefined {
    const key = String(rateHz);
    const known = this.#rates.get(key);
    if (known !== undefined) return known.make;
    const make = this.#tryRate(rateHz);
    this.#rates.set(key, { make });
    return make;
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
