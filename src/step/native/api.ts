/**
 * ONNX Runtime's C API, `struct OrtApi` of onnxruntime_c_api.h: a table of function pointers to which each version only
 * appends, so that a slot has the same meaning in every version that has it.
 */
import type * as Koffi from 'koffi';
import { BugError } from '../../core/errors.js';

/** Address of something of the library's or of memory of ours; 0 is none. Below 2^53 on every processor there is. */
export type Address = number;

type Type = 'void' | 'int' | 'size_t' | 'address' | 'memory' | 'text' | 'texts' | 'path';
/** Memory is handed over as it is, and stays where it is until the call has returned. */
type Argument = number | string | readonly string[] | ArrayBufferView;

interface ApiFunction {
  /** Place in the table. */
  readonly slot: number;
  /** The version of the API in which it came. */
  readonly since: number;
  /** Default: the address of a status, 0 = success. */
  readonly result?: Type;
  readonly parameters: readonly Type[];
}

/** What kioku calls. `Create…` and `Get…` write an address to the one in their last parameter. */
const FUNCTIONS = {
  GetErrorMessage: { slot: 2, since: 1, result: 'text', parameters: ['address'] },
  CreateEnv: { slot: 3, since: 1, parameters: ['int', 'text', 'address'] },
  DisableTelemetryEvents: { slot: 6, since: 1, parameters: ['address'] },
  CreateSession: { slot: 7, since: 1, parameters: ['address', 'path', 'address', 'address'] },
  CreateSessionFromArray: { slot: 8, since: 1, parameters: ['address', 'memory', 'size_t', 'address', 'address'] },
  CreateSessionOptions: { slot: 10, since: 1, parameters: ['address'] },
  SetSessionExecutionMode: { slot: 13, since: 1, parameters: ['address', 'int'] },
  SetSessionLogSeverityLevel: { slot: 22, since: 1, parameters: ['address', 'int'] },
  SetSessionGraphOptimizationLevel: { slot: 23, since: 1, parameters: ['address', 'int'] },
  SetIntraOpNumThreads: { slot: 24, since: 1, parameters: ['address', 'int'] },
  SetInterOpNumThreads: { slot: 25, since: 1, parameters: ['address', 'int'] },
  CreateTensorWithDataAsOrtValue: {
    slot: 49,
    since: 1,
    parameters: ['address', 'memory', 'size_t', 'memory', 'size_t', 'int', 'address'],
  },
  CreateCpuMemoryInfo: { slot: 69, since: 1, parameters: ['int', 'int', 'address'] },
  ReleaseEnv: { slot: 92, since: 1, result: 'void', parameters: ['address'] },
  ReleaseStatus: { slot: 93, since: 1, result: 'void', parameters: ['address'] },
  ReleaseMemoryInfo: { slot: 94, since: 1, result: 'void', parameters: ['address'] },
  ReleaseSession: { slot: 95, since: 1, result: 'void', parameters: ['address'] },
  ReleaseValue: { slot: 96, since: 1, result: 'void', parameters: ['address'] },
  ReleaseSessionOptions: { slot: 100, since: 1, result: 'void', parameters: ['address'] },
  AddSessionConfigEntry: { slot: 130, since: 5, parameters: ['address', 'text', 'text'] },
  RunWithBinding: { slot: 133, since: 5, parameters: ['address', 'address', 'address'] },
  CreateIoBinding: { slot: 134, since: 5, parameters: ['address', 'address'] },
  ReleaseIoBinding: { slot: 135, since: 5, result: 'void', parameters: ['address'] },
  BindInput: { slot: 136, since: 5, parameters: ['address', 'text', 'address'] },
  BindOutput: { slot: 137, since: 5, parameters: ['address', 'text', 'address'] },
  SessionOptionsAppendExecutionProvider_ROCM: { slot: 153, since: 6, parameters: ['address', 'address'] },
  SessionOptionsAppendExecutionProvider_TensorRT_V2: { slot: 170, since: 9, parameters: ['address', 'address'] },
  CreateTensorRTProviderOptions: { slot: 171, since: 9, parameters: ['address'] },
  UpdateTensorRTProviderOptions: { slot: 172, since: 9, parameters: ['address', 'texts', 'texts', 'size_t'] },
  ReleaseTensorRTProviderOptions: { slot: 174, since: 9, result: 'void', parameters: ['address'] },
  SynchronizeBoundInputs: { slot: 202, since: 10, parameters: ['address'] },
  SynchronizeBoundOutputs: { slot: 203, since: 10, parameters: ['address'] },
  SessionOptionsAppendExecutionProvider_CUDA_V2: { slot: 204, since: 11, parameters: ['address', 'address'] },
  CreateCUDAProviderOptions: { slot: 205, since: 11, parameters: ['address'] },
  UpdateCUDAProviderOptions: { slot: 206, since: 11, parameters: ['address', 'texts', 'texts', 'size_t'] },
  ReleaseCUDAProviderOptions: { slot: 208, since: 11, result: 'void', parameters: ['address'] },
  SessionOptionsAppendExecutionProvider: {
    slot: 216,
    since: 12,
    parameters: ['address', 'text', 'texts', 'texts', 'size_t'],
  },
  SessionOptionsAppendExecutionProvider_CANN: { slot: 220, since: 13, parameters: ['address', 'address'] },
  CreateCANNProviderOptions: { slot: 221, since: 13, parameters: ['address'] },
  UpdateCANNProviderOptions: { slot: 222, since: 13, parameters: ['address', 'texts', 'texts', 'size_t'] },
  ReleaseCANNProviderOptions: { slot: 224, since: 13, result: 'void', parameters: ['address'] },
  SessionOptionsAppendExecutionProvider_Dnnl: { slot: 239, since: 15, parameters: ['address', 'address'] },
  CreateDnnlProviderOptions: { slot: 240, since: 15, parameters: ['address'] },
  UpdateDnnlProviderOptions: { slot: 241, since: 15, parameters: ['address', 'texts', 'texts', 'size_t'] },
  ReleaseDnnlProviderOptions: { slot: 243, since: 15, result: 'void', parameters: ['address'] },
  CreateROCMProviderOptions: { slot: 255, since: 16, parameters: ['address'] },
  UpdateROCMProviderOptions: { slot: 256, since: 16, parameters: ['address', 'texts', 'texts', 'size_t'] },
  ReleaseROCMProviderOptions: { slot: 258, since: 16, result: 'void', parameters: ['address'] },
  SessionOptionsAppendExecutionProvider_OpenVINO_V2: {
    slot: 275,
    since: 17,
    parameters: ['address', 'texts', 'texts', 'size_t'],
  },
} as const satisfies Readonly<Record<string, ApiFunction>>;

