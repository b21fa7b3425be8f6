/** Which engine steps the nets of a configuration, and that no unknown model is opened with it untried. */
import type { Engine, Net } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { RuntimeOptions } from '../core/runtime.js';
import type { StepModel } from '../core/step-model.js';
import { toleranceOf } from './agreement.js';
import { loadEngine, type LoadedEngine } from './load-engine.js';
import { probe, probeModel } from './probe.js';
import { Proven } from './proven.js';
import { tryModel } from './trial.js';

/**
 * Opens the engine that a configuration asks for. The native one serves when it loads and agrees with onnxruntime-node on
 * a small model; where it does not, `auto` takes onnxruntime-node, and the log says why.
 * @throws UserError `PLATFORM`, `ENGINE` or `MODEL_INVALID` when the native engine does not work and nothing else may
 *   serve; `TELEMETRY`
 */
export async function openEngine(runtime: RuntimeOptions, log: Log): Promise<Engine> {
  if (runtime.engine === 'node') return careful(await loadEngine('node', runtime), 'node', runtime, log);
  try {
    const native = careful(await openNative(runtime, log), 'native', runtime, log);
    await requireAgreement(native, await loadEngine('node', runtime), log);
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
async function openNative(runtime: RuntimeOptions, log: Log): Promise<Engine> {
  const { library, providers } = runtime;
  if (library !== undefined || providers.some(({ name }) => name !== 'cpu')) {
    await tryOnce({ ...probeModel(), proven: false }, 'native', runtime, library ?? '', log);
  }
  return loadEngine('native', runtime);
}

/** @throws UserError `ENGINE` */
async function requireAgreement(engine: Engine, reference: Engine, log: Log): Promise<void> {
  const { difference, provider, skipped } = await probe(engine, reference);
  const tolerance = toleranceOf(provider);
  const fields = { provider, version: engine.version, difference, tolerance, skipped };
  if (!(difference <= tolerance)) {
    throw new UserError(
      'ENGINE',
      `${provider} and onnxruntime-node differ by ${difference.toExponential(1)} on a small model, ${tolerance} is allowed`,
      { hint: 'this build of ONNX Runtime or its driver computes wrongly: take another one, or runtime.engine: node' },
    );
  }
  log.debug(fields, 'the native engine agrees with onnxruntime-node');
}

/** The engine, which opens a model that nobody has proved only after it was tried in another process. */
function careful(engine: Engine, name: LoadedEngine, runtime: RuntimeOptions, log: Log): Engine {
  return {
    name: engine.name,
    ...(engine.version === undefined ? {} : { version: engine.version }),
    async open(model, capacity) {
      if (model.proven !== true) await tryOnce(model, name, runtime, engine.version ?? '', log);
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
  const startMs = performance.now();
  await tryModel({ engine, runtime, model });
  log.info({ model: model.path, ms: Math.round(performance.now() - startMs) }, 'new model tried in another process');
  await proven.add(what);
}
