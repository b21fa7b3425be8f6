/** The shape of a recurrent net, and where each of its weights lies in the one flat parameter vector. */
import type { Cell, Likelihood, Objective } from '../core/card.js';
import { BugError } from '../core/errors.js';
import { uniform } from '../core/random.js';

/** Stacked recurrent layers of equal width with a linear head that forecasts the next step's channels. */
export interface NetSpec {
  readonly cell: Cell;
  /** Values of a time step x_t; the first `channels` of them are the channels. */
  readonly inputs: number;
  /** Cells H of every layer. */
  readonly hidden: number;
  /**
   * Width P < H of the LSTM's projection: what a layer remembers of its output and hands on is h = W_r · (o ⊙ tanh c)
   * (Sak, Senior & Beaufays 2014, without peepholes). Absent: none, P = H.
   */
  readonly projection?: number | undefined;
  readonly layers: number;
  /** Channels C that are forecast; ≤ `inputs` when `skip` is set. */
  readonly channels: number;
  readonly objective: Objective;
  /** With the Gaussian objective: by what its mean and variance are learnt, if not by the normal likelihood. */
  readonly likelihood?: Likelihood;
  /** Share of values dropped between layers while training, 0 ≤ dropout < 1; without effect on a single layer. */
  readonly dropout: number;
  /** The head foretells the change since the last value: mean = x_t[:, :channels] + head. */
  readonly skip: boolean;
}

/** A weight matrix or bias vector inside the parameter vector. */
export interface ParameterBlock {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** Blocks of H rows in the weights of one layer, in ONNX order: lstm i, o, f, c; gru z, r, h. */
const GATES: Readonly<Record<Cell, number>> = { 'rnn-tanh': 1, 'rnn-relu': 1, lstm: 4, gru: 3 };

/** Index of the LSTM's forget gate among its blocks. */
const LSTM_FORGET = 2;

/** Rows G·H of a layer's weights. */
export function gateRows(spec: NetSpec): number {
  return GATES[spec.cell] * spec.hidden;
}

/**
 * Width of the head: C means, and for the Gaussian objective C raw log-variances after them; under pinball C medians, C raw
 * log-variances and C raw skews.
 */
export function headWidth(spec: NetSpec): number {
  return spec.likelihood === 'pinball' ? 3 * spec.channels : outputWidth(spec);
}

/** Width O of the output: C means, and for the Gaussian objective C log-variances after them. */
export function outputWidth(spec: NetSpec): number {
  return spec.objective === 'gaussian' ? 2 * spec.channels : spec.channels;
}

/** Width P of what a layer hands on, to itself and to the next one: H, if there is no projection. */
export function layerWidth({ hidden, projection = hidden }: Pick<NetSpec, 'hidden' | 'projection'>): number {
  return projection;
}

/** Widths of the parts of a layer's state: P of h, and for the LSTM H of c after it. */
export function layerStates(spec: NetSpec): readonly number[] {
  return spec.cell === 'lstm' ? [layerWidth(spec), spec.hidden] : [spec.hidden];
}

/** Width S of the packed state: h (then c) of the first layer, of the second, … */
export function stateWidth(spec: NetSpec): number {
  return spec.layers * layerStates(spec).reduce((sum, width) => sum + width, 0);
}

/**
 * Per layer `input` [G·H, layer inputs], `recurrent` [G·H, P], `bias` [G·H], for the GRU `candidateBias` [H], with a
 * projection `projection` [P, H]; then `head.weight` [Y, P] and `head.bias` [Y], Y being the head's width.
 */
export function parameterLayout(spec: NetSpec): readonly ParameterBlock[] {
  const blocks: ParameterBlock[] = [];
  let offset = 0;
  const place = (name: string, ...shape: number[]): void => {
    const size = shape.reduce((a, b) => a * b, 1);
    blocks.push({ name, shape, offset, size });
    offset += size;
  };
  const rows = gateRows(spec);
  const width = layerWidth(spec);
  for (let layer = 0; layer < spec.layers; layer++) {
    place(`layer${layer}.input`, rows, layer === 0 ? spec.inputs : width);
    place(`layer${layer}.recurrent`, rows, width);
    place(`layer${layer}.bias`, rows);
    if (spec.cell === 'gru') place(`layer${layer}.candidateBias`, spec.hidden);
    if (spec.projection !== undefined) place(`layer${layer}.projection`, spec.projection, spec.hidden);
  }
  place('head.weight', headWidth(spec), width);
  place('head.bias', headWidth(spec));
  return blocks;
}

/** A weight matrix or bias vector by itself. */
export interface Parameter {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

/**
 * The blocks of a parameter vector by name.
 * @param parameters [N]; the blocks are views of it
 */
export function parameterBlocks(spec: NetSpec, parameters: Float32Array): ReadonlyMap<string, Parameter> {
  const layout = parameterLayout(spec);
  const total = layout.reduce((sum, block) => sum + block.size, 0);
  if (parameters.length !== total) throw new BugError(`${parameters.length} parameters for a net of ${total}`);
  return new Map(
    layout.map(({ name, shape, offset, size }) => [
      name,
      { shape, values: parameters.subarray(offset, offset + size) },
    ]),
  );
}

/** Length N of the parameter vector. */
export function parameterCount(spec: NetSpec): number {
  return parameterLayout(spec).reduce((sum, block) => sum + block.size, 0);
}

/** [N], 1 in weight matrices, 0 in biases: what weight decay pulls towards 0. */
export function matrixMask(spec: NetSpec): Float32Array {
  const mask = new Float32Array(parameterCount(spec));
  for (const { shape, offset, size } of parameterLayout(spec))
    if (shape.length > 1) mask.fill(1, offset, offset + size);
  return mask;
}

/**
 * Weights uniform in ±1/√P, which keeps the variance of a gate's input near that of the state whatever P, those of a
 * projection in ±1/√H, since it sums over H cells; biases 0, but 1 for the LSTM's forget gate, so that a fresh cell
 * remembers (Jozefowicz et al. 2015).
 * @param seed same seed, same parameters
 */
export function initialParameters(spec: NetSpec, seed: number): Float32Array {
  const parameters = new Float32Array(parameterCount(spec));
  parameterLayout(spec).forEach(({ name, shape, offset, size }, stream) => {
    if (shape.length > 1) {
      const bound = 1 / Math.sqrt(name.endsWith('.projection') ? spec.hidden : layerWidth(spec));
      for (let i = 0; i < size; i++) parameters[offset + i] = bound * (2 * uniform(seed, stream, i) - 1);
    } else if (spec.cell === 'lstm' && name.startsWith('layer')) {
      const forget = offset + LSTM_FORGET * spec.hidden;
      parameters.fill(1, forget, forget + spec.hidden);
    }
  });
  return parameters;
}
