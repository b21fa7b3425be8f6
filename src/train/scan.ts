/** A loop over the first axis as an ONNX `Scan`. */
import type { Value } from '../onnx/graph.js';
import { TensorGraph } from '../onnx/tensor-graph.js';

/** What a loop leaves: the states after the last step, and what each step gave, stacked along a new first axis. */
export interface ScanResult {
  readonly finalStates: readonly Value[];
  /** [T, …] each */
  readonly stacked: readonly Value[];
}

/**
 * @param initial the states before the first step
 * @param sequences [T, …] each; a step sees one slice
 * @param step builds the body: states and slices → next states (same shapes) and what to stack. It may use values of
 * the outer graph; to be differentiable in them, only as weight or bias of a Gemm.
 */
export function scan(
  g: TensorGraph,
  initial: readonly Value[],
  sequences: readonly Value[],
  step: (
    body: TensorGraph,
    states: readonly Value[],
    slices: readonly Value[],
  ) => { next: readonly Value[]; give: readonly Value[] },
): ScanResult {
  const body = new TensorGraph(g);
  const states = initial.map((value) => body.input(value.shape));
  const slices = sequences.map((value) => body.input(value.shape.slice(1)));
  const { next, give } = step(body, states, slices);
  for (const value of [...next, ...give]) body.output(value);
  const outputs = emitScan(g, body, [...initial, ...sequences], initial.length, 'forward');
  return { finalStates: outputs.slice(0, initial.length), stacked: outputs.slice(initial.length) };
}

/**
 * The node for a finished body, whose outputs are the next states, then what is stacked.
 * @param direction `backward`: the slices are taken from the end, and stacked to the end first
 */
export function emitScan(
  g: TensorGraph,
  body: TensorGraph,
  inputs: readonly Value[],
  states: number,
  direction: 'forward' | 'backward',
): readonly Value[] {
  const length = inputs[states]?.shape[0] ?? 1;
  const shapes = body.outputs.map(({ value }, i) => (i < states ? value.shape : [length, ...value.shape]));
  const sequences = inputs.length - states;
  const reversed = Number(direction === 'backward');
  const attributes = {
    num_scan_inputs: sequences,
    scan_input_directions: Array.from({ length: sequences }, () => reversed),
    // An empty list would be written as an attribute without values; absent means forward.
    ...(reversed ? { scan_output_directions: Array.from({ length: shapes.length - states }, () => reversed) } : {}),
  };
  return g.emit('Scan', inputs, shapes, { attributes, body }).outputs;
}
