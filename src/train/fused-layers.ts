/**
 * Trained layers as ONNX's recurrent operators, which take any number of time steps in one run. One step of one stream
 * costs them what it costs plain operators; a further step in the same run costs a fifth to a tenth.
 */
import { BugError } from '../core/errors.js';
import type { Value } from '../onnx/graph.js';
import type { TensorGraph } from '../onnx/tensor-graph.js';
import { gateRows, layerStates, type NetSpec, type Parameter } from './net-spec.js';

/** What the layers of a step model compute. */
export interface Layers {
  /** The last layer's output: one row a step and stream. */
  readonly top: Value;
  /** The states after it, in the order and shape of those before. */
  readonly next: readonly Value[];
}

type Blocks = ReadonlyMap<string, Parameter>;

/**
 * ONNX Runtime's RNN is left out: its activations go over all rows at once, so that the last bits of a row depend on how
 * many there are, and with many it takes four times as long as plain operators.
 */
const OPERATORS: Readonly<Partial<Record<NetSpec['cell'], string>>> = { lstm: 'LSTM', gru: 'GRU' };

/** Whether there is a fused operator for the layers; ONNX has none with a projection. */
export function hasFusedOperator({ cell, projection }: Pick<NetSpec, 'cell' | 'projection'>): boolean {
  return OPERATORS[cell] !== undefined && projection === undefined;
}

/**
 * @param spec its layers have a fused operator
 * @param x [T, B, I]
 * @param states [1, B, H] each: h, and for the LSTM c, of the first layer, of the second, …
 * @returns `top` [T·B, H]
 */
export function fusedLayers(g: TensorGraph, spec: NetSpec, blocks: Blocks, x: Value, states: readonly Value[]): Layers {
  const parts = layerStates(spec).length;
  const next: Value[] = [];
  let signal = x;
  for (let layer = 0; layer < spec.layers; layer++) {
    const before = states.slice(layer * parts, (layer + 1) * parts);
    const { output, after } = fusedLayer(g, spec, weightsOf(g, spec, blocks, layer), signal, before);
    next.push(...after);
    signal = output;
  }
  return { top: g.rows(signal), next };
}

/** Weights in ONNX order, which is that of the parameters. W [1, G·H, I], R [1, G·H, H], both biases [1, 2·G·H]. */
function weightsOf(g: TensorGraph, spec: NetSpec, blocks: Blocks, layer: number): readonly Value[] {
  const name = `layer${layer}`;
  const biases = new Float32Array(2 * gateRows(spec));
  biases.set(blockOf(blocks, `${name}.bias`).values);
  // The recurrent biases are zero but for the candidate's, the last of the GRU's three.
  if (spec.cell === 'gru') {
    biases.set(blockOf(blocks, `${name}.candidateBias`).values, biases.length - spec.hidden);
  }
  const matrices = ['input', 'recurrent'].map((kind) => {
    const { values, shape } = blockOf(blocks, `${name}.${kind}`);
    return g.constant(values, [1, ...shape]);
  });
  return [...matrices, g.constant(biases, [1, biases.length])];
}

function fusedLayer(
  g: TensorGraph,
  spec: NetSpec,
  weights: readonly Value[],
  x: Value,
  before: readonly Value[],
): { output: Value; after: readonly Value[] } {
  const operator = OPERATORS[spec.cell];
  if (operator === undefined) throw new BugError(`there is no fused operator for ${spec.cell}`);
  const [steps, rows] = x.shape;
  const state = [1, rows, spec.hidden];
  const attributes = {
    hidden_size: spec.hidden,
    // R·h is multiplied by r with its bias, as in training (see `cells.ts`).
    ...(spec.cell === 'gru' ? { linear_before_reset: 1 } : {}),
  };
  const shapes = [[steps, 1, rows, spec.hidden], ...before.map(() => state)];
  // All sequences are as long as the run, so their lengths are left out.
  const node = g.emit(operator, [x, ...weights, g.absent(), ...before], shapes, { attributes });
  const [all, ...after] = node.outputs;
  return { output: g.squeeze(all, 1), after };
}

/** @throws BugError when there is no such parameter */
export function blockOf(blocks: Blocks, name: string): Parameter {
  const block = blocks.get(name);
  if (!block) throw new BugError(`the net has no parameter ${name}`);
  return block;
}
