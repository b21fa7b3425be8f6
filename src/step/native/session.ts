/** A model opened through the C API. */
import type { ProviderOptions, SkippedProvider } from '../../core/runtime.js';
import { BugError, messageOf, UserError } from '../../core/errors.js';
import type { OpenedSession } from '../session-share.js';
import type { BoundTensor, StepSession } from '../session.js';
import type { Address } from './api.js';
import { NativeRun } from './bound.js';
import { inHugePages } from './huge-pages.js';
import { LOG_FATAL, type NativeLibrary } from './library.js';
import { appendProvider, CPU } from './providers.js';

const SEQUENTIAL = 0;
const ALL_OPTIMISATIONS = 99;

/** As `OrtSession` does: one thread, and no pool that burns most of a core between steps. */
const SETTINGS = {
  'session.intra_op.allow_spinning': '0',
  'session.inter_op.allow_spinning': '0',
} as const;

export class NativeSession implements StepSession {
  readonly provider: string;
  readonly skipped: readonly SkippedProvider[];
  readonly #library: NativeLibrary;
  readonly #onDevice: boolean;
  readonly #runs = new Set<NativeRun>();
  readonly #release: () => void;
  #session: Address;

  /** @param release called once when this is closed: lets go of the session */
  constructor(
    library: NativeLibrary,
    readonly opened: OpenedSession,
    release: () => void,
  ) {
    this.#library = library;
    this.#session = opened.address;
    this.#onDevice = opened.onDevice;
    this.#release = release;
    this.provider = opened.provider;
    this.skipped = opened.skipped;
  }

  bind(feeds: readonly BoundTensor[], fetches: readonly BoundTensor[]): NativeRun {
    if (this.#session === 0) throw new BugError('the net is closed');
    const run = new NativeRun(this.#library, this.#session, feeds, fetches, {
      onDevice: this.#onDevice,
      onRelease: (released) => this.#runs.delete(released),
    });
    this.#runs.add(run);
    return run;
  }

  close(): void {
    if (this.#session === 0) return;
    for (const run of this.#runs) run.release();
    this.#session = 0;
    this.#release();
  }
}

/**
 * Opens a model on the first of the providers that takes it.
 * @throws UserError `MODEL_INVALID` when the processor cannot open it, `PLATFORM` when no provider works
 */
export function openSession(
  library: NativeLibrary,
  file: string | Uint8Array,
  providers: readonly ProviderOptions[],
): OpenedSession {
  const skipped: SkippedProvider[] = [];
  for (const provider of providers) {
    try {
      const [address, onCpuToo] = create(library, file, provider);
      const name = `native/${provider.name}${onCpuToo ? `+${CPU}` : ''}`;
      return { address, provider: name, onDevice: provider.name !== CPU, skipped };
    } catch (cause) {
      if (provider.name === CPU) {
        throw new UserError('MODEL_INVALID', `ONNX Runtime cannot open the model: ${messageOf(cause)}`, {
          hint: 'the file is damaged or of a newer ONNX version; copy or train it again',
          cause,
        });
      }
      skipped.push({ name: provider.name, reason: messageOf(cause).replaceAll(/\s+/g, ' ').trim() });
    }
  }
  const reasons = skipped.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  throw new UserError('PLATFORM', `no execution provider works: ${reasons}`, { hint: 'add cpu to runtime.providers' });
}

/** @returns the session, and whether a part of the model that the provider does not take runs on the processor */
function create(
  library: NativeLibrary,
  file: string | Uint8Array,
  provider: ProviderOptions,
): [session: Address, onCpuToo: boolean] {
  if (provider.name === CPU) return [createWith(library, file, provider, {}), false];
  try {
    // Otherwise the library would say nothing and run the whole model on the processor.
    return [createWith(library, file, provider, { 'session.disable_cpu_ep_fallback': '1' }), false];
  } catch {
    return [createWith(library, file, provider, {}), true];
  }
}

function createWith(
  { api, environment }: NativeLibrary,
  file: string | Uint8Array,
  provider: ProviderOptions,
  settings: Readonly<Record<string, string>>,
): Address {
  const options = api.create('CreateSessionOptions');
  try {
    api.call('SetIntraOpNumThreads', options, 1);
    api.call('SetInterOpNumThreads', options, 1);
    api.call('SetSessionExecutionMode', options, SEQUENTIAL);
    api.call('SetSessionGraphOptimizationLevel', options, ALL_OPTIMISATIONS);
    api.call('SetSessionLogSeverityLevel', options, LOG_FATAL);
    for (const [key, value] of Object.entries({ ...SETTINGS, ...settings })) {
      api.call('AddSessionConfigEntry', options, key, value);
    }
    appendProvider(api, options, provider);
    if (typeof file === 'string') return inHugePages(() => api.create('CreateSession', environment, file, options));
    return api.create('CreateSessionFromArray', environment, file, file.byteLength, options);
  } finally {
    api.release('ReleaseSessionOptions', options);
  }
}
