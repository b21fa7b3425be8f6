/** Two nets of one model on different engines step side by side on the same input: how far apart are their results? */
import type { Net } from '../core/contracts.js';
import { uniform } from '../core/random.js';

/** What a comparison is made of. */
export interface Exercise {
  /** Streams, each with other input; both nets have room for them. */
  readonly rows: number;
  /** Steps of each stream, so that differences in the states show. */
  readonly steps: number;
}

/** Inputs of nets are normalised values, log-mel energies or samples: most of what they see is within this. */
const LARGEST_INPUT = 2;

/** ONNX Runtime's results on one processor differ by rounding only. */
const PROCESSOR_TOLERANCE = 1e-5;
/** Graphics and neural processors round to 10 to 16 bits (fp16, TF32, bfloat16) where they multiply matrices. */
const ACCELERATOR_TOLERANCE = 1e-2;

/** How far apart results of a provider, such as `native/cpu`, may be from those of the processor, relative to max(1, |y|). */
export function toleranceOf(provider: string): number {
  return provider.endsWith('/cpu') ? PROCESSOR_TOLERANCE : ACCELERATOR_TOLERANCE;
}

/**
 * Fills row 0 … rows − 1 of every input: floats evenly from [-2, 2), the same for the same `step`; integers 0, which is a
 * token in every vocabulary.
 */
export function fillInputs({ input, integerInput, model }: Net, rows: number, step: number): void {
  model.inputs.forEach(({ name, shape }, stream) => {
    const size = rows * shape.reduce<number>((product, n) => (n === 'B' ? product : product * n), 1);
    const floats = input[name] as Float32Array | undefined;
    if (floats === undefined) integerInput[name].fill(0n, 0, size);
    else for (let i = 0; i < size; i++) floats[i] = LARGEST_INPUT * (2 * uniform(step, stream, i) - 1);
  });
}

/**
 * Steps both nets, from slots 0 … rows − 1 at their initial state. Now and then a stream rests, so that what an engine
 * does to the state of idle streams shows too.
 * @returns the largest |a − b| / max(1, |b|) over all outputs; Infinity where only one is a number
 */
export function largestDifference(a: Net, b: Net, { rows, steps }: Exercise): number {
  let largest = 0;
  for (let slot = 0; slot < rows; slot++) for (const net of [a, b]) net.open(slot, `row ${slot}`);
  for (let step = 0; step < steps; step++) {
    const slots = Int32Array.from({ length: rows }, (_, i) => (i + step) % rows);
    const n = step % 3 === 2 ? Math.max(1, rows - 1) : rows;
    for (const net of [a, b]) {
      fillInputs(net, n, step);
      net.step(slots, n);
    }
    for (const { name, shape } of a.model.outputs) {
      const size = n * shape.reduce<number>((product, width) => (width === 'B' ? product : product * width), 1);
      largest = Math.max(largest, differenceOf(a.output[name], b.output[name], size));
    }
  }
  for (let slot = 0; slot < rows; slot++) for (const net of [a, b]) net.leave(slot);
  return largest;
}

function differenceOf(a: Float32Array, b: Float32Array, size: number): number {
  let largest = 0;
  for (let i = 0; i < size; i++) {
    // Both Infinity or both NaN is agreement.
    if (Object.is(a[i], b[i])) continue;
    const difference = Math.abs(a[i] - b[i]) / Math.max(1, Math.abs(b[i]));
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}
