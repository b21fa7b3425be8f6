/**
 * Power spectra of real signals of any length: a complex FFT in Stockham's self-sorting form with mixed radices (Van Loan,
 * "Computational Frameworks for the Fast Fourier Transform", SIAM 1992, §1.7 and §2.3), in float64. Lengths with small
 * prime factors are fast; a prime factor p costs p² per group of p.
 */

/** Radices of a transform of `size`, fours first: they need the fewest multiplications. */
function radices(size: number): number[] {
  const found: number[] = [];
  let rest = size;
  for (let p = 4; rest > 1;) {
    if (rest % p === 0) {
      found.push(p);
      rest /= p;
    } else {
      p = p === 4 ? 2 : p === 2 ? 3 : p + 2;
      if (p * p > rest && p > 4) p = rest;
    }
  }
  return found;
}

/** Complex numbers as two arrays. */
interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

const complex = (size: number): Complex => ({ re: new Float64Array(size), im: new Float64Array(size) });

/** exp(−2πik/n) for k = 0 … n − 1. */
function rootsOfUnity(size: number): Complex {
  const roots = complex(size);
  for (let k = 0; k < size; k++) {
    roots.re[k] = Math.cos((2 * Math.PI * k) / size);
    roots.im[k] = -Math.sin((2 * Math.PI * k) / size);
  }
  return roots;
}

/** Tables and room for transforms of one size; the same object serves all streams of a thread, one after the other. */
class ComplexFft {
  /** To be filled before `run`, which overwrites it. */
  readonly input: Complex;
  readonly #other: Complex;
  readonly #roots: Complex;
  readonly #radices: readonly number[];

  constructor(readonly size: number) {
    this.input = complex(size);
    this.#other = complex(size);
    this.#roots = rootsOfUnity(size);
    this.#radices = radices(size);
  }

  /** @returns the transform of `input`, borrowed until the next call */
  run(): Complex {
    let from = this.input;
    let to = this.#other;
    let stride = 1;
    for (const radix of this.#radices) {
      if (radix === 4) this.#stage4(from, to, stride);
      else this.#stage(from, to, stride, radix);
      stride *= radix;
      [from, to] = [to, from];
    }
    return from;
  }

  /** Groups of four with what the general stage would do spelled out. */
  #stage4({ re, im }: Complex, { re: toRe, im: toIm }: Complex, stride: number): void {
    const { re: wRe, im: wIm } = this.#roots;
    const quarter = this.size / 4;
    for (let first = 0, out = 0; first < quarter; first += stride, out += 4 * stride) {
      const w1r = wRe[first];
      const w1i = wIm[first];
      const w2r = wRe[2 * first];
      const w2i = wIm[2 * first];
      const w3r = wRe[3 * first];
      const w3i = wIm[3 * first];
      for (let q = 0; q < stride; q++) {
        const a = first + q;
        const b = a + quarter;
        const c = b + quarter;
        const d = c + quarter;
        const sumR = re[a] + re[c];
        const sumI = im[a] + im[c];
        const differenceR = re[a] - re[c];
        const differenceI = im[a] - im[c];
        const otherSumR = re[b] + re[d];
        const otherSumI = im[b] + im[d];
        // −i · (b − d)
        const turnedR = im[b] - im[d];
        const turnedI = re[d] - re[b];
        const y = out + q;
        toRe[y] = sumR + otherSumR;
        toIm[y] = sumI + otherSumI;
        let r = differenceR + turnedR;
        let i = differenceI + turnedI;
        toRe[y + stride] = r * w1r - i * w1i;
        toIm[y + stride] = r * w1i + i * w1r;
        r = sumR - otherSumR;
        i = sumI - otherSumI;
        toRe[y + 2 * stride] = r * w2r - i * w2i;
        toIm[y + 2 * stride] = r * w2i + i * w2r;
        r = differenceR - turnedR;
        i = differenceI - turnedI;
        toRe[y + 3 * stride] = r * w3r - i * w3i;
        toIm[y + 3 * stride] = r * w3i + i * w3r;
      }
    }
  }

  /** y[radix·first + v·stride] = Σ_u x[first + u·size/radix] · w_radix^(u·v) · w_size^(first·v), `first` a multiple of stride. */
  #stage({ re, im }: Complex, to: Complex, stride: number, radix: number): void {
    const { re: wRe, im: wIm } = this.#roots;
    const part = this.size / radix;
    for (let first = 0; first < part; first += stride) {
      for (let v = 0; v < radix; v++) {
        const out = first * radix + v * stride;
        for (let q = 0; q < stride; q++) {
          let r = 0;
          let i = 0;
          for (let u = 0; u < radix; u++) {
            const w = ((u * part + first) * v) % this.size;
            const x = first + q + u * part;
            r += re[x] * wRe[w] - im[x] * wIm[w];
            i += re[x] * wIm[w] + im[x] * wRe[w];
          }
          to.re[out + q] = r;
          to.im[out + q] = i;
        }
      }
    }
  }
}

/** |DFT|² of real signals of one length; one object serves all streams of a thread. */
export class PowerSpectrum {
  /** Frequencies from 0 to the Nyquist frequency: floor(size / 2) + 1; number k is k · sampleRate / size. */
  readonly bins: number;
  readonly #fft: ComplexFft;
  readonly #roots: Complex;

  /** @param size samples, ≥ 2 */
  constructor(readonly size: number) {
    this.bins = Math.floor(size / 2) + 1;
    this.#fft = new ComplexFft(size % 2 === 0 ? size / 2 : size);
    this.#roots = rootsOfUnity(size);
  }

  /**
   * @param x [size]
   * @param power [bins], overwritten
   */
  of(x: Float64Array, power: Float64Array): void {
    if (this.size % 2 === 0) this.#even(x, power);
    else this.#odd(x, power);
  }

  /** Even and odd samples as real and imaginary parts of a signal of half the length, taken apart afterwards. */
  #even(x: Float64Array, power: Float64Array): void {
    const { input, size: half } = this.#fft;
    for (let k = 0; k < half; k++) {
      input.re[k] = x[2 * k];
      input.im[k] = x[2 * k + 1];
    }
    const { re, im } = this.#fft.run();
    const { re: wRe, im: wIm } = this.#roots;
    power[0] = (re[0] + im[0]) ** 2;
    power[half] = (re[0] - im[0]) ** 2;
    for (let k = 1, mirrored = half - 1; k <= mirrored; k++, mirrored--) {
      const evenR = 0.5 * (re[k] + re[mirrored]);
      const evenI = 0.5 * (im[k] - im[mirrored]);
      const oddR = 0.5 * (im[k] + im[mirrored]);
      const oddI = 0.5 * (re[mirrored] - re[k]);
      const turnedR = oddR * wRe[k] - oddI * wIm[k];
      const turnedI = oddR * wIm[k] + oddI * wRe[k];
      power[k] = (evenR + turnedR) ** 2 + (evenI + turnedI) ** 2;
      power[mirrored] = (evenR - turnedR) ** 2 + (evenI - turnedI) ** 2;
    }
  }

  #odd(x: Float64Array, power: Float64Array): void {
    const { input, size } = this.#fft;
    for (let k = 0; k < size; k++) {
      input.re[k] = x[k];
      input.im[k] = 0;
    }
    const { re, im } = this.#fft.run();
    for (let k = 0; k < this.bins; k++) power[k] = re[k] ** 2 + im[k] ** 2;
  }
}
