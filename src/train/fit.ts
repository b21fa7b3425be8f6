/** What is normal of a stream's channels, found in the rows that are learnt. */
import type { ChannelScale } from '../core/card.js';
import { fitScale } from '../feature/scaling.js';
import { Reservoir } from './reservoir.js';
import type { Series } from './series.js';

/** Observed values below which the spread of a channel is a guess. */
export const FEWEST_TO_FIT = 20;
/**
 * Values of a channel that its scale is fitted on, at most; of more a random sample. The error of the median of so many is
 * a 400th of a standard deviation, and that of the spread a 400th of itself.
 */
const MOST_TO_FIT = 262_144;
/** Channels that are fitted in one pass over the rows, which bounds what their samples take. */
const CHANNELS_A_PASS = 16;

export interface Fit {
  readonly scale: ChannelScale;
  /** Whether all values were the same. */
  readonly constant: boolean;
}

/**
 * Fits the scales of the channels on the first `rows` rows of a series.
 * @param noiseFloors one a channel, in its unit
 * @returns one a channel; undefined for one with too few observed values
 * @throws UserError `DISK`
 */
export function fitChannels(
  series: Series,
  rows: number,
  noiseFloors: readonly number[],
): readonly (Fit | undefined)[] {
  const fits: (Fit | undefined)[] = [];
  for (let first = 0; first < noiseFloors.length; first += CHANNELS_A_PASS) {
    const floors = noiseFloors.slice(first, first + CHANNELS_A_PASS);
    const samples = floors.map((_, c) => new Reservoir(Math.min(rows, MOST_TO_FIT), first + c));
    sample(series, rows, noiseFloors.length, first, samples);
    samples.forEach(({ values }, c) => {
      const constant = values.every((value) => value === values[0]);
      fits.push(values.length < FEWEST_TO_FIT ? undefined : { scale: fitScale(values, floors[c]), constant });
    });
  }
  return fits;
}

/** Shows to each sample the observed values of its channel. @param first channel of the first sample */
function sample(series: Series, rows: number, width: number, first: number, samples: readonly Reservoir[]): void {
  for (const { n, values, mask } of series.pieces(0, rows)) {
    for (let row = 0; row < n; row++) {
      for (let c = 0; c < samples.length; c++) {
        const at = row * width + first + c;
        if (mask[at] === 1) samples[c].add(values[at]);
      }
    }
  }
}
