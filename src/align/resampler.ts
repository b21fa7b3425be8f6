/** Band-limited change of the sample rate: libsamplerate (WebAssembly) as one stream of samples. */
import { createRequire } from 'node:module';
import type LibSampleRate from '@alexanderolsen/libsamplerate-js';
import type { SRC } from '@alexanderolsen/libsamplerate-js/dist/src.js';
import { BugError } from '../core/errors.js';

/**
 * libsamplerate's SINC_MEDIUM: flat to 0.85, -2 dB at 0.9 of the lower Nyquist frequency, below -115 dB above it. FASTEST
 * is twice as fast, but begins to fall at 0.75, amid the upper bands of a recogniser's log-mel.
 */
const SINC_MEDIUM = 1;
/** [libsamplerate, SRC_MAX_RATIO] */
const MAX_RATIO = 256;
/**
 * The library adds up its position call by call, so calls must not depend on how the samples come: always blocks of
 * 10 ms, which is also how long a sample waits at most.
 */
const BLOCKS_PER_SECOND = 100;
/** Samples that one call may give beyond what its block is worth. */
const SURPLUS = 64;

type Library = typeof LibSampleRate;

/** Whether the library can do it at all. */
export function canResample(fromHz: number, toHz: number): boolean {
  return fromHz <= toHz * MAX_RATIO && toHz <= fromHz * MAX_RATIO;
}

/**
 * One channel. Output sample k lies at the time k / toHz after the first input sample; n input samples give
 * ceil(n · toHz / fromHz) output samples once `end` was called, bit for bit the same however they were pushed.
 */
export class Resampler {
  #fromHz = 0;
  #toHz = 0;
  #block = new Float32Array(0);
  /** Samples in `#block`. */
  #waiting = 0;
  #out = new Float32Array(0);
  readonly #given = { frames: 0 };
  #taken = 0;
  #emitted = 0;

  private constructor(private readonly library: SRC) {}

  /** Loads the library (10 ms for the first, 4 ms and 2 MB of memory for each). */
  static async create(): Promise<Resampler> {
    // Required, not imported: loaders disagree about what the default export of this CommonJS module is.
    const { create } = createRequire(import.meta.url)('@alexanderolsen/libsamplerate-js') as Library;
    return new Resampler(await create(1, 16_000, 16_000, { converterType: SINC_MEDIUM }));
  }

  /** Forgets everything and begins a new stream. @param fromHz see `canResample` */
  begin(fromHz: number, toHz: number): void {
    if (fromHz !== this.#fromHz || toHz !== this.#toHz) {
      const block = Math.max(1, Math.round(fromHz / BLOCKS_PER_SECOND));
      this.#block = new Float32Array(block);
      this.#out = new Float32Array(Math.ceil((block * toHz) / fromHz) + SURPLUS);
      this.#fromHz = fromHz;
      this.#toHz = toHz;
      this.library.ratio = toHz / fromHz;
      this.library.outputSampleRate = toHz;
    }
    // Setting the rate makes the library start anew, also when it is the same.
    this.library.inputSampleRate = fromHz;
    this.#waiting = 0;
    this.#taken = 0;
    this.#emitted = 0;
  }

  /** @returns the samples that are complete by now, perhaps none; the caller's to keep */
  push(samples: Float64Array): Float64Array {
    const block = this.#block;
    const blocks = Math.floor((this.#waiting + samples.length) / block.length);
    const out = new Float64Array(blocks * this.#out.length);
    let filled = 0;
    for (let from = 0; from < samples.length;) {
      const n = Math.min(block.length - this.#waiting, samples.length - from);
      block.set(samples.subarray(from, from + n), this.#waiting);
      this.#waiting += n;
      from += n;
      if (this.#waiting === block.length) filled += this.#run(out, filled);
    }
    this.#taken += samples.length;
    this.#emitted += filled;
    return out.slice(0, filled);
  }

  /** No more samples come. @returns what is left; then only `begin` */
  end(): Float64Array {
    const left = Math.ceil((this.#taken * this.#toHz) / this.#fromHz) - this.#emitted;
    const out = new Float64Array(left + this.#out.length);
    let filled = 0;
    while (filled < left) {
      this.#block.fill(0, this.#waiting);
      filled += this.#run(out, filled);
    }
    return out.slice(0, left);
  }

  close(): void {
    this.library.destroy();
  }

  /** One call, of a whole block. @returns samples written to `out` from `at` on */
  #run(out: Float64Array, at: number): number {
    this.library.full(this.#block, this.#out, this.#given);
    this.#waiting = 0;
    const { frames } = this.#given;
    if (frames > this.#out.length) throw new BugError(`the resampler gave ${frames} samples for one block`);
    out.set(this.#out.subarray(0, frames), at);
    return frames;
  }
}
