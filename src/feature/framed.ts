/** A vector per frame: what log-mel, MFCC and descriptors have in common. */
import type { FrameExtractor } from '../core/contracts.js';
import { BugError } from '../core/errors.js';
import { loadNumbers, saveNumbers, unfitState } from '../core/saved-state.js';
import { Framer, type Framing } from './framing.js';

/** What is computed from a frame. Holds tables and room only, so that one object serves all streams of a thread. */
export interface FrameTransform {
  readonly framing: Framing;
  readonly names: readonly string[];
  /** Where `compute` expects the frame: [≥ frameSamples], the rest is its own. */
  readonly frame: number[];
  /** Numbers that it remembers of a stream from frame to frame, 0 at first. */
  readonly memory: number;
  /**
   * @param memory [memory] of the stream, updated
   * @param out the vector goes to `out[at … at + names.length)`
   */
  compute(memory: Float64Array, out: Float32Array, at: number): void;
}

const VERSION = 1;
const SAVED = 'the samples of a stream';

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
    const numbers = new Float64Array(this.#memory.length + frames.length);
    numbers.set(this.#memory);
    numbers.set(frames, this.#memory.length);
    return saveNumbers(VERSION, numbers);
  }

  load(bytes: Uint8Array): void {
    const saved = loadNumbers(VERSION, bytes, SAVED);
    if (saved.length < this.#memory.length) throw unfitState(SAVED);
    this.#framer.load(saved.subarray(this.#memory.length));
    this.#memory.set(saved.subarray(0, this.#memory.length));
  }
}
