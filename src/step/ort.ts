/**
 * The only door to onnxruntime-node: telemetry off before the library loads, sessions that run synchronously on one thread.
 *
 * onnxruntime-node's public `run` is not asynchronous either: it postpones the same native call by a `setImmediate` and
 * wraps it in a promise. A lane steps synchronously, so this file calls the binding itself; the version is pinned in
 * package.json because of it.
 */
import { createRequire } from 'node:module';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { BugError, messageOf, requireMessageOf, UserError } from '../core/errors.js';
import type { Values } from './session.js';
import { assertTelemetryOff } from './telemetry.js';

/**
 * What the binding reads of a tensor. It takes any object of this form, so ours are plain (the library's own class has a
 * getter a property and costs up to 0.5 µs more a tensor); what it returns is the library's class, which has it too.
 */
export type Tensor = Pick<OrtTensor, 'type' | 'dims' | 'data' | 'location'>;

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

type NativeSessionConstructor = new () => NativeSession;

/** No option is ever given to a run; one object, because a run must not allocate. */
const NO_OPTIONS: InferenceSession.RunOptions = {};

function loadLibrary(): NativeSessionConstructor {
  assertTelemetryOff();
  const require = createRequire(import.meta.url);
  try {
    const { binding, initOrt } = require('onnxruntime-node/dist/binding.js') as {
      binding: { InferenceSession: NativeSessionConstructor };
      initOrt: () => void;
    };
    initOrt();
    return binding.InferenceSession;
  } catch (error) {
    throw new UserError('PLATFORM', `ONNX Runtime does not load: ${requireMessageOf(error)}`, {
      hint: 'reinstall with `npm ci`; kioku needs linux x64 or arm64 with glibc 2.28 or newer, macOS or Windows',
      cause: error,
    });
  }
}

/**
 * Tensor over `data` (not copied).
 * @throws BugError unless `shape` multiplies to the length of `data`
 */
export function tensorOf(data: Values, shape: readonly number[]): Tensor {
  let size = 1;
  for (const dimension of shape) size *= dimension;
  if (size !== data.length) throw new BugError(`${data.length} values are no tensor of shape [${shape.join(', ')}]`);
  return { type: data instanceof Float32Array ? 'float32' : 'int64', dims: shape, data, location: 'cpu' };
}

/** One opened model; `run` blocks the calling thread. */
export class OrtSession {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  readonly #native: NativeSession;

  /**
   * @param model path of a file, or its bytes
   * @throws UserError `MODEL_INVALID` when ONNX Runtime cannot read it, `TELEMETRY`, `PLATFORM`
   */
  constructor(model: string | Uint8Array) {
    const Session = loadLibrary();
    this.#native = new Session();
    const options: InferenceSession.SessionOptions = {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // Only what ends the process: an error is thrown with the same text, and standard error belongs to our log.
      logSeverityLevel: 4,
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
      return this.#native.run(feeds, fetches, NO_OPTIONS);
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
