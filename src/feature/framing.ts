/** Endless samples → overlapping frames, whatever the pieces in which the samples come. */
import { BugError, UserError } from '../core/errors.js';

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
  #samples: Float64Array;
  /** Number of the sample in `#samples[0]`. */
  #first = 0;
  /** Samples so far. */
  #pushed = 0;
  /** Frames so far. */
  #taken = 0;
  #flushed = false;

  constructor(framing: Framing) {
    const { frameSamples, hopSamples, edges } = framing;
    this.#framing = framing;
    this.#samples = new Float64Array(2 * frameSamples);
    const half = Math.floor(frameSamples / 2);
    this.#start = edges === 'snip' ? 0 : edges === 'centre' ? -half : Math.floor(hopSamples / 2) - half;
  }

  /** Takes `samples[from … from + n)`. */
  push(samples: Float64Array, from: number, n: number): void {
    if (this.#flushed) throw new BugError('samples after the end of a stream: reset first');
    if (this.#pushed - this.#first + n > this.#samples.length) this.#makeRoom(n);
    const at = this.#pushed - this.#first;
    for (let i = 0; i < n; i++) this.#samples[at + i] = samples[from + i];
    this.#pushed += n;
  }

  /** Frames that `take` can give now. */
  get ready(): number {
    return Math.max(0, this.#frames() - this.#taken);
  }

  /** Writes the next frame to `out[0 … frameSamples)`; there must be one. */
  take(out: Float64Array): void {
    const { frameSamples } = this.#framing;
    const start = this.#frameStart(this.#taken++);
    const from = start - this.#first;
    if (start >= 0 && start + frameSamples <= this.#pushed) {
      for (let i = 0; i < frameSamples; i++) out[i] = this.#samples[from + i];
    } else {
      for (let i = 0; i < frameSamples; i++) out[i] = this.#samples[this.#mirrored(start + i) - this.#first];
    }
  }

  /** No more samples come: the frames that look beyond the last one become ready. */
  flush(): void {
    this.#flushed = true;
  }

  reset(): void {
    this.#first = 0;
    this.#pushed = 0;
    this.#taken = 0;
    this.#flushed = false;
  }

  /** Everything that is remembered, the same whatever the pieces in which the samples came. */
  save(): Float64Array {
    const from = this.#needed(this.#taken, this.#pushed);
    const { frameSamples, hopSamples } = this.#framing;
    const saved = new Float64Array(HEAD + this.#pushed - from);
    saved.set([frameSamples, hopSamples, this.#pushed, this.#taken, this.#flushed ? 1 : 0]);
    saved.set(this.#samples.subarray(from - this.#first, this.#pushed - this.#first), HEAD);
    return saved;
  }

  /** The inverse of `save`. @throws UserError `SNAPSHOT_INVALID` when it is of another framing or size */
  load(saved: Float64Array): void {
    const [frameSamples, hopSamples, pushed, taken, flushed] = saved;
    const first = this.#needed(taken, pushed);
    const fits =
      saved.length >= HEAD &&
      frameSamples === this.#framing.frameSamples &&
      hopSamples === this.#framing.hopSamples &&
      saved.length === HEAD + pushed - first;
    if (!fits) {
      throw new UserError('SNAPSHOT_INVALID', 'the saved frames are of another length, rate or version', {
        hint: 'keep the sample rate and the frame options as they were, or start this stream anew',
      });
    }
    this.reset();
    this.#first = first;
    this.#pushed = first;
    this.#taken = taken;
    this.push(saved, HEAD, pushed - first);
    this.#flushed = flushed === 1;
  }

  #frameStart(frame: number): number {
    return frame * this.#framing.hopSamples + this.#start;
  }

  /**
   * The oldest of `pushed` samples that is needed again after `taken` frames; `pushed`: none is. The one before the next
   * frame is: `centre` mirrors the end of the last frame onto it.
   */
  #needed(taken: number, pushed: number): number {
    return Math.min(Math.max(0, this.#frameStart(taken) - 1), pushed);
  }

  /** Frames that can be computed from the samples so far. */
  #frames(): number {
    const { frameSamples, hopSamples, edges } = this.#framing;
    const n = this.#pushed;
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
    const n = this.#pushed;
    if (this.#framing.edges === 'mirror') {
      const place = ((i % (2 * n)) + 2 * n) % (2 * n);
      return place < n ? place : 2 * n - 1 - place;
    }
    if (n === 1) return 0;
    const period = 2 * (n - 1);
    const place = ((i % period) + period) % period;
    return place < n ? place : period - place;
  }

  /** Lets go of samples that no frame needs any more, and grows where that is not enough. */
  #makeRoom(n: number): void {
    const kept = this.#needed(this.#taken, this.#pushed);
    const size = this.#pushed - kept;
    const from = kept - this.#first;
    if (size + n > this.#samples.length) {
      const grown = new Float64Array(2 * (size + n));
      grown.set(this.#samples.subarray(from, from + size));
      this.#samples = grown;
    } else {
      this.#samples.copyWithin(0, from, from + size);
    }
    this.#first = kept;
  }
}
