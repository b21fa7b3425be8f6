/** One frame → energies in mel bands, step by step as Kaldi's `feature-window.cc` and `mel-computations.cc`. */
import { doubles } from '../core/doubles.js';
import { UserError } from '../core/errors.js';
import type { Framing } from './framing.js';
import { MelBank } from './mel-bank.js';
import type { FrameOptions, MelOptions } from './mel-options.js';
import { PowerSpectrum } from './power-spectrum.js';
import { makeWindow } from './window.js';

/** The distance from 1 to the next float32: the least energy whose logarithm is taken (std::numeric_limits). */
export const FLT_EPSILON = 2 ** -23;
/** A frame longer than this is a mistake in the unit. */
const MAX_FRAME_SAMPLES = 2 ** 20;

/** @throws UserError `CONFIG_INVALID` when a frame has too few or too many samples at this rate */
export function framingOf(options: FrameOptions, sampleRateHz: number): Framing {
  const frameSamples = Math.floor((sampleRateHz * options.frameLengthMs) / 1000);
  const hopSamples = Math.floor((sampleRateHz * options.frameShiftMs) / 1000);
  if (frameSamples < 2 || hopSamples < 1 || frameSamples > MAX_FRAME_SAMPLES) {
    throw new UserError(
      'CONFIG_INVALID',
      `frames of ${options.frameLengthMs} ms every ${options.frameShiftMs} ms are ${frameSamples} and ${hopSamples} samples at ${sampleRateHz} Hz`,
      {
        hint: `set frameLengthMs and frameShiftMs so that a frame has 2 … ${MAX_FRAME_SAMPLES} samples, a shift at least 1`,
      },
    );
  }
  return { frameSamples, hopSamples, edges: options.edges };
}

export class MelSpectrum {
  readonly framing: Framing;
  /** To be filled before `analyse`, which overwrites it: [≥ frameSamples]. */
  readonly frame: number[];
  readonly bank: MelBank;
  /** [melBins] energies, or sums of amplitudes, of the last frame. */
  readonly mel: number[];
  /** Natural logarithm of the energy of the last frame, when it is used. */
  logEnergy = 0;
  readonly #window: readonly number[];
  readonly #spectrum: PowerSpectrum;
  readonly #power: number[];

  /** @throws UserError `CONFIG_INVALID` when frames or bands do not fit the rate */
  constructor(
    private readonly options: MelOptions & { readonly useEnergy: boolean },
    sampleRateHz: number,
  ) {
    this.framing = framingOf(options, sampleRateHz);
    const { frameSamples } = this.framing;
    // A shift, not 2 **: V8 keeps the result of a power as a double, and all that is indexed with it is slower by a third.
    const size = options.roundToPowerOfTwo ? 1 << Math.ceil(Math.log2(frameSamples)) : frameSamples;
    this.frame = doubles(size);
    this.bank = new MelBank(options, sampleRateHz, size);
    this.mel = doubles(options.melBins);
    this.#window = makeWindow(options.window, frameSamples, options.windowPeriodic);
    this.#spectrum = new PowerSpectrum(size);
    this.#power = doubles(this.#spectrum.bins);
  }

  /** `frame` → `mel` and `logEnergy`. */
  analyse(): void {
    const { options, frame } = this;
    const power = this.#power;
    this.#prepare();
    this.#spectrum.of(frame, power);
    if (!options.usePower) for (let k = 0; k < power.length; k++) power[k] = Math.sqrt(power[k]);
    this.bank.apply(power, this.mel);
  }

  /** Mean, scale, pre-emphasis and window; the energy where it is used. */
  #prepare(): void {
    const { sampleScale, removeDc, preEmphasis, useEnergy, rawEnergy } = this.options;
    const { frameSamples } = this.framing;
    const { frame } = this;
    const window = this.#window;
    const mean = removeDc ? sum(frame, frameSamples) / frameSamples : 0;
    if (useEnergy && rawEnergy) this.#measureEnergy(mean, sampleScale);
    // The first sample stands for the one before it, so that a constant becomes small everywhere.
    let previous = (frame[0] - mean) * sampleScale;
    for (let i = 0; i < frameSamples; i++) {
      const sample = (frame[i] - mean) * sampleScale;
      frame[i] = (sample - preEmphasis * previous) * window[i];
      previous = sample;
    }
    if (useEnergy && !rawEnergy) this.#measureEnergy(0, 1);
    frame.fill(0, frameSamples);
  }

  /** Of the frame as it is now, less its mean and scaled. */
  #measureEnergy(mean: number, scale: number): void {
    const { energyFloor } = this.options;
    let energy = 0;
    for (let i = 0; i < this.framing.frameSamples; i++) energy += ((this.frame[i] - mean) * scale) ** 2;
    const floor = energyFloor > 0 ? energyFloor : FLT_EPSILON;
    this.logEnergy = Math.log(energy > floor ? energy : floor);
  }
}

/** ln(max(energy, FLT_EPSILON)); not a number counts as nothing. */
export function logOfEnergy(energy: number): number {
  return Math.log(energy > FLT_EPSILON ? energy : FLT_EPSILON);
}

/** Of x[0 … n). Four sums beside each other: one alone waits for each addition before the next. */
function sum(x: readonly number[], n: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 3 < n; i += 4) {
    a += x[i];
    b += x[i + 1];
    c += x[i + 2];
    d += x[i + 3];
  }
  for (; i < n; i++) a += x[i];
  return a + b + (c + d);
}
