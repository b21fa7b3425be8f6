/**
 * Other speakers than those who were recorded, made of their features: other throats, other microphones, more or less haste.
 * Few people record; a net that has heard four knows four.
 */
import { bandCentresHz, hzOf, melOf } from '../../feature/mel-bank.js';
import type { RecogniserFeatures } from '../../core/recogniser.js';
import { STACKED_FRAMES, type Chunks } from './chunk-maker.js';
import type { Draws } from './draws.js';

export interface VoiceOptions {
  /** Frequencies are moved by a factor of e^−throat … e^throat: vocal tracts that are longer or shorter by as much. */
  readonly throat: number;
  /** What is said takes e^−haste … e^haste times as long. */
  readonly haste: number;
  /** How much a microphone colours: highest slope from one end of the bands to the other, and of each ripple, nats. */
  readonly colour: number;
}

/** Cosines over the bands, of which a microphone's colour is made besides its slope. */
const RIPPLES = 4;
/** Of the first ripple, as a part of the slope; the others are less, so that neighbouring bands stay alike. */
const RIPPLE_SHARE = 0.7;

export interface Voice {
  /** [melBins] the place, in bands, from which each band is taken. */
  readonly places: Float64Array;
  /** [melBins] added to each band, nats. */
  readonly colour: Float64Array;
  /** Frames that are heard in the time of one. */
  readonly speed: number;
}

export class Voices {
  readonly #mels: Float64Array;

  /** @throws UserError `CONFIG_INVALID` when the bands do not fit the rate */
  constructor(
    features: RecogniserFeatures,
    private readonly options: VoiceOptions,
  ) {
    const centres = bandCentresHz({ ...features, melTriangles: 'mel' }, features.sampleRateHz);
    this.#mels = Float64Array.from(centres ?? [], melOf);
  }

  draw(draws: Draws): Voice {
    const { throat, haste, colour } = this.options;
    const places = this.#warped(Math.exp(draws.within([-throat, throat])));
    return { places, colour: this.#coloured(colour, draws), speed: Math.exp(draws.within([-haste, haste])) };
  }

  /** Vocal tract length perturbation (Jaitly & Hinton 2013): what is heard at f was at factor · f; beyond the ends the last band. */
  #warped(factor: number): Float64Array {
    const mels = this.#mels;
    const last = mels.length - 1;
    const width = (mels[last] - mels[0]) / last;
    return mels.map((mel) => Math.min(last, Math.max(0, (melOf(factor * hzOf(mel)) - mels[0]) / width)));
  }

  #coloured(most: number, draws: Draws): Float64Array {
    const bins = this.#mels.length;
    const slope = draws.within([-most, most]);
    const curve = Float64Array.from({ length: bins }, (_, band) => slope * ((2 * band) / (bins - 1) - 1));
    for (let ripple = 1; ripple <= RIPPLES; ripple++) {
      const height = (draws.within([-1, 1]) * RIPPLE_SHARE * most) / Math.sqrt(ripple);
      const phase = draws.within([0, 2 * Math.PI]);
      for (let band = 0; band < bins; band++)
        curve[band] += height * Math.cos((Math.PI * ripple * band) / bins + phase);
    }
    return curve;
  }
}

/**
 * What `chunks` would be if it were said in this voice; between bands and between frames along straight lines.
 * @param chunks not normalised
 * @param tailSteps steps at the end that keep their length: the silence behind the end
 */
export function inVoice({ count, data }: Chunks, { places, colour, speed }: Voice, tailSteps: number): Chunks {
  const bins = places.length;
  const spoken = (count - tailSteps) * STACKED_FRAMES;
  const steps = Math.max(1, Math.round(spoken / speed / STACKED_FRAMES));
  const frames = (steps + tailSteps) * STACKED_FRAMES;
  const out = new Float32Array(frames * bins);
  const row = new Float64Array(bins);
  for (let t = 0; t < frames; t++) {
    const tail = t - steps * STACKED_FRAMES;
    const at = tail < 0 ? Math.min(spoken - 1, t * speed) : spoken + tail;
    const frame = Math.min(Math.floor(at), count * STACKED_FRAMES - 2);
    const [from, share] = [frame * bins, at - frame];
    for (let band = 0; band < bins; band++) {
      row[band] = (1 - share) * data[from + band] + share * data[from + bins + band];
    }
    for (let band = 0; band < bins; band++) {
      const below = Math.min(bins - 2, Math.floor(places[band]));
      const u = places[band] - below;
      out[t * bins + band] = (1 - u) * row[below] + u * row[below + 1] + colour[band];
    }
  }
  return { count: steps + tailSteps, data: out };
}
