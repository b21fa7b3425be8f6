/** Endless samples → overlapping frames, whatever the pieces in which the samples come. */
import { BugError, UserError } from '../core/errors.js';
import { SampleBuffer } from '../core/sample-buffer.js';

/**
 * What frames see beyond the first and the last sample of a stream, and how many there are of n samples:
 *
 * - `snip`: nothing. Frame k begins at sample k · hop; only whole frames (Kaldi's snip_edges = true).
 * - `mirror`: the signal mirrored, the edge included (−1 → 0). Frame k is centred on hop k; floor((n + hop/2) / hop) frames
 *   (Kaldi's snip_edges = false).
 * - `centre`: the signal mirrored, the edge left out (−1 → 1). Frame k is centred on sample k · hop; 1 + floor(n / hop)
 *   frames, of an odd length 1 + floor((n − 1) / hop) (torch.stft with center and reflect).
 */
export const EDGES = ['snip', 'mirror', 'centre'] as const;

export interface Framing {
  readonly frameSamples: number;
  readonly hopSamples: number;
  readonly edges: (typeof EDGES)[number];
}

/** Numbers that `save` writes before the samples. */
const HEAD = 5;

/**
 * Frames of one stream. Holds the samples that frames still need: about one frame, and whatever was pushed and not taken.
 * Sample and frame numbers are absolute, from the beginning of the stream.
 */
export class Framer {
  readonly #framing: Framing;
  /** Where frame 0 begins; negative where frames see beyond the edge. */
  readonly #start: number;
  readonly #samples = new SampleBuffer();
  /** Frames so far. */
  #taken = 0;
  #flushed = false;

  constructor(framing: Framing) {
    const { frameSamples, hopSamples, edges } = framing;
    this.#framing = framing;
    const half = Math.floor(frameSamples / 2);
    this.#start = edges === 'snip' ? 0 : edges === 'centre' ? -half : Math.floor(hopSamples / 2) - half;
  }

  /** Takes `samples[from … from + n)`. */
  push(samples: Float64Array, from: number, n: number): void {
    if (this.#flushed) throw new BugError('samples after the end of a stream: reset first');
    this.#samples.dropBefore(this.#needed(this.#taken, this.#samples.end));
    this.#samples.push(samples, from, from + n);
  }

  /** Frames that `take` can give now. */
  get ready(): number {
    return Math.max(0, this.#frames() - this.#taken);
  }

  /** Writes the next frame to `out[0 … frameSamples)`; there must be one. */
  take(out: number[]): void {
    const { frameSamples } = this.#framing;
    const start = this.#frameStart(this.#taken++);
    if (start >= 0 && start + frameSamples <= this.#samples.end) {
      this.#samples.copyTo(out, start, frameSamples);
    } else {
      for (let i = 0; i < frameSamples; i++) out[i] = this.#samples.sample(this.#mirrored(start + i));
    }
  }

  /** No more samples come: the frames that look beyond the last one become ready. */
  flush(): void {
    this.#flushed = true;
  }

  reset(): void {
    this.#samples.restart(0);
    this.#taken = 0;
    this.#flushed = false;
  }

  /** Everything that is remembered, the same whatever the pieces in which the samples came. */
  save(): Float64Array {
    const { end } = this.#samples;
    const from = this.#needed(this.#taken, end);
    const { frameSamples, hopSamples } = this.#framing;
    const saved = new Float64Array(HEAD + end - from);
    saved.set([frameSamples, hopSamples, end, this.#taken, this.#flushed ? 1 : 0]);
    saved.set(this.#samples.copy(from, end), HEAD);
    return saved;
  }

  /** The inverse of `save`. @throws UserError `SNAPSHOT_INVALID` when it is of another framing or size */
  load(saved: Float64Array): void {
    const [frameSamples, hopSamples, end, taken, flushed] = saved;
    const first = this.#needed(taken, end);
    const fits =
      saved.length >= HEAD &&
      frameSamples === this.#framing.frameSamples &&
      hopSamples === this.#framing.hopSamples &&
      saved.length === HEAD + end - first;
    if (!fits) {
      throw new UserError('SNAPSHOT_INVALID', 'the saved frames are of another length, rate or version', {
        hint: 'keep the sample rate and the frame options as they were, or start this stream anew',
      });
    }
    this.#samples.restart(first);
    this.#samples.push(saved, HEAD);
    this.#taken = taken;
    this.#flushed = flushed === 1;
  }

  #frameStart(frame: number): number {
    return frame * this.#framing.hopSamples + this.#start;
  }

  /**
   * The oldest of `end` samples that is needed again after `taken` frames; `end`: none is. The one before the next frame
   * is: `centre` mirrors the end of the last frame onto it.
   */
  #needed(taken: number, end: number): number {
    return Math.min(Math.max(0, this.#frameStart(taken) - 1), end);
  }

  /** Frames that can be computed from the samples so far. */
  #frames(): number {
    const { frameSamples, hopSamples, edges } = this.#framing;
    const n = this.#samples.end;
    if (this.#flushed && edges === 'mirror') return Math.floor((n + Math.floor(hopSamples / 2)) / hopSamples);
    if (this.#flushed && edges === 'centre') {
      return n === 0 ? 0 : 1 + Math.floor((n - (frameSamples % 2)) / hopSamples);
    }
    // The first frame of `centre` looks one sample further back than it looks forward.
    if (edges === 'centre' && n <= -this.#start) return 0;
    return Math.max(0, Math.floor((n - frameSamples - this.#start) / hopSamples) + 1);
  }

  /** Sample number → the one that stands for it: itself, or its image beyond an edge (as often as a short signal needs). */
  #mirrored(i: number): number {
    const n = this.#samples.end;
    if (this.#framing.edges === 'mirror') {
      const place = ((i % (2 * n)) + 2 * n) % (2 * n);
      return place < n ? place : 2 * n - 1 - place;
    }
    if (n === 1) return 0;
    const period = 2 * (n - 1);
    const place = ((i % period) + period) % period;
    return place < n ? place : period - place;
  }
}
