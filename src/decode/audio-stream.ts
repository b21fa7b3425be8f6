/** One stretch of raw audio of one stream, from its first sample to its last: bytes, however they are cut → frames. */
import type { Frame, Micros, Packet, Signal } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import { bytesPerFrame, type PcmFormat } from '../core/pcm-format.js';
import { READ_SAMPLES } from './samples.js';

type Emit = (frame: Frame) => void;

/** No frame is longer, so that nothing behind has to wait for, or hold, more. */
const FRAME_MS = 100;

/**
 * The clock of a stretch: it begins when its first packet arrived, less the length of what that packet holds (it was
 * recorded before it came), but never before 0; from there on samples are counted. Files arrive at their position, so
 * theirs begins at 0. The time of a sample therefore does not depend on how the bytes were cut afterwards.
 *
 * Counted: `decode.not-finite` (a float sample that is no number becomes 0), `decode.clipped` (one beyond [-1, 1]),
 * `decode.partial-sample` (bytes at the end, or before a gap, that are no whole sample).
 */
export class AudioStream {
  readonly #signal: Signal;
  readonly #frameBytes: number;
  readonly #mostSamples: number;
  readonly #isFloat: boolean;
  /** Bytes of a sample whose rest has not come. */
  #carried: Buffer = Buffer.alloc(0);
  #baseUs: Micros | undefined;
  /** Samples (of each channel) since `#baseUs`. */
  #samples = 0;

  /** @param mark of the first frame */
  constructor(
    private readonly stream: string,
    readonly format: PcmFormat,
    private readonly counters: Counters,
    private mark: 'start' | 'gap' | undefined = 'start',
  ) {
    this.#signal = { kind: 'audio', rateHz: format.sampleRateHz, channels: format.channels };
    this.#frameBytes = bytesPerFrame(format);
    this.#mostSamples = Math.max(1, Math.floor((format.sampleRateHz * FRAME_MS) / 1000));
    this.#isFloat = format.format === 'f32le' || format.format === 'f64le';
  }

  /** @param bytes of `packet`, those that are audio */
  push(packet: Packet, bytes: Uint8Array, emit: Emit): void {
    const all = this.#carried.length === 0 ? bytes : Buffer.concat([this.#carried, bytes]);
    const samples = Math.floor(all.length / this.#frameBytes);
    if (samples > 0) this.#baseUs ??= Math.max(0, packet.arrivedUs - this.#lengthUs(samples));
    for (let from = 0; from < samples; from += this.#mostSamples) {
      emit(this.#frame(packet, all, from * this.#frameBytes, Math.min(this.#mostSamples, samples - from)));
    }
    // A copy: the packet is not ours to keep.
    this.#carried = Buffer.from(all.subarray(samples * this.#frameBytes));
  }

  /** Audio was lost: what comes next begins with a whole sample, at its own time. */
  gap(): void {
    this.#dropCarried();
    if (this.#samples > 0) this.mark = 'gap';
    this.#baseUs = undefined;
    this.#samples = 0;
  }

  /** Says that the stretch is over, in an empty frame. */
  end(packet: Packet, emit: Emit): void {
    this.#dropCarried();
    emit({ ...this.#head(packet), data: new Float64Array(0), mark: 'end' });
  }

  #frame(packet: Packet, bytes: Uint8Array, from: number, samples: number): Frame {
    const data = new Float64Array(samples * this.format.channels);
    READ_SAMPLES[this.format.format](bytes, from, data);
    if (this.#isFloat) this.#tame(data);
    const head = this.#head(packet);
    const frame: Frame = this.mark === undefined ? { ...head, data } : { ...head, data, mark: this.mark };
    this.mark = undefined;
    this.#samples += samples;
    return frame;
  }

  #head(packet: Packet): Omit<Frame, 'data' | 'mark'> {
    return {
      stream: this.stream,
      source: packet.source,
      seq: packet.seq,
      us: (this.#baseUs ?? packet.arrivedUs) + this.#lengthUs(this.#samples),
      arrivedUs: packet.arrivedUs,
      signal: this.#signal,
    };
  }

  #lengthUs(samples: number): Micros {
    return Math.round((samples * 1e6) / this.format.sampleRateHz);
  }

  /** Floats may be anything; behind this they are finite and within [-1, 1]. */
  #tame(data: Float64Array): void {
    let notFinite = 0;
    let clipped = 0;
    for (let i = 0; i < data.length; i++) {
      const sample = data[i];
      if (sample >= -1 && sample <= 1) continue;
      if (Number.isFinite(sample)) {
        data[i] = sample > 0 ? 1 : -1;
        clipped++;
      } else {
        data[i] = 0;
        notFinite++;
      }
    }
    if (notFinite > 0) this.counters.count('decode.not-finite', notFinite);
    if (clipped > 0) this.counters.count('decode.clipped', clipped);
  }

  #dropCarried(): void {
    if (this.#carried.length > 0) this.counters.count('decode.partial-sample');
    this.#carried = Buffer.alloc(0);
  }
}
