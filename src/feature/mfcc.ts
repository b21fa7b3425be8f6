/** Mel-frequency cepstral coefficients (Davis & Mermelstein 1980), as Kaldi's `feature-mfcc.cc` or torchaudio's MFCC. */
import { doubles } from '../core/doubles.js';
import { UserError } from '../core/errors.js';
import { dctMatrix } from './dct.js';
import type { FrameTransform } from './framed.js';
import type { MfccOptions } from './mel-options.js';
import { logOfEnergy, MelSpectrum } from './mel-spectrum.js';

export class Mfcc implements FrameTransform {
  readonly names: readonly string[];
  readonly memory = 0;
  readonly #spectrum: MelSpectrum;
  /** [numCeps, melBins], rows scaled by the lifter. */
  readonly #dct: Float64Array;
  readonly #logMel: number[];

  /** @throws UserError `CONFIG_INVALID` when frames or bands do not fit the rate, or the coefficients the bands */
  constructor(
    private readonly options: MfccOptions,
    sampleRateHz: number,
  ) {
    const { numCeps, melBins, cepstralLifter } = options;
    if (numCeps > melBins) {
      throw new UserError('CONFIG_INVALID', `${numCeps} coefficients cannot be computed from ${melBins} mel bands`, {
        hint: 'raise melBins or lower numCeps',
      });
    }
    this.#spectrum = new MelSpectrum(options, sampleRateHz);
    this.#logMel = doubles(melBins);
    this.#dct = dctMatrix(numCeps, melBins).map(
      (weight, i) => weight * lifter(Math.floor(i / melBins), cepstralLifter),
    );
    this.names = mfccNames(options);
  }

  /** Bands that are too narrow for the spectrum and always silent. */
  get emptyBands(): number {
    return this.#spectrum.bank.emptyBands;
  }

  get framing(): FrameTransform['framing'] {
    return this.#spectrum.framing;
  }

  get frame(): number[] {
    return this.#spectrum.frame;
  }

  compute(_memory: Float64Array, out: Float32Array, at: number): void {
    const { numCeps, melBins, useEnergy, logOffset } = this.options;
    const { mel } = this.#spectrum;
    const logMel = this.#logMel;
    const dct = this.#dct;
    this.#spectrum.analyse();
    for (let b = 0; b < melBins; b++) logMel[b] = logOfEnergy(mel[b] + logOffset);
    for (let k = 0; k < numCeps; k++) {
      let sum = 0;
      for (let b = 0; b < melBins; b++) sum += dct[k * melBins + b] * logMel[b];
      out[at + k] = sum;
    }
    if (useEnergy) out[at] = this.#spectrum.logEnergy;
  }
}

export function mfccNames({ numCeps, useEnergy }: MfccOptions): string[] {
  return Array.from({ length: numCeps }, (_, k) => (k === 0 && useEnergy ? 'logEnergy' : `mfcc.${k}`));
}

/** Scale of coefficient k, which brings the high ones to the size of the low ones. */
function lifter(k: number, strength: number): number {
  return strength === 0 ? 1 : 1 + (strength / 2) * Math.sin((Math.PI * k) / strength);
}
