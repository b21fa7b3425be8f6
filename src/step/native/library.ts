/** The shared library of ONNX Runtime, loaded and ready to open sessions: the one inside onnxruntime-node, or another build. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as Koffi from 'koffi';
import { messageOf, requireMessageOf, UserError } from '../../core/errors.js';
import { assertTelemetryOff } from '../telemetry.js';
import { NEWEST_VERSION, OrtApi, type Address } from './api.js';

/** The first that knows opset 17, in which kioku's models are written. */
const OLDEST_VERSION = 12;

/** Only what ends the process: an error is thrown with the same text, and standard error belongs to our log. */
export const LOG_FATAL = 4;

const CPU_ARENA_ALLOCATOR = 1;
const CPU_MEMORY_DEFAULT = 0;

const FILE_NAMES: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: 'libonnxruntime.so.1',
  darwin: 'libonnxruntime.1.dylib',
  win32: 'onnxruntime.dll',
};

export interface NativeLibrary {
  readonly path: string;
  /** Of ONNX Runtime, such as `1.30.0`. */
  readonly version: string;
  readonly api: OrtApi;
  /** Of the files that were loaded: one that is garbage collected unloads its library, whoever still calls it. */
  readonly handles: readonly Koffi.LibraryHandle[];
  /** ONNX Runtime's environment: one a process, which the library itself counts; it stays until the process ends. */
  readonly environment: Address;
  /** Says that tensors lie in ordinary memory. */
  readonly cpuMemory: Address;
}

/**
 * @param path of another build of the library; absent: the one inside onnxruntime-node
 * @throws UserError `PLATFORM` when there is none for this machine, it does not load or is too old; `TELEMETRY`
 */
export function openNativeLibrary(path?: string): NativeLibrary {
  assertTelemetryOff();
  const koffi = loadKoffi();
  const packaged = packagedLibrary();
  // Also before another build: onnxruntime-node asks for its library by a name that the other one may have too, and gets
  // the one of that name that came first.
  const first = packaged === undefined ? [] : [load(koffi, packaged)];
  const file = path ?? packaged;
  if (file === undefined) {
    throw new UserError('PLATFORM', `onnxruntime-node has no library for ${process.platform} ${process.arch}`, {
      hint: 'name a build of ONNX Runtime for this machine as runtime.library',
    });
  }
  const library = load(koffi, file);
  try {
    return { ...open(koffi, file, library), handles: [...first, library] };
  } catch (cause) {
    throw unusable(file, cause);
  }
}

function open(koffi: typeof Koffi, path: string, library: Koffi.LibraryHandle): Omit<NativeLibrary, 'handles'> {
  const base = library.func('OrtGetApiBase', 'void *', [])() as bigint;
  // struct OrtApiBase { const OrtApi *GetApi(uint32_t version); const char *GetVersionString(); }
  const entry = (index: number): bigint => koffi.decode(base, index * koffi.sizeof('void *'), 'void *') as bigint;
  const version = koffi.call(entry(1), koffi.proto('const char *', [])) as string;
  const apiVersion = negotiatedVersion(version);
  const table = koffi.call(entry(0), koffi.proto('uintptr_t', ['uint32_t']), apiVersion) as Address;
  if (table === 0) throw new Error(`it has no API of version ${apiVersion}`);
  const api = new OrtApi(koffi, table, apiVersion);
  const environment = api.create('CreateEnv', LOG_FATAL, 'kioku');
  api.call('DisableTelemetryEvents', environment);
  const cpuMemory = api.create('CreateCpuMemoryInfo', CPU_ARENA_ALLOCATOR, CPU_MEMORY_DEFAULT);
  return { path, version, api, environment, cpuMemory };
}

/**
 * The version of the API to ask for: the newest that both sides know. ONNX Runtime 1.n has versions 1 … n.
 * @throws Error for a library that is too old
 */
export function negotiatedVersion(libraryVersion: string): number {
  const [major, minor] = libraryVersion.split('.').map(Number);
  if (major === 1 && minor >= OLDEST_VERSION) return Math.min(minor, NEWEST_VERSION);
  throw new Error(`it is version ${libraryVersion}, kioku needs 1.${OLDEST_VERSION} or newer`);
}

function loadKoffi(): typeof Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as typeof Koffi;
  } catch (cause) {
    throw new UserError('PLATFORM', `koffi, which calls native libraries, does not load: ${requireMessageOf(cause)}`, {
      hint: 'reinstall with `npm ci`, or set runtime.engine to node',
      cause,
    });
  }
}

function load(koffi: typeof Koffi, path: string): Koffi.LibraryHandle {
  try {
    return koffi.load(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

/** The library inside onnxruntime-node, where it has one for this machine. */
function packagedLibrary(): string | undefined {
  const name = FILE_NAMES[process.platform];
  if (name === undefined) return undefined;
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('onnxruntime-node/package.json'));
  const path = join(folder, 'bin', 'napi-v6', process.platform, process.arch, name);
  return existsSync(path) ? path : undefined;
}

function unusable(path: string, cause: unknown): UserError {
  return new UserError('PLATFORM', `${path} is no ONNX Runtime that kioku can use: ${messageOf(cause)}`, {
    hint: `runtime.library takes a build of ONNX Runtime 1.${OLDEST_VERSION} or newer for ${process.platform} ${process.arch}`,
    cause,
  });
}
