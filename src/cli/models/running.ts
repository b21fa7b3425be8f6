/** A net as it will really run: on which engine and hardware, and whether that computes what onnxruntime-node does. */
import type { Engine } from '../../core/contracts.js';
import { UserError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import type { RuntimeOptions, SkippedProvider } from '../../core/runtime.js';
import type { StepModel } from '../../core/step-model.js';
import type { Exercise } from '../../step/agreement.js';
import { loadEngine } from '../../step/load-engine.js';
import { openEngine, requireAgreement } from '../../step/open-engine.js';
import { table } from '../table.js';

/** Several streams side by side, over enough steps for a difference in the states to grow. */
const EXERCISE: Exercise = { rows: 4, steps: 24 };

export interface Running {
  readonly model: string;
  /** Such as `native/cpu`. */
  readonly provider: string;
  /** Of ONNX Runtime. */
  readonly version?: string;
  /** Providers that were preferred to it, and why they do not serve. */
  readonly skipped?: readonly SkippedProvider[];
  /** When it was compared: the largest difference from onnxruntime-node, relative to max(1, |y|). */
  readonly difference?: number;
  /** What that may be. */
  readonly tolerance?: number;
}

/**
 * @param runtime the engine that is asked for
 * @param compare whether each net is also held against onnxruntime-node
 * @returns runs a net; rejects with a UserError when it cannot be opened or computes something else
 */
export async function runner(
  runtime: RuntimeOptions,
  log: Log,
  compare: boolean,
): Promise<(model: StepModel) => Promise<Running>> {
  const engine = await openEngine(runtime, log);
  return (model) => (compare ? compareOnce(model, engine, runtime) : openOnce(model, engine));
}

async function openOnce(model: StepModel, engine: Engine): Promise<Running> {
  const net = await engine.open(model, 1).catch((error: unknown) => {
    throw naming(model, error);
  });
  net.close();
  const { provider, skipped = [] } = net;
  return { model: model.path, provider, ...about(engine, skipped) };
}

/** @throws UserError `ENGINE` when they differ by more than is allowed, or when the engine is onnxruntime-node itself */
async function compareOnce(model: StepModel, engine: Engine, runtime: RuntimeOptions): Promise<Running> {
  const reference = await loadEngine('node', runtime);
  if (engine.name === reference.name) {
    throw new UserError('ENGINE', 'there is nothing to compare: onnxruntime-node is the engine that serves here', {
      hint: 'leave --verify out, or see in the log why the native engine does not work',
    });
  }
  const agreement = await requireAgreement(model, engine, reference, EXERCISE).catch((error: unknown) => {
    throw naming(model, error);
  });
  const { provider, skipped, difference, tolerance } = agreement;
  return { model: model.path, provider, ...about(engine, skipped), difference, tolerance };
}

function about({ version }: Engine, skipped: readonly SkippedProvider[]): Pick<Running, 'version' | 'skipped'> {
  return { ...(version === undefined ? {} : { version }), ...(skipped.length === 0 ? {} : { skipped }) };
}

/** ONNX Runtime does not say which file it could not open. */
function naming(model: StepModel, error: unknown): unknown {
  if (!(error instanceof UserError) || error.message.includes(model.path)) return error;
  const { code, message, hint } = error;
  return new UserError(code, `${model.path}: ${message}`, { cause: error, ...(hint === undefined ? {} : { hint }) });
}

/** For people: several lines without a line end. */
export function describeRunning(nets: readonly Running[]): string {
  const rows = nets.map(({ model, provider, version = '', difference, tolerance }) => [
    model,
    provider,
    version,
    difference === undefined ? '' : `${Number(difference.toPrecision(2))} (${tolerance} is allowed)`,
  ]);
  const skipped = new Set(nets.flatMap((net) => (net.skipped ?? []).map(({ name, reason }) => `${name}: ${reason}`)));
  const compared = nets.some(({ difference }) => difference !== undefined);
  const columns = ['net', 'runs on', 'ONNX Runtime', ...(compared ? ['largest difference from onnxruntime-node'] : [])];
  return [
    table(
      columns,
      rows.map((row) => row.slice(0, columns.length)),
    ),
    ...skipped,
  ].join('\n');
}
