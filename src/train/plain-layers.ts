/**
 * Trained layers, one step, in plain operators: with many streams a run they are up to four times as fast as ONNX's
 * recurrent operators, whose gates work row by row. Each gate is one product of its own, [x, h] · [W, R]ᵀ + b, so that
 * ONNX Runtime applies its activation in the same pass and nothing has to be cut apart again.
 */
import type { Value } from '../onnx/graph.js';
import type { TensorGraph } from '../onnx/tensor-graph.js';
import { blockOf, type Layers } from './fused-layers.js';
import { layerStates, type NetSpec, type Parameter } from './net-spec.js';

type Blocks = ReadonlyMap<string, Parameter>;
type Activation = 'Sigmoid' | 'Tanh' | 'Relu';

/**
 * @param x [B, I]
 * @param states h [B, P], and for the LSTM c [B, H], of the first layer, of the second, …
 * @returns `top` [B, P]
 */
export function plainLayers(g: TensorGraph, spec: NetSpec, blocks: Blocks, x: Value, states: readonly Value[]): Layers {
  const parts = layerStates(spec).length;
  const next: Value[] = [];
  let signal = x;
  for (let layer = 0; layer < spec.layers; layer++) {
    const before = states.slice(layer * parts, (layer + 1) * parts);
    const after = new PlainLayer(g, spec, blocks, layer, signal, before[0]).next(before);
    next.push(...after);
    signal = after[0];
  }
  return { top: signal, next };
}

class PlainLayer {
  /** [B, I + P] */
  readonly #both: Value;
  readonly #name: string;

  constructor(
    private readonly g: TensorGraph,
    private readonly spec: NetSpec,
    private readonly blocks: Blocks,
    layer: number,
    private readonly x: Value,
    h: Value,
  ) {
    this.#name = `layer${layer}`;
    this.#both = g.concat([x, h], 1);
  }

  /** The formulas of `cells.ts`. */
  next([h, c]: readonly Value[]): readonly Value[] {
    const { cell } = this.spec;
    if (cell === 'lstm') return this.#lstm(c);
    if (cell === 'gru') return [this.#gru(h)];
    return [this.#gate(0, cell === 'rnn-relu' ? 'Relu' : 'Tanh')];
  }

  #lstm(c: Value): readonly Value[] {
    const { g } = this;
    const [i, o, f] = [0, 1, 2].map((block) => this.#gate(block, 'Sigmoid'));
    const cNext = g.add(g.mul(f, c), g.mul(i, this.#gate(3, 'Tanh')));
    return [this.#projected(g.mul(o, g.map('Tanh', cNext))), cNext];
  }

  /** @param output [B, H] @returns [B, P] */
  #projected(output: Value): Value {
    const { g, spec } = this;
    if (spec.projection === undefined) return output;
    const { values, shape } = blockOf(this.blocks, `${this.#name}.projection`);
    return g.gemm(output, g.constant(values, shape), { transB: true });
  }

  #gru(h: Value): Value {
    const { g } = this;
    const { hidden } = this.spec;
    const [z, r] = [0, 1].map((block) => this.#gate(block, 'Sigmoid'));
    const candidateOfX = this.#product(this.x, this.#rowsOf('input', 2), this.#rowsOf('bias', 2));
    const bias = g.constant(blockOf(this.blocks, `${this.#name}.candidateBias`).values, [hidden]);
    const candidateOfH = g.gemm(h, g.constant(this.#rowsOf('recurrent', 2), [hidden, hidden]), {
      c: bias,
      transB: true,
    });
    const n = g.map('Tanh', g.add(candidateOfX, g.mul(r, candidateOfH)));
    return g.add(n, g.mul(z, g.sub(h, n)));
  }

  /** @param block position among the cell's blocks of H rows */
  #gate(block: number, activation: Activation): Value {
    const ofX = this.#rowsOf('input', block);
    const ofH = this.#rowsOf('recurrent', block);
    const { hidden } = this.spec;
    const [inputs, recurrent] = [ofX.length / hidden, ofH.length / hidden];
    const width = inputs + recurrent;
    const weights = new Float32Array(hidden * width);
    for (let row = 0; row < hidden; row++) {
      weights.set(ofX.subarray(row * inputs, (row + 1) * inputs), row * width);
      weights.set(ofH.subarray(row * recurrent, (row + 1) * recurrent), row * width + inputs);
    }
    return this.g.map(activation, this.#product(this.#both, weights, this.#rowsOf('bias', block)));
  }

  /** a · weightsᵀ + bias */
  #product(a: Value, weights: Float32Array, bias: Float32Array): Value {
    const { g } = this;
    const { hidden } = this.spec;
    const matrix = g.constant(weights, [hidden, weights.length / hidden]);
    return g.gemm(a, matrix, { c: g.constant(bias, [hidden]), transB: true });
  }

  /** The H rows of one block of a parameter. */
  #rowsOf(parameter: string, block: number): Float32Array {
    const { values, shape } = blockOf(this.blocks, `${this.#name}.${parameter}`);
    const size = (values.length / shape[0]) * this.spec.hidden;
    return values.subarray(block * size, (block + 1) * size);
  }
}
