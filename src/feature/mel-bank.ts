/** Triangular filters, equally wide on the mel scale, over the bins of a spectrum. */
import { UserError } from '../core/errors.js';

/** In which scale the sides of a triangle are straight: `mel` in Kaldi, `hz` in HTK, librosa and torchaudio. */
export const MEL_TRIANGLES = ['mel', 'hz'] as const;

export interface MelBands {
  readonly melBins: number;
  /** Hz, ≥ 0 */
  readonly lowFrequencyHz: number;
  /** Hz; 0 or negative: below the Nyquist frequency by as much. */
  readonly highFrequencyHz: number;
  readonly melTriangles: (typeof MEL_TRIANGLES)[number];
}

/** O'Shaughnessy 1987; the factor cancels out, 2595 · log10 is the same but for rounding. */
const melOf = (hz: number): number => 1127 * Math.log1p(hz / 700);
const hzOf = (mel: number): number => 700 * Math.expm1(mel / 1127);

/**
 * Where the bands begin, culminate and end: band b rises from edge b to b + 1 and falls to b + 2.
 * @param sampleRateHz needed when `highFrequencyHz` says so only in relation to it
 * @returns [melBins + 2] in mel
 * @throws UserError `CONFIG_INVALID` when the range is empty or beyond the Nyquist frequency
 */
function melEdges(bands: MelBands, sampleRateHz: number): Float64Array {
  const { melBins, lowFrequencyHz: low, highFrequencyHz } = bands;
  const nyquist = sampleRateHz / 2;
  const high = highFrequencyHz > 0 ? highFrequencyHz : nyquist + highFrequencyHz;
  if (low >= high || high > nyquist) {
    throw new UserError(
      'CONFIG_INVALID',
      `bands from ${low} to ${high} Hz do not fit sound of ${sampleRateHz} samples per second, which goes up to ${nyquist} Hz`,
      { hint: 'set lowFrequencyHz and highFrequencyHz, or record at a higher rate' },
    );
  }
  const from = melOf(low);
  const width = (melOf(high) - from) / (melBins + 1);
  return Float64Array.from({ length: melBins + 2 }, (_, i) => from + i * width);
}

/**
 * Frequency at which each band is most sensitive, Hz; undefined when that depends on a rate that is not given.
 * @throws UserError `CONFIG_INVALID` as `melEdges` does
 */
export function bandCentresHz(bands: MelBands, sampleRateHz?: number): Float64Array | undefined {
  if (sampleRateHz === undefined && bands.highFrequencyHz <= 0) return undefined;
  return melEdges(bands, sampleRateHz ?? Infinity)
    .slice(1, -1)
    .map(hzOf);
}

/** Share of frequency `at` in the band between `left` and `right`, 0 … 1; all three in the scale of the triangles. */
function triangle(at: number, left: number, centre: number, right: number): number {
  if (at <= left || at >= right) return 0;
  return at <= centre ? (at - left) / (centre - left) : (right - at) / (right - centre);
}

/** Only the bins inside a band are visited. One object serves all streams of a thread. */
export class MelBank {
  /** Bands that are narrower than the spectrum's bins and hold none: always silent. */
  readonly emptyBands: number;
  readonly #first: Int32Array;
  readonly #count: Int32Array;
  readonly #weights: Float64Array;

  /**
   * @param size samples of the transform; its bin k is at k · sampleRateHz / size
   * @throws UserError `CONFIG_INVALID` as `melEdges` does
   */
  constructor(bands: MelBands, sampleRateHz: number, size: number) {
    const scale = bands.melTriangles === 'mel' ? melOf : (hz: number): number => hz;
    const edges = melEdges(bands, sampleRateHz).map((mel) => scale(hzOf(mel)));
    this.#first = new Int32Array(bands.melBins);
    this.#count = new Int32Array(bands.melBins);
    const weights: number[] = [];
    for (let b = 0; b < bands.melBins; b++) {
      for (let k = 0; k <= size / 2; k++) {
        const weight = triangle(scale((k * sampleRateHz) / size), edges[b], edges[b + 1], edges[b + 2]);
        if (weight === 0) continue;
        if (this.#count[b]++ === 0) this.#first[b] = k;
        weights.push(weight);
      }
    }
    this.#weights = Float64Array.from(weights);
    this.emptyBands = this.#count.filter((count) => count === 0).length;
  }

  /**
   * @param spectrum [floor(size / 2) + 1]
   * @param out [melBins], overwritten
   */
  apply(spectrum: Float64Array, out: Float64Array): void {
    const weights = this.#weights;
    let w = 0;
    for (let b = 0; b < out.length; b++) {
      let sum = 0;
      const end = this.#first[b] + this.#count[b];
      for (let k = this.#first[b]; k < end; k++) sum += spectrum[k] * weights[w++];
      out[b] = sum;
    }
  }
}
