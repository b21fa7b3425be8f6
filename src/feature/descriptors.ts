/** Single numbers that describe a frame: how loud, how high, how noisy, how sudden. For sounds and vibrations of any rate. */
import { doubles } from '../core/doubles.js';
import type { FrameTransform } from './framed.js';
import type { Framing } from './framing.js';
import type { FrameOptions } from './mel-options.js';
import { framingOf } from './mel-spectrum.js';
import { barkScale, MEYDA_DESCRIPTORS, type MeasuredFrame } from './meyda.js';
import { PowerSpectrum } from './power-spectrum.js';
import { makeWindow } from './window.js';

const OWN = {
  /** Peak by root mean square: 1.4 of a sine; rises with shocks. */
  crestFactor: ({ signal }: MeasuredFrame): number => {
    let peak = 0;
    let squares = 0;
    for (let i = 0; i < signal.length; i++) {
      peak = Math.max(peak, Math.abs(signal[i]));
      squares += signal[i] ** 2;
    }
    return peak / Math.sqrt(squares / signal.length);
  },
  /** Fourth moment by the square of the second: 1.5 of a sine, 3 of noise; a worn bearing's shocks raise it. */
  kurtosis: ({ signal }: MeasuredFrame): number => {
    let squares = 0;
    let fourths = 0;
    for (let i = 0; i < signal.length; i++) {
      const square = signal[i] ** 2;
      squares += square;
      fourths += square ** 2;
    }
    return (fourths * signal.length) / squares ** 2;
  },
} as const;

/** Needs the frame before: the sum of all rises of amplitudes (half-wave rectified; Dixon 2006). */
const FLUX = 'spectralFlux';

export const DESCRIPTORS = [
  ...(Object.keys(MEYDA_DESCRIPTORS) as (keyof typeof MEYDA_DESCRIPTORS)[]),
  ...(Object.keys(OWN) as (keyof typeof OWN)[]),
  FLUX,
] as const;
export type Descriptor = (typeof DESCRIPTORS)[number];

const MEASURES = { ...MEYDA_DESCRIPTORS, ...OWN };

/** −180 dB: a thousandth of what 24 bits resolve, and well above the rounding of a constant's mean. */
const SILENT_RMS = 1e-9;

export interface DescriptorOptions extends FrameOptions {
  /** What is measured, all different, in the order of the vector. */
  readonly descriptors: readonly Descriptor[];
  readonly removeDc: boolean;
}

/** Every value is finite, and 0 in a silent frame; the flux is 0 in the first frame of a stream. */
export class Descriptors implements FrameTransform {
  readonly names: readonly Descriptor[];
  readonly framing: Framing;
  readonly frame: number[];
  readonly memory: number;
  readonly #removeDc: boolean;
  readonly #window: readonly number[];
  readonly #windowed: number[];
  readonly #spectrum: PowerSpectrum;
  readonly #power: number[];
  readonly #measured: MeasuredFrame;

  /** @throws UserError `CONFIG_INVALID` when frames do not fit the rate */
  constructor(options: DescriptorOptions, sampleRateHz: number) {
    this.names = options.descriptors;
    this.framing = framingOf(options, sampleRateHz);
    const size = this.framing.frameSamples;
    const bins = Math.floor(size / 2);
    this.frame = doubles(size);
    // The amplitudes of the frame before, and whether there was one.
    this.memory = this.names.includes(FLUX) ? bins + 1 : 0;
    this.#removeDc = options.removeDc;
    this.#window = makeWindow('hann', size, false);
    this.#windowed = doubles(size);
    this.#spectrum = new PowerSpectrum(size);
    this.#power = doubles(this.#spectrum.bins);
    this.#measured = {
      signal: this.frame,
      ampSpectrum: new Float64Array(bins),
      barkScale: barkScale(bins, sampleRateHz / size),
      sampleRate: sampleRateHz,
      bufferSize: size,
    };
  }

  compute(memory: Float64Array, out: Float32Array, at: number): void {
    this.#analyse();
    const silent = !(MEASURES.rms(this.#measured) >= SILENT_RMS);
    for (let i = 0; i < this.names.length; i++) {
      const name = this.names[i];
      const value = name === FLUX ? this.#flux(memory) : silent ? 0 : MEASURES[name](this.#measured);
      out[at + i] = Number.isFinite(value) ? value : 0;
    }
  }

  #analyse(): void {
    const { frame } = this;
    const { ampSpectrum } = this.#measured;
    if (this.#removeDc) {
      let mean = 0;
      for (let i = 0; i < frame.length; i++) mean += frame[i];
      mean /= frame.length;
      for (let i = 0; i < frame.length; i++) frame[i] -= mean;
    }
    for (let i = 0; i < frame.length; i++) this.#windowed[i] = frame[i] * this.#window[i];
    this.#spectrum.of(this.#windowed, this.#power);
    for (let k = 0; k < ampSpectrum.length; k++) ampSpectrum[k] = Math.sqrt(this.#power[k]);
  }

  #flux(memory: Float64Array): number {
    const { ampSpectrum } = this.#measured;
    const seen = ampSpectrum.length;
    let rises = 0;
    for (let k = 0; k < ampSpectrum.length; k++) {
      if (memory[seen] === 1) rises += Math.max(0, ampSpectrum[k] - memory[k]);
      memory[k] = ampSpectrum[k];
    }
    memory[seen] = 1;
    return rises;
  }
}
