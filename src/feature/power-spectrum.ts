/** Power spectra of real signals of any length, in float64. */
import { doubles } from '../core/doubles.js';
import { ComplexFft, rootsOfUnity } from './complex-fft.js';

/** |DFT|² of real signals of one length; one object serves all streams of a thread. */
export class PowerSpectrum {
  /** Frequencies from 0 to the Nyquist frequency: floor(size / 2) + 1; number k is k · sampleRate / size. */
  readonly bins: number;
  readonly #fft: ComplexFft;
  readonly #roots: readonly number[];
  /** Of an odd length only: the signal with imaginary parts. */
  readonly #complex: number[];

  /** @param size samples, ≥ 2 */
  constructor(readonly size: number) {
    this.bins = Math.floor(size / 2) + 1;
    const even = size % 2 === 0;
    this.#fft = new ComplexFft(even ? size / 2 : size);
    this.#roots = rootsOfUnity(size, even ? this.bins : 0);
    this.#complex = doubles(even ? 0 : 2 * size);
  }

  /**
   * @param x [size]
   * @param power [bins], overwritten
   */
  of(x: number[], power: number[]): void {
    if (this.size % 2 === 0) this.#even(x, power);
    else this.#odd(x, power);
  }

  /** Even and odd samples as real and imaginary parts of a signal of half the length, taken apart afterwards. */
  #even(x: number[], power: number[]): void {
    const half = this.#fft.size;
    const z = this.#fft.run(x);
    const roots = this.#roots;
    power[0] = (z[0] + z[1]) ** 2;
    power[half] = (z[0] - z[1]) ** 2;
    for (let k = 1, mirrored = half - 1; k <= mirrored; k++, mirrored--) {
      const r = z[2 * k];
      const i = z[2 * k + 1];
      const mirroredR = z[2 * mirrored];
      const mirroredI = z[2 * mirrored + 1];
      const evenR = 0.5 * (r + mirroredR);
      const evenI = 0.5 * (i - mirroredI);
      const oddR = 0.5 * (i + mirroredI);
      const oddI = 0.5 * (mirroredR - r);
      const turnedR = oddR * roots[2 * k] - oddI * roots[2 * k + 1];
      const turnedI = oddR * roots[2 * k + 1] + oddI * roots[2 * k];
      power[k] = (evenR + turnedR) ** 2 + (evenI + turnedI) ** 2;
      power[mirrored] = (evenR - turnedR) ** 2 + (evenI - turnedI) ** 2;
    }
  }

  #odd(x: number[], power: number[]): void {
    const complex = this.#complex;
    for (let k = 0; k < this.size; k++) complex[2 * k] = x[k];
    const z = this.#fft.run(complex);
    for (let k = 0; k < this.bins; k++) power[k] = z[2 * k] ** 2 + z[2 * k + 1] ** 2;
  }
}
