/**
 * The one place that touches meyda. `Meyda.extract` lives on global settings: its filter banks go stale when the frame or the
 * rate changes, it measures the level of the *windowed* signal, and it takes powers of two only. But its extractors are pure
 * functions of a signal or a spectrum: they are called directly, with a spectrum of our own, so nothing global is read or
 * written, and a program that uses meyda beside kioku is not disturbed. What is wrong in the functions themselves is put
 * right here; spectralFlux (always throws) and perceptualSharpness (adds a constant for each high band) are not used.
 * Read in and checked against meyda 5.6.3.
 */
import Meyda from 'meyda';

/** One frame, in the names of meyda's arguments. */
export interface MeasuredFrame {
  /** [bufferSize] without a window. */
  readonly signal: readonly number[];
  /** [floor(bufferSize / 2)] amplitudes of the windowed signal, from 0 to just below the Nyquist frequency. */
  readonly ampSpectrum: Float64Array;
  /** [floor(bufferSize / 2)] of the same frequencies on the Bark scale, see `barkScale`. */
  readonly barkScale: Float64Array;
  /** Hz */
  readonly sampleRate: number;
  readonly bufferSize: number;
}

type Measure = (frame: MeasuredFrame) => number;

type Plain =
  | 'rms'
  | 'energy'
  | 'zcr'
  | 'spectralCentroid'
  | 'spectralSpread'
  | 'spectralSkewness'
  | 'spectralKurtosis'
  | 'spectralRolloff'
  | 'spectralSlope'
  | 'spectralFlatness'
  | 'spectralCrest'
  | 'perceptualSpread';

interface Extractors extends Readonly<Record<Plain, Measure>> {
  readonly loudness: (frame: MeasuredFrame) => { readonly total: number };
}

/** Its types describe the default export of a module; at run time the module is that export. */
const { featureExtractors: of } = Meyda as unknown as { readonly featureExtractors: Extractors };

const binHz = ({ sampleRate, bufferSize }: MeasuredFrame): number => sampleRate / bufferSize;

/**
 * meyda divides by Σf² − (Σf)² where the slope of a regression over n points has n·Σf² − (Σf)²; with f = 0, 1, … n − 1
 * these are sums of known closed form.
 */
function slopeCorrection(n: number, widthHz: number): number {
  const sum = ((n * (n - 1)) / 2) * widthHz;
  const squares = ((n * (n - 1) * (2 * n - 1)) / 6) * widthHz ** 2;
  return (squares - sum ** 2) / (n * squares - sum ** 2);
}

/** Of a silent frame many of these are not numbers: the caller asks only when there is sound. */
export const MEYDA_DESCRIPTORS = {
  /** Root of the mean square. */
  rms: (frame) => of.rms(frame),
  /** Sum of squares. */
  energy: (frame) => of.energy(frame),
  /** Changes of sign per second; meyda counts those of the frame. */
  zeroCrossingRateHz: (frame) => (of.zcr(frame) * frame.sampleRate) / (frame.bufferSize - 1),
  /** Mean frequency, weighted with amplitudes; meyda gives the number of the bin. */
  spectralCentroidHz: (frame) => of.spectralCentroid(frame) * binHz(frame),
  /** Standard deviation around it; meyda gives bins. */
  spectralSpreadHz: (frame) => of.spectralSpread(frame) * binHz(frame),
  spectralSkewness: (frame) => of.spectralSkewness(frame),
  spectralKurtosis: (frame) => of.spectralKurtosis(frame),
  /** Below it are 99 % of the amplitudes; meyda takes the last bin for the Nyquist frequency. */
  spectralRolloffHz: (frame) => of.spectralRolloff(frame) * ((2 * (frame.ampSpectrum.length - 1)) / frame.bufferSize),
  /** Slope of a straight line through the amplitudes, which are scaled to a sum of 1. */
  spectralSlopePerHz: (frame) => of.spectralSlope(frame) * slopeCorrection(frame.ampSpectrum.length, binHz(frame)),
  /** Geometric by arithmetic mean of the amplitudes: 1 noise, 0 a tone. */
  spectralFlatness: (frame) => of.spectralFlatness(frame),
  /** Largest amplitude by their root mean square. */
  spectralCrest: (frame) => of.spectralCrest(frame),
  /** Sum over 24 Bark bands of (sum of amplitudes)^0.23 (Zwicker); no unit. */
  loudness: (frame) => of.loudness(frame).total,
  /** How far the loudest Bark band is from having all the loudness, 0 … 1. */
  perceptualSpread: (frame) => of.perceptualSpread(frame),
} as const satisfies Readonly<Record<string, Measure>>;

/** The frequencies of a spectrum on the Bark scale (Zwicker & Terhardt 1980), as meyda makes it. */
export function barkScale(bins: number, widthHz: number): Float64Array {
  return Float64Array.from({ length: bins }, (_, k) => {
    const hz = k * widthHz;
    return 13 * Math.atan(hz / 1315.8) + 3.5 * Math.atan((hz / 7518) ** 2);
  });
}