export type ApiName = keyof typeof FUNCTIONS;

/** The newest version of the API of which kioku calls something. */
export const NEWEST_VERSION = Math.max(...Object.values(FUNCTIONS).map(({ since }) => since));

type Native = (...args: readonly Argument[]) => unknown;

export class OrtApi {
  /** Results of `Create…` arrive here. */
  readonly #out = new BigUint64Array(new ArrayBuffer(BigUint64Array.BYTES_PER_ELEMENT));
  readonly #outAt: Address;
  readonly #resolved = new Map<ApiName, Native>();

  /**
   * @param table address of the table
   * @param version of the API that the table was asked for: slots that came later are not touched
   */
  constructor(
    private readonly koffi: typeof Koffi,
    private readonly table: Address,
    readonly version: number,
  ) {
    this.#outAt = Number(koffi.address(this.#out));
  }

  /** @returns why the function cannot be called, or undefined when it can */
  missing(name: ApiName): string | undefined {
    const { since } = FUNCTIONS[name];
    return since <= this.version ? undefined : `needs ONNX Runtime 1.${since}, this is 1.${this.version}`;
  }

  /** The function itself, for a hot path; what it returns has to be looked at. */
  function(name: ApiName): Native {
    const known = this.#resolved.get(name);
    if (known !== undefined) return known;
    const missing = this.missing(name);
    if (missing !== undefined) throw new BugError(`${name} ${missing}`);
    const { slot, result = 'address', parameters }: ApiFunction = FUNCTIONS[name];
    const { koffi } = this;
    const types = parameters.map((type) => nativeType(type));
    const pointer = koffi.decode(BigInt(this.table), slot * koffi.sizeof('void *'), 'void *') as bigint;
    const resolved = koffi.decode(pointer, koffi.proto(nativeType(result), types)) as Native;
    this.#resolved.set(name, resolved);
    return resolved;
  }

  /** Calls a function that returns a status. @throws Error with the text of the library */
  call(name: ApiName, ...args: readonly Argument[]): void {
    this.check(this.function(name)(...args));
  }

  /** `call` of a function whose last parameter is where to write an address. @returns that address */
  create(name: ApiName, ...args: readonly Argument[]): Address {
    this.#out[0] = 0n;
    this.call(name, ...args, this.#outAt);
    return Number(this.#out[0]);
  }

  /** Gives back what was created. */
  release(name: ApiName, address: Address): void {
    if (address !== 0) this.function(name)(address);
  }

  /** @param status what a function returned; freed here @throws Error with the text of the library */
  check(status: unknown): void {
    if (status === 0) return;
    const text = String(this.function('GetErrorMessage')(status as Address));
    this.function('ReleaseStatus')(status as Address);
    throw new Error(text);
  }
}

function nativeType(type: Type): string {
  if (type === 'address') return 'uintptr_t';
  if (type === 'memory') return 'const void *';
  if (type === 'text') return 'const char *';
  if (type === 'texts') return 'const char **';
  // `ORTCHAR_T`: wide characters on Windows.
  if (type === 'path') return process.platform === 'win32' ? 'const char16_t *' : 'const char *';
  return type;
}
