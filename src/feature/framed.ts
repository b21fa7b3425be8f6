/** A vector per frame: what log-mel, MFCC and descriptors have in common. */
import type { FrameExtractor } from '../core/contracts.js';
import { BugError, UserError } from '../core/errors.js';
import { Framer, type Framing } from './framing.js';

/** What is computed from a frame. Holds tables and room only, so that one object serves all streams of a thread. */
export interface FrameTransform {
  readonly framing: Framing;
  readonly names: readonly string[];
  /** Where `compute` expects the frame: [≥ frameSamples], the rest is its own. */
  readonly frame: Float64Array;
  /** Numbers that it remembers of a stream from frame to frame, 0 at first. */
  readonly memory: number;
  /**
   * @param memory [memory] of the stream, updated
   * @param out the vector goes to `out[at … at + names.length)`
   */
  compute(memory: Float64Array, out: Float32Array, at: number): void;
}

const VERSION = 1;

/** One stream: its samples, and what the transform remembers of it. */
export class FramedExtractor implements FrameExtractor {
  readonly #framer: Framer;
  readonly #memory: Float64Array;

  constructor(private readonly transform: FrameTransform) {
    this.#framer = new Framer(transform.framing);
    this.#memory = new Float64Array(transform.memory);
  }

  get names(): readonly string[] {
    return this.transform.names;
  }

  get width(): number {
    return this.transform.names.length;
  }

  get hopSamples(): number {
    return this.transform.framing.hopSamples;
  }

  push(samples: Float64Array, from: number, n: number): void {
    this.#framer.push(samples, from, n);
  }

  get ready(): number {
    return this.#framer.ready;
  }

  take(out: Float32Array, at: number): void {
    if (this.ready === 0) throw new BugError('no vector is ready');
    this.#framer.take(this.transform.frame);
    this.transform.compute(this.#memory, out, at);
  }

  flush(): void {
    this.#framer.flush();
  }

  reset(): void {
    this.#framer.reset();
    this.#memory.fill(0);
  }

  save(): Uint8Array {
    const frames = this.#framer.save();
    const bytes = new Uint8Array(1 + this.#memory.byteLength + frames.byteLength);
    bytes[0] = VERSION;
    bytes.set(new Uint8Array(this.#memory.buffer), 1);
    bytes.set(new Uint8Array(frames.buffer), 1 + this.#memory.byteLength);
    return bytes;
  }

  load(bytes: Uint8Array): void {
    const memoryBytes = this.#memory.byteLength;
    if (bytes[0] !== VERSION || bytes.length < 1 + memoryBytes || (bytes.length - 1) % 8 !== 0) {
      throw new UserError('SNAPSHOT_INVALID', 'the saved samples of a stream are of another version or size', {
        hint: 'use the kioku that it was saved with, or start this stream anew',
      });
    }
    const saved = new Float64Array(bytes.slice(1).buffer);
    this.#framer.load(saved.subarray(this.#memory.length));
    this.#memory.set(saved.subarray(0, this.#memory.length));
  }
}
