/** What the training loop is fed with: windows of up to T time steps over B lanes. */
import { tensorOf, type Tensor } from '../step/ort.js';

/**
 * One window, time-major. A lane holds one piece of a series at a time and keeps its recurrent state from window to
 * window (stateful truncated BPTT: Williams & Peng 1990) until `restart` says that another piece begins.
 */
export interface TrainingBatch {
  /** Time steps of this window, 1 … T; rows behind them are 0 and are not to be computed. */
  length: number;
  /** [T, B, I] */
  readonly x: Float32Array;
  /** [T, B, C] */
  readonly target: Float32Array;
  /** [T, B, C], 0 = not counted (missing, padding, warm-up), 1 = counted. */
  readonly weight: Float32Array;
  /** [B], 1 = the lane's state is zeroed before this window. */
  readonly restart: Uint8Array;
  /** Number of entries of `weight` that are 1. */
  counted: number;
}

/** A source of windows. The same (epoch, index) always gives the same window. */
export interface BatchSource {
  /** T, time steps of the longest window. */
  readonly length: number;
  /** B, rows side by side. */
  readonly lanes: number;
  /** I, values in a row of `x`. */
  readonly inputs: number;
  /** C, values in a row of `target`. */
  readonly channels: number;
  /** Windows an epoch, ≥ 1. */
  readonly perEpoch: number;
  /** Overwrites all of `batch` with window `index` (0 ≤ index < perEpoch) of `epoch` (≥ 0). */
  fill(epoch: number, index: number, batch: TrainingBatch): void;
}

/** An empty window of the source's shape. */
export function allocateBatch(source: BatchSource): TrainingBatch {
  const rows = source.length * source.lanes;
  return {
    length: source.length,
    x: new Float32Array(rows * source.inputs),
    target: new Float32Array(rows * source.channels),
    weight: new Float32Array(rows * source.channels),
    restart: new Uint8Array(source.lanes),
    counted: 0,
  };
}

/** The tensors of a batch that is filled again and again: its time steps, as many as it has each time. */
export class BatchTensors {
  readonly #byLength = new Map<number, Readonly<Record<'x' | 'target' | 'weight', Tensor>>>();

  constructor(
    private readonly source: BatchSource,
    private readonly batch: TrainingBatch,
  ) {}

  /** `x` [t, B, I], `target` and `weight` [t, B, C], with t the present length of the batch. */
  now(): Readonly<Record<'x' | 'target' | 'weight', Tensor>> {
    const { length } = this.batch;
    let tensors = this.#byLength.get(length);
    if (tensors === undefined) {
      tensors = { x: this.#tensor('x'), target: this.#tensor('target'), weight: this.#tensor('weight') };
      this.#byLength.set(length, tensors);
    }
    return tensors;
  }

  #tensor(name: 'x' | 'target' | 'weight'): Tensor {
    const { lanes, inputs, channels } = this.source;
    const shape = [this.batch.length, lanes, name === 'x' ? inputs : channels];
    return tensorOf(this.batch[name].subarray(0, shape[0] * shape[1] * shape[2]), shape);
  }
}

/**
 * Mean squared error of "the next value is the last one" over all counted entries of one epoch, for sources whose `x`
 * begins with the present values of the target channels. What a forecast has to beat.
 */
export function persistenceMse(source: BatchSource): number {
  const batch = allocateBatch(source);
  const { inputs, channels } = source;
  let sum = 0;
  let counted = 0;
  for (let index = 0; index < source.perEpoch; index++) {
    source.fill(0, index, batch);
    for (let row = 0; row < batch.length * source.lanes; row++) {
      for (let c = 0; c < channels; c++) {
        const entry = row * channels + c;
        const error = batch.target[entry] - batch.x[row * inputs + c];
        sum += batch.weight[entry] * error * error;
      }
    }
    counted += batch.counted;
  }
  return sum / counted;
}
