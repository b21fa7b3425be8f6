/** One model steps on two engines, on the same input: how far apart are the results? */
import type { Engine, Net } from '../core/contracts.js';
import { uniform } from '../core/random.js';
import type { SkippedProvider } from '../core/runtime.js';
import type { Port, StepModel } from '../core/step-model.js';

/** What a comparison is made of. */
export interface Exercise {
  /** Streams, each with other input. */
  readonly rows: number;
  /** Steps, so that differences in the states show. */
  readonly steps: number;
}

export interface Agreement {
  /** The largest |y − reference| / max(1, |reference|) over all outputs; Infinity where only one of them is a number. */
  readonly difference: number;
  /** What `difference` may be for the engine to be trusted. */
  readonly tolerance: number;
  /** What the engine ran the model on, such as `native/cpu`. */
  readonly provider: string;
  /** Providers that were preferred to it. */
  readonly skipped: readonly SkippedProvider[];
}

/** What models see is normalised: channels, log-mel energies or samples; most of it is within this. */
const LARGEST_INPUT = 2;

/** ONNX Runtime's results on one kind of processor differ by rounding only. */
const PROCESSOR_TOLERANCE = 1e-5;
/** Graphics and neural processors round to 8 to 11 bits (bfloat16, fp16, TF32) where they multiply matrices. */
const ACCELERATOR_TOLERANCE = 1e-2;

/** @throws UserError of whichever engine cannot open or step the model */
export async function compareEngines(
  model: StepModel,
  engine: Engine,
  reference: Engine,
  exercise: Exercise,
): Promise<Agreement> {
  // One after the other: a large model need not fit the memory twice.
  const { outputs: expected } = await resultsOf(model, reference, exercise);
  const { outputs, provider, skipped } = await resultsOf(model, engine, exercise);
  let difference = 0;
  outputs.forEach((output, i) => {
    difference = Math.max(difference, largestDifference(output, expected[i]));
  });
  const tolerance = provider.endsWith('/cpu') ? PROCESSOR_TOLERANCE : ACCELERATOR_TOLERANCE;
  return { difference, tolerance, provider, skipped };
}

/** Every output of every step. */
async function resultsOf(
  model: StepModel,
  engine: Engine,
  { rows, steps }: Exercise,
): Promise<Pick<Agreement, 'provider' | 'skipped'> & { readonly outputs: readonly Float32Array[] }> {
  const net = await engine.open(model, rows);
  try {
    const { provider, skipped = [] } = net;
    const outputs: Float32Array[] = [];
    for (let slot = 0; slot < rows; slot++) net.open(slot, `stream ${slot}`);
    for (let step = 0; step < steps; step++) {
      // In another order each time, and now and then a stream rests: what is done to the states of idle ones shows too.
      const slots = Int32Array.from({ length: rows }, (_, i) => (i + step) % rows);
      const n = step % 3 === 2 ? Math.max(1, rows - 1) : rows;
      fillInputs(net, n, step);
      net.step(slots, n);
      for (const port of model.outputs) outputs.push(net.output[port.name].slice(0, n * widthOf(port)));
    }
    return { provider, skipped, outputs };
  } finally {
    net.close();
  }
}

/**
 * Fills rows 0 … rows − 1 of every input: floats evenly from [-2, 2), the same for the same `step`; integers 0, which is a
 * token in every vocabulary.
 */
export function fillInputs({ input, integerInput, model }: Net, rows: number, step: number): void {
  model.inputs.forEach((port, stream) => {
    const size = rows * widthOf(port);
    if (port.elementType === 'int64') integerInput[port.name].fill(0n, 0, size);
    else for (let i = 0; i < size; i++) input[port.name][i] = LARGEST_INPUT * (2 * uniform(step, stream, i) - 1);
  });
}

/** Values of a row. */
function widthOf({ shape }: Port): number {
  return shape.reduce<number>((product, size) => (size === 'B' ? product : product * size), 1);
}

function largestDifference(actual: Float32Array, expected: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    // Both infinite, or both no number, is agreement.
    if (Object.is(actual[i], expected[i])) continue;
    const difference = Math.abs(actual[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    largest = Math.max(largest, Number.isNaN(difference) ? Infinity : difference);
  }
  return largest;
}
