/**
 * The only door to ONNX Runtime: telemetry off before the library loads, sessions that run synchronously on one thread.
 *
 * onnxruntime-node's public `run` is not asynchronous either: it postpones the same native call by a `setImmediate` and
 * wraps it in a promise. A lane steps synchronously, so this file calls the binding itself; the version is pinned in
 * package.json because of it.
 */
import { createRequire } from 'node:module';
import type { Tensor as OrtTensor, InferenceSession } from 'onnxruntime-node';
import { BugError, messageOf, UserError } from '../core/errors.js';

export type Tensor = OrtTensor;
export type TensorData = Float32Array | BigInt64Array | Uint8Array;

/** Signature entry as the library reports it. `shape` has -1 where a dimension is symbolic. */
export interface TensorSignature {
  readonly name: string;
  readonly shape: readonly number[];
  readonly symbolicDimensions: readonly string[];
}

interface NativeSession {
  loadModel(path: string, options: InferenceSession.SessionOptions): void;
  loadModel(buffer: ArrayBufferLike, offset: number, length: number, options: InferenceSession.SessionOptions): void;
  readonly inputMetadata: readonly TensorSignature[];
  readonly outputMetadata: readonly TensorSignature[];
  run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: Readonly<Record<string, Tensor | null>>,
    options: InferenceSession.RunOptions,
  ): Record<string, Tensor>;
  dispose(): void;
}

interface OrtLibrary {
  readonly Tensor: typeof OrtTensor;
  readonly NativeSession: new () => NativeSession;
}

/** Must run in the main thread before any thread loads the library: a worker's `process.env` is only a copy. */
export function disableTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
}

function loadLibrary(): OrtLibrary {
  disableTelemetry();
  const require = createRequire(import.meta.url);
  try {
    const { Tensor } = require('onnxruntime-node') as { Tensor: typeof OrtTensor };
    const { binding, initOrt } = require('onnxruntime-node/dist/binding.js') as {
      binding: { InferenceSession: new () => NativeSession };
      initOrt: () => void;
    };
    initOrt();
    return { Tensor, NativeSession: binding.InferenceSession };
  } catch (error) {
    throw new UserError('PLATFORM', `ONNX Runtime does not load: ${messageOf(error)}`, {
      hint: 'reinstall with `npm ci`; kioku needs linux x64 or arm64 with glibc 2.28 or newer, macOS or Windows',
      cause: error,
    });
  }
}

/** float32 tensor over `data` (not copied). `shape` must multiply to its length. */
export function float32(data: Float32Array, shape: readonly number[]): Tensor {
  return new (loadLibrary().Tensor)('float32', data, shape);
}

/** One opened model; `run` blocks the calling thread. */
export class OrtSession {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  readonly #native: NativeSession;

  /**
   * @param model path of a file, or its bytes
   * @throws UserError `MODEL_INVALID` when ONNX Runtime cannot read it
   */
  constructor(model: string | Uint8Array) {
    const library = loadLibrary();
    this.#native = new library.NativeSession();
    const options: InferenceSession.SessionOptions = {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // A spinning pool burns most of a core between steps.
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    };
    try {
      if (typeof model === 'string') this.#native.loadModel(model, options);
      else this.#native.loadModel(model.buffer, model.byteOffset, model.byteLength, options);
    } catch (error) {
      throw new UserError('MODEL_INVALID', `ONNX Runtime cannot open the model: ${messageOf(error)}`, {
        hint: 'the file is damaged or of a newer ONNX version; copy or train it again',
        cause: error,
      });
    }
    this.inputs = this.#native.inputMetadata;
    this.outputs = this.#native.outputMetadata;
  }

  /**
   * @param feeds every input by name
   * @param fetches outputs to compute; a tensor is written in place, `null` lets the library allocate one
   * @throws UserError `ENGINE`
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: Readonly<Record<string, Tensor | null>>,
  ): Record<string, Tensor> {
    try {
      return this.#native.run(feeds, fetches, {});
    } catch (error) {
      throw new UserError('ENGINE', `ONNX Runtime failed: ${messageOf(error)}`, { cause: error });
    }
  }

  close(): void {
    this.#native.dispose();
  }
}

/** The float32 values of an output. @throws BugError when it is of another type */
export function float32Of(tensors: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const data = tensors[name]?.data;
  if (!(data instanceof Float32Array)) throw new BugError(`output ${name} is not float32`);
  return data;
}
