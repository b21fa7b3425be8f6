/**
 * The fast Fourier transform of complex signals of any length in Stockham's self-sorting form with mixed radices (Van Loan,
 * "Computational Frameworks for the Fast Fourier Transform", SIAM 1992, §1.7 and §2.3), in float64. Lengths with small prime
 * factors are fast; a prime factor p costs p² per group of p.
 *
 * Complex numbers lie interleaved, [re, im, re, im, …]: so a real signal of twice the length is one as it is, and a stage
 * walks through two arrays instead of four.
 */

import { doubles } from '../core/doubles.js';

/** exp(−2πik/n) for k = 0 … count − 1, interleaved. */
export function rootsOfUnity(n: number, count = n): number[] {
  const roots = doubles(2 * count);
  for (let k = 0; k < count; k++) {
    roots[2 * k] = Math.cos((2 * Math.PI * k) / n);
    roots[2 * k + 1] = -Math.sin((2 * Math.PI * k) / n);
  }
  return roots;
}

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

/** Tables and room for transforms of one size; the same object serves all streams of a thread, one after the other. */
export class ComplexFft {
  readonly #roots: readonly number[];
  readonly #radices: readonly number[];
  /** Of the stages of radix 4: w^first, w^(2·first) and w^(3·first) for first = stride, 2 · stride, … */
  readonly #twiddles: readonly number[][];
  readonly #rooms: readonly [number[], number[]];

  constructor(readonly size: number) {
    this.#roots = rootsOfUnity(size);
    this.#radices = radices(size);
    this.#rooms = [doubles(2 * size), doubles(2 * size)];
    const twiddles: number[][] = [];
    for (let i = 0, stride = 1; this.#radices[i] === 4; i++, stride *= 4) twiddles.push(this.#twiddlesOf(stride));
    this.#twiddles = twiddles;
  }

  /**
   * @param x [2 · size] interleaved, left as it is
   * @returns its transform, interleaved, borrowed until the next call
   */
  run(x: number[]): number[] {
    let from = x;
    let [to, other] = this.#rooms;
    let stride = 1;
    for (let i = 0; i < this.#radices.length; i++) {
      const radix = this.#radices[i];
      if (radix === 4) this.#stage4(from, to, stride, this.#twiddles[i]);
      else this.#stage(from, to, stride, radix);
      stride *= radix;
      from = to;
      to = other;
      other = from;
    }
    return from;
  }

  #twiddlesOf(stride: number): number[] {
    const groups = this.size / 4 / stride;
    const twiddles = doubles(6 * (groups - 1));
    for (let group = 1, at = 0; group < groups; group++) {
      for (let v = 1; v < 4; v++, at += 2) {
        const k = v * group * stride;
        twiddles[at] = this.#roots[2 * k];
        twiddles[at + 1] = this.#roots[2 * k + 1];
      }
    }
    return twiddles;
  }

  /** Groups of four with what the general stage would do spelled out. Places and strides count numbers, two a sample. */
  #stage4(x: readonly number[], y: number[], stride: number, twiddles: readonly number[]): void {
    const quarter = this.size / 2;
    const step = 2 * stride;
    // The twiddles of the first groups, in the last stage of all, are 1.
    for (let a = 0; a < step; a += 2) {
      const b = a + quarter;
      const c = b + quarter;
      const d = c + quarter;
      const sumR = x[a] + x[c];
      const sumI = x[a + 1] + x[c + 1];
      const differenceR = x[a] - x[c];
      const differenceI = x[a + 1] - x[c + 1];
      const otherSumR = x[b] + x[d];
      const otherSumI = x[b + 1] + x[d + 1];
      // −i · (b − d)
      const turnedR = x[b + 1] - x[d + 1];
      const turnedI = x[d] - x[b];
      const y1 = a + step;
      const y2 = y1 + step;
      const y3 = y2 + step;
      y[a] = sumR + otherSumR;
      y[a + 1] = sumI + otherSumI;
      y[y1] = differenceR + turnedR;
      y[y1 + 1] = differenceI + turnedI;
      y[y2] = sumR - otherSumR;
      y[y2 + 1] = sumI - otherSumI;
      y[y3] = differenceR - turnedR;
      y[y3 + 1] = differenceI - turnedI;
    }
    for (let first = step, out = 4 * step, w = 0; first < quarter; first += step, out += 4 * step, w += 6) {
      const w1r = twiddles[w];
      const w1i = twiddles[w + 1];
      const w2r = twiddles[w + 2];
      const w2i = twiddles[w + 3];
      const w3r = twiddles[w + 4];
      const w3i = twiddles[w + 5];
      for (let q = 0; q < step; q += 2) {
        const a = first + q;
        const b = a + quarter;
        const c = b + quarter;
        const d = c + quarter;
        const sumR = x[a] + x[c];
        const sumI = x[a + 1] + x[c + 1];
        const differenceR = x[a] - x[c];
        const differenceI = x[a + 1] - x[c + 1];
        const otherSumR = x[b] + x[d];
        const otherSumI = x[b + 1] + x[d + 1];
        const turnedR = x[b + 1] - x[d + 1];
        const turnedI = x[d] - x[b];
        const y0 = out + q;
        const y1 = y0 + step;
        const y2 = y1 + step;
        const y3 = y2 + step;
        y[y0] = sumR + otherSumR;
        y[y0 + 1] = sumI + otherSumI;
        let r = differenceR + turnedR;
        let i = differenceI + turnedI;
        y[y1] = r * w1r - i * w1i;
        y[y1 + 1] = r * w1i + i * w1r;
        r = sumR - otherSumR;
        i = sumI - otherSumI;
        y[y2] = r * w2r - i * w2i;
        y[y2 + 1] = r * w2i + i * w2r;
        r = differenceR - turnedR;
        i = differenceI - turnedI;
        y[y3] = r * w3r - i * w3i;
        y[y3 + 1] = r * w3i + i * w3r;
      }
    }
  }

  /** y[radix·first + v·stride] = Σ_u x[first + u·size/radix] · w_radix^(u·v) · w_size^(first·v), `first` a multiple of stride. */
  #stage(x: readonly number[], y: number[], stride: number, radix: number): void {
    const roots = this.#roots;
    const part = this.size / radix;
    for (let first = 0; first < part; first += stride) {
      for (let v = 0; v < radix; v++) {
        const out = first * radix + v * stride;
        for (let q = 0; q < stride; q++) {
          let r = 0;
          let i = 0;
          for (let u = 0; u < radix; u++) {
            const w = 2 * (((u * part + first) * v) % this.size);
            const from = 2 * (first + q + u * part);
            r += x[from] * roots[w] - x[from + 1] * roots[w + 1];
            i += x[from] * roots[w + 1] + x[from + 1] * roots[w];
          }
          y[2 * (out + q)] = r;
          y[2 * (out + q) + 1] = i;
        }
      }
    }
  }
}
