/** Triangular filters, equally wide on the mel scale, over the bins of a spectrum. */
import { doubles } from '../core/doubles.js';
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
export const melOf = (hz: number): number => 1127 * Math.log1p(hz / 700);
export const hzOf = (mel: number): number => 700 * Math.expm1(mel / 1127);

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

/**
 * Every bin of the range is visited once: between two edges one band falls and the next one rises. One object serves all
 * streams of a thread.
 */
export class MelBank {
  /** Bands that are narrower than the spectrum's bins and hold none: always silent. */
  readonly emptyBands: number;
  /** [melBins + 2] Bins `starts[i]` to `starts[i + 1] − 1` are beyond edge i and not beyond edge i + 1. */
  readonly #starts: Int32Array;
  /** Two weights a bin, from bin `starts[0]`: in the band that falls there, i − 1, and in the one that rises, i. */
  readonly #weights: readonly number[];

  /**
   * @param size samples of the transform; its bin k is at k · sampleRateHz / size
   * @throws UserError `CONFIG_INVALID` as `melEdges` does
   */
  constructor(bands: MelBands, sampleRateHz: number, size: number) {
    const scale = bands.melTriangles === 'mel' ? melOf : (hz: number): number => hz;
    const edges = melEdges(bands, sampleRateHz).map((mel) => scale(hzOf(mel)));
    const places = Float64Array.from({ length: Math.floor(size / 2) + 1 }, (_, k) => scale((k * sampleRateHz) / size));
    this.#starts = Int32Array.from(edges, (edge) => places.filter((place) => place <= edge).length);
    const heard = new Set<number>();
    const weightIn = (band: number, k: number): number => {
      const weight = triangle(places[k], edges[band], edges[band + 1], edges[band + 2]);
      if (weight > 0) heard.add(band);
      return weight;
    };
    const weights = doubles(2 * (this.#starts[bands.melBins + 1] - this.#starts[0]));
    for (let i = 0, w = 0; i <= bands.melBins; i++) {
      for (let k = this.#starts[i]; k < this.#starts[i + 1]; k++, w += 2) {
        if (i > 0) weights[w] = weightIn(i - 1, k);
        if (i < bands.melBins) weights[w + 1] = weightIn(i, k);
      }
    }
    this.#weights = weights;
    this.emptyBands = bands.melBins - heard.size;
  }

  /**
   * @param spectrum [floor(size / 2) + 1]
   * @param out [melBins], overwritten
   */
  apply(spectrum: readonly number[], out: number[]): void {
    const starts = this.#starts;
    const weights = this.#weights;
    let risen = 0;
    for (let i = 0, w = 0; i <= out.length; i++) {
      let falling = 0;
      let rising = 0;
      for (let k = starts[i]; k < starts[i + 1]; k++, w += 2) {
        falling += spectrum[k] * weights[w];
        rising += spectrum[k] * weights[w + 1];
      }
      if (i > 0) out[i - 1] = risen + falling;
      risen = rising;
    }
  }
}
