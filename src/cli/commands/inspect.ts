/** `kioku inspect`: what a model is, what it was trained on, how good it is, and what runs it here. */
import type { Command } from 'commander';
import { UserError } from '../../core/errors.js';
import type { RuntimeOptions } from '../../core/runtime.js';
import type { StepModel } from '../../core/step-model.js';
import type { Running } from '../models/running.js';
import type { Io } from '../output.js';
import { verify } from './models.js';

interface Flags {
  readonly json?: true;
  readonly verify?: true;
}

export function register(program: Command, io: Io): void {
  program
    .command('inspect')
    .description('show what a model is: signature, size, what it was trained on, how good it is, what runs it here')
    .argument(
      '<model>',
      'model folder, an .onnx file, or a configuration (its model, run as it says); of a published recogniser, what kioku models verify says',
    )
    .option('--verify', 'step it also with onnxruntime-node and fail when the results differ')
    .option('--json', 'print it as JSON')
    .action(async (path: string, flags: Flags) => inspect(path, flags, io));
}

async function inspect(what: string, flags: Flags, io: Io): Promise<void> {
  const { path, runtime } = await modelOf(what);
  const { isRecogniser } = await import('../models/recogniser.js');
  if (isRecogniser(path)) return verify(path, flags, runtime, io);
  const { inspectModel, describeModel } = await import('../inspection.js');
  const { describeRunning, runner } = await import('../models/running.js');
  const inspection = await inspectModel(path);
  const models = await stepsOf(path);
  if (models.length === 0 && flags.verify === true) {
    throw new UserError('ARGUMENT', `${path} cannot be stepped: ${NO_STEP}`, { hint: 'leave --verify out' });
  }
  const run = await runner(runtime, await io.openLog(), flags.verify === true);
  const nets: Running[] = [];
  for (const model of models) nets.push(await run(model));
  if (flags.json) io.printJson({ ...inspection, nets });
  else io.print([describeModel(inspection), '', nets.length > 0 ? describeRunning(nets) : NO_STEP].join('\n'));
}

const NO_STEP = 'without a card nothing says how it is stepped';

/** The nets of a model; none where nobody knows how it is stepped. */
async function stepsOf(path: string): Promise<readonly StepModel[]> {
  const { openNets } = await import('../models/verify.js');
  try {
    return (await openNets(path)).nets;
  } catch (error) {
    // A lone file may be anything, but for Silero.
    if (error instanceof UserError && path.endsWith('.onnx')) return [];
    throw error;
  }
}

/** The model that is meant, and how it is to be run. */
async function modelOf(what: string): Promise<{ readonly path: string; readonly runtime: RuntimeOptions }> {
  if (/\.ya?ml$/.test(what)) {
    const { loadConfig } = await import('../../config/load.js');
    const { model, runtime } = await loadConfig(what);
    return { path: model, runtime };
  }
  const { DEFAULT_RUNTIME } = await import('../../core/runtime.js');
  return { path: what, runtime: DEFAULT_RUNTIME };
}
