/** Which engine steps the nets of a configuration, and that no unknown model is opened with it untried. */
import { stat } from 'node:fs/promises';
import type { Engine, Net } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { RuntimeOptions } from '../core/runtime.js';
import type { StepModel } from '../core/step-model.js';
import { type Agreement, compareEngines, type Exercise } from './agreement.js';
import { loadEngine, type LoadedEngine } from './load-engine.js';
import { PROBE_EXERCISE, probeModel } from './probe.js';
import { Proven } from './proven.js';
import type { SessionShare } from './session-share.js';
import { tryModel } from './trial.js';

/** Reading a larger file takes so long that whoever waits is told why. */
const LARGE_BYTES = 32 * 1024 * 1024;

/**
 * Opens the engine that a configuration asks for. The native one serves when it loads and agrees with onnxruntime-node on
 * a small model; where it does not, `auto` takes onnxruntime-node, and the log says why.
 * @param share of sessions with other threads, where the native engine serves
 * @throws UserError `PLATFORM`, `ENGINE` or `MODEL_INVALID` when the native engine does not work and nothing else may
 *   serve; `TELEMETRY`
 */
export async function openEngine(runtime: RuntimeOptions, log: Log, share?: SessionShare): Promise<Engine> {
  if (runtime.engine === 'node') return careful(await loadEngine('node', runtime), 'node', runtime, log);
  try {
    const native = careful(await openNative(runtime, log, share), 'native', runtime, log, share);
    const reference = await loadEngine('node', runtime);
    const agreement = await requireAgreement(probeModel(), native, reference, PROBE_EXERCISE);
    log.debug({ version: native.version, ...agreement }, 'the native engine agrees with onnxruntime-node');
    return native;
  } catch (error) {
    const replaceable = runtime.engine === 'auto' && runtime.providers.some(({ name }) => name === 'cpu');
    if (!(error instanceof UserError) || error.code === 'TELEMETRY' || !replaceable) throw error;
    const { code, message, hint } = error;
    log.warn({ code, reason: message, hint }, 'the native engine does not work here: onnxruntime-node serves');
    return careful(await loadEngine('node', runtime), 'node', runtime, log);
  }
}

/** For the log: what steps a net. */
export function whatSteps({ version }: Engine, { provider, skipped = [] }: Net): Readonly<Record<string, unknown>> {
  return { provider, version, ...(skipped.length === 0 ? {} : { skipped }) };
}

/** Another library, or the driver of other hardware, may crash by itself: it is tried elsewhere first. */
async function openNative(runtime: RuntimeOptions, log: Log, share?: SessionShare): Promise<Engine> {
  const { library, providers } = runtime;
  if (library !== undefined || providers.some(({ name }) => name !== 'cpu')) {
    // The version is known only when the library is loaded.
    const build = library === undefined ? '' : await stampOf(library);
    await tryOnce({ ...probeModel(), proven: false }, 'native', runtime, build, log).catch((error: unknown) => {
      throw error instanceof UserError && error.code === 'MODEL_INVALID' ? unusable(runtime, error) : error;
    });
  }
  return loadEngine('native', runtime, share);
}

/** @throws UserError `ENGINE` when the engines differ by more than is allowed, else as `compareEngines` */
export async function requireAgreement(
  model: StepModel,
  engine: Engine,
  reference: Engine,
  exercise: Exercise,
): Promise<Agreement> {
  const agreement = await compareEngines(model, engine, reference, exercise);
  const { difference, tolerance, provider } = agreement;
  if (difference <= tolerance) return agreement;
  throw new UserError(
    'ENGINE',
    `${model.path}: ${provider} and ${reference.name} differ by ${difference.toExponential(1)}, ${tolerance} is allowed`,
    { hint: 'this build of ONNX Runtime or its driver computes wrongly: take another one, or runtime.engine: node' },
  );
}

/** The engine, which opens a model that nobody has proved only after it was tried in another process. */
function careful(engine: Engine, name: LoadedEngine, runtime: RuntimeOptions, log: Log, share?: SessionShare): Engine {
  return {
    name: engine.name,
    ...(engine.version === undefined ? {} : { version: engine.version }),
    async open(model, capacity) {
      // What another thread lends was tried before it was opened there.
      const tried = model.proven === true || share?.lent.has(model.sha256) === true;
      if (!tried) await tryOnce(model, name, runtime, engine.version ?? '', log);
      return engine.open(model, capacity);
    },
  };
}

/** @param build which ONNX Runtime the proof is for */
async function tryOnce(
  model: StepModel,
  engine: LoadedEngine,
  runtime: RuntimeOptions,
  build: string,
  log: Log,
): Promise<void> {
  const proven = new Proven(log);
  const { library = '', providers } = runtime;
  const what = [model.sha256, engine, build, library, JSON.stringify(providers)];
  if (await proven.has(what)) return;
  const bytes = model.bytes?.length ?? (await sizeOf(model.path));
  const level = bytes > LARGE_BYTES ? 'info' : 'debug';
  log[level]({ model: model.path, bytes }, 'a model that is new here is first tried in another process');
  await tryModel({ engine, runtime, model }, bytes);
  await proven.add(what);
}

function unusable({ library, providers }: RuntimeOptions, cause: UserError): UserError {
  const names = providers.map(({ name }) => name).join(', ');
  const build = library === undefined ? 'the library inside onnxruntime-node' : library;
  return new UserError('PLATFORM', `${build} does not work with ${names}: ${cause.message}`, {
    hint: 'take another build of ONNX Runtime, update the driver of the hardware, or set runtime.engine: node',
    cause,
  });
}

/** Changes when another file takes its place; empty when there is none. */
async function stampOf(path: string): Promise<string> {
  return stat(path).then(
    ({ size, mtimeMs }) => `${size} ${mtimeMs}`,
    () => '',
  );
}

/** 0 when there is no such file: then the engine says so. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
