/** SpecAugment without time warping (Park et al., Interspeech 2019): bands and moments of the spectrum are taken away. */
import { STACKED_FRAMES, type Chunks } from './chunk-maker.js';
import type { Draws, Range } from './draws.js';

export interface SpecAugmentOptions {
  /** Masks of each kind. */
  readonly masks: number;
  /** Bands that a mask covers. */
  readonly bands: Range;
  /** Feature frames of 10 ms that a mask covers. */
  readonly frames: Range;
}

/** Sets what is masked to 0, the mean. @param chunks normalised, changed in place */
export function specAugment(chunks: Chunks, melBins: number, options: SpecAugmentOptions, draws: Draws): void {
  const frames = chunks.count * STACKED_FRAMES;
  for (let i = 0; i < options.masks; i++) {
    const [band, bands] = place(melBins, options.bands, draws);
    for (let t = 0; t < frames; t++) chunks.data.fill(0, t * melBins + band, t * melBins + band + bands);
    const [from, length] = place(frames, options.frames, draws);
    chunks.data.fill(0, from * melBins, (from + length) * melBins);
  }
}

/** @returns where a mask begins among `size`, and how long it is */
function place(size: number, lengths: Range, draws: Draws): readonly [from: number, length: number] {
  const length = Math.min(size, draws.count(lengths));
  return [draws.whole(size - length + 1), length];
}
