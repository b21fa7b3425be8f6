/** Log-mel spectra (Kaldi: fbank; torchaudio: MelSpectrogram and its logarithm), and those that recognisers learnt from. */
import type { FrameExtractor } from '../core/contracts.js';
import type { RecogniserFeatures } from '../core/recogniser.js';
import { FramedExtractor, type FrameTransform } from './framed.js';
import { bandCentresHz } from './mel-bank.js';
import { logMelOptions, type LogMelOptions } from './mel-options.js';
import { logOfEnergy, MelSpectrum } from './mel-spectrum.js';

export class LogMel implements FrameTransform {
  readonly names: readonly string[];
  readonly memory = 0;
  readonly #spectrum: MelSpectrum;

  /** @throws UserError `CONFIG_INVALID` when frames or bands do not fit the rate */
  constructor(
    private readonly options: LogMelOptions,
    sampleRateHz: number,
  ) {
    this.#spectrum = new MelSpectrum(options, sampleRateHz);
    this.names = logMelNames(options, sampleRateHz);
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
    const spectrum = this.#spectrum;
    const { melBins, useEnergy, useLog, logOffset } = this.options;
    const { mel } = spectrum;
    spectrum.analyse();
    const first = useEnergy ? at + 1 : at;
    if (useEnergy) out[at] = spectrum.logEnergy;
    for (let b = 0; b < melBins; b++) out[first + b] = useLog ? logOfEnergy(mel[b] + logOffset) : mel[b];
  }
}

/**
 * Such as `mel.2450Hz`, by the middle of the band; bands closer than 1 Hz are numbered as well, and all are by number alone
 * (`mel.17`) when their range depends on a rate that is not given.
 */
export function logMelNames(options: LogMelOptions, sampleRateHz?: number): string[] {
  const centresHz = bandCentresHz(options, sampleRateHz);
  const names = Array.from({ length: options.melBins }, (_, band) =>
    centresHz === undefined ? `mel.${band}` : `mel.${Math.round(centresHz[band])}Hz`,
  );
  const bands = new Set(names).size === names.length ? names : names.map((name, band) => `${name}.${band}`);
  return options.useEnergy ? ['logEnergy', ...bands] : bands;
}

/**
 * The features of a recogniser: 25 ms every 10 ms, Povey window, mirrored edges (frame k is centred on hop k), bands as
 * the model wants them. Kaldi's recipe with snip_edges = false, as icefall trains and sherpa-onnx feeds its models.
 * @returns makes the extractor of one stream; all share tables, so use them on one thread
 * @throws UserError `CONFIG_INVALID` when the bands do not fit the rate
 */
export function recogniserFrames(features: RecogniserFeatures): () => FrameExtractor {
  const { sampleRateHz, melBins, lowFrequencyHz, highFrequencyHz, sampleScale } = features;
  const options = logMelOptions({ edges: 'mirror', melBins, lowFrequencyHz, highFrequencyHz, sampleScale });
  const transform = new LogMel(options, sampleRateHz);
  return () => new FramedExtractor(transform);
}
