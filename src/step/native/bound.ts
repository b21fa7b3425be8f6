/** Inputs and outputs bound to memory of ours once (IoBinding), then one call a run. */
import { BugError, messageOf, UserError } from '../../core/errors.js';
import type { BoundRun, BoundTensor, TensorBuffer } from '../session.js';
import type { Address, OrtApi } from './api.js';
import type { NativeLibrary } from './library.js';

/** `ONNXTensorElementDataType` */
const ELEMENT_TYPE = { float32: 1, int64: 7 } as const;

interface Placement {
  /** The provider computes in memory of its own, into which inputs are copied when they are bound. */
  readonly onDevice: boolean;
  readonly onRelease: (run: NativeRun) => void;
}

interface BoundValue {
  readonly name: string;
  readonly value: Address;
  /** Keeps the memory alive that the library reads and writes. */
  readonly buffer: TensorBuffer;
}

export class NativeRun implements BoundRun {
  readonly #api: OrtApi;
  readonly #session: Address;
  readonly #placement: Placement;
  readonly #runWithBinding: (session: number, runOptions: number, binding: number) => unknown;
  readonly #feeds: BoundValue[] = [];
  readonly #fetches: BoundValue[] = [];
  #binding: Address;

  /** @throws UserError `ENGINE` */
  constructor(
    library: NativeLibrary,
    session: Address,
    feeds: readonly BoundTensor[],
    fetches: readonly BoundTensor[],
    placement: Placement,
  ) {
    const { api } = library;
    this.#api = api;
    this.#session = session;
    this.#placement = placement;
    this.#runWithBinding = api.function('RunWithBinding');
    this.#binding = api.create('CreateIoBinding', session);
    try {
      for (const tensor of feeds) this.#feeds.push(createValue(library, tensor));
      for (const tensor of fetches) this.#fetches.push(createValue(library, tensor));
      this.#bindInputs();
      for (const { name, value } of this.#fetches) api.call('BindOutput', this.#binding, name, value);
    } catch (error) {
      this.release();
      throw failure(error);
    }
  }

  run(): void {
    if (this.#binding === 0) throw new BugError('the run was released');
    if (this.#placement.onDevice) this.#runOnDevice();
    else {
      const status = this.#runWithBinding(this.#session, 0, this.#binding);
      if (status !== 0) this.#fail(status);
    }
  }

  release(): void {
    if (this.#binding === 0) return;
    this.#api.release('ReleaseIoBinding', this.#binding);
    this.#binding = 0;
    for (const { value } of [...this.#feeds, ...this.#fetches]) this.#api.release('ReleaseValue', value);
    this.#placement.onRelease(this);
  }

  #bindInputs(): void {
    for (const { name, value } of this.#feeds) this.#api.call('BindInput', this.#binding, name, value);
  }

  #runOnDevice(): void {
    const api = this.#api;
    try {
      this.#bindInputs();
      api.call('SynchronizeBoundInputs', this.#binding);
      api.call('RunWithBinding', this.#session, 0, this.#binding);
      api.call('SynchronizeBoundOutputs', this.#binding);
    } catch (error) {
      throw failure(error);
    }
  }

  #fail(status: unknown): never {
    try {
      this.#api.check(status);
    } catch (error) {
      throw failure(error);
    }
    throw new BugError('a run failed without a status');
  }
}

function createValue({ api, cpuMemory }: NativeLibrary, { name, shape, buffer }: BoundTensor): BoundValue {
  const { values } = buffer;
  const size = shape.reduce((product, n) => product * n, 1);
  if (size !== values.length)
    throw new BugError(`${values.length} values are no tensor of shape [${shape.join(', ')}]`);
  const dimensions = BigInt64Array.from(shape, BigInt);
  const value = api.create(
    'CreateTensorWithDataAsOrtValue',
    cpuMemory,
    values,
    values.byteLength,
    dimensions,
    shape.length,
    ELEMENT_TYPE[values instanceof Float32Array ? 'float32' : 'int64'],
  );
  return { name, value, buffer };
}

function failure(error: unknown): Error {
  if (error instanceof BugError) return error;
  return new UserError('ENGINE', `ONNX Runtime failed: ${messageOf(error)}`, { cause: error });
}
