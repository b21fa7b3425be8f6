/** What an engine is asked for: an opened model whose inputs and outputs lie in memory of ours. `SlottedNet` does the rest. */
import type { SkippedProvider } from '../core/runtime.js';
import type { Port } from '../core/step-model.js';

/** What tensors of a step hold: float32, or int64 for tokens and counts. */
export type Values = Float32Array | BigInt64Array;

/**
 * Memory of a tensor. It has an ArrayBuffer of its own, which does not move while native code reads and writes it (a small
 * typed array may live in the JavaScript heap, which does).
 */
export class TensorBuffer {
  readonly values: Values;
  /** The same memory for copying: any bits survive, which a float32 that passes through a JavaScript number may not. */
  readonly words: Int32Array;

  /** @param size values, all 0 */
  constructor(elementType: Port['elementType'], size: number) {
    this.values =
      elementType === 'float32'
        ? new Float32Array(new ArrayBuffer(size * Float32Array.BYTES_PER_ELEMENT))
        : new BigInt64Array(new ArrayBuffer(size * BigInt64Array.BYTES_PER_ELEMENT));
    this.words = new Int32Array(this.values.buffer);
  }
}

/** A buffer as the input or output `name` of a model. */
export interface BoundTensor {
  readonly name: string;
  /** Multiplies to the number of values in `buffer`; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly buffer: TensorBuffer;
}

/** One call of a model, everything it needs made beforehand. */
export interface BoundRun {
  /** Reads the inputs from their buffers and writes the outputs to theirs. @throws UserError `ENGINE` */
  run(): void;
  /** Frees it; may be called more than once. Then `run` is a `BugError`. */
  release(): void;
}

export interface StepSession {
  /** The engine and execution provider that run, such as `native/cpu`. */
  readonly provider: string;
  /** Providers that were preferred to this one but do not work here. */
  readonly skipped: readonly SkippedProvider[];
  /**
   * An input and an output may not share a buffer within one run; runs may share buffers with each other.
   * @param feeds every input of the model
   * @param fetches the outputs to compute
   * @throws UserError `ENGINE`, here or in the first run, when the model has other inputs or outputs
   */
  bind(feeds: readonly BoundTensor[], fetches: readonly BoundTensor[]): BoundRun;
  /** Frees the model and every run that was bound; may be called more than once. */
  close(): void;
}
