/** feature → net → decide for whatever rows are ready: the inner loop of every lane and of calibration. */
import { Chunk, newBatch } from './chunk.js';
import type { NamedStages } from './lane-memory.js';
import type { Batch, Decider, Emit, Feature, Net, PerSlot } from './core/contracts.js';

/** Is shown what goes through the net, before and after. */
export interface RowWatch extends PerSlot {
  /** A run of the net begins with the rows of `batch`: the states of their streams are those before it. */
  stepping(batch: Batch): void;
  /** The decider has judged the rows of `batch`. */
  judged(batch: Batch): void;
}

export class Stepper<D extends Decider = Decider> {
  readonly #chunk: Chunk;
  /** Rows of the feature stage, as the net takes them: the first batch of a chunk is written straight into it. */
  readonly #input: Float32Array;
  readonly #output: Float32Array;
  /** Output rows of one step of a chunk. */
  readonly #stepOutput: Float32Array;

  constructor(
    readonly feature: Feature,
    readonly net: Net,
    readonly decider: D,
    private readonly watch?: RowWatch,
  ) {
    const { rows, capacity, model, input, output } = net;
    this.#input = input[model.inputs[0].name];
    this.#output = output[model.outputs[0].name];
    this.#chunk = new Chunk(net, newBatch(Math.min(rows, capacity), this.#input.length / rows, this.#input));
    this.#stepOutput = new Float32Array(this.#chunk.rows * (this.#output.length / rows));
  }

  /**
   * Takes every ready row through the net: at most one a stream at a time, or several steps of few streams in one run.
   * The decider is handed them step by step in any case.
   * @param afterBatch called when all rows of one step have been judged
   * @returns the number of rows
   */
  turn(emit: Emit, afterBatch?: () => void): number {
    const chunk = this.#chunk;
    let rows = 0;
    for (let length = chunk.take(this.feature); length > 0; length = chunk.take(this.feature)) {
      // A net takes powers of two, so that a handful of runs has to be prepared.
      for (let from = 0, steps = 0; from < length; from += steps) {
        steps = 2 ** (31 - Math.clz32(length - from));
        rows += this.#step(from, steps, emit, afterBatch);
      }
    }
    return rows;
  }

  #step(from: number, steps: number, emit: Emit, afterBatch: (() => void) | undefined): number {
    const { net, decider } = this;
    const chunk = this.#chunk;
    const batch = chunk.at(from);
    const { n, slot } = batch;
    if (from === 0) for (let i = 0; i < n; i++) if (batch.gap[i] === 1) net.reset(slot[i]);
    this.watch?.stepping(batch);
    for (let t = from === 0 ? 1 : 0; t < steps; t++)
      copyRows(chunk.at(from + t).data, 0, this.#input, t, n * batch.width);
    net.step(slot, n, steps);
    if (steps === 1) {
      decider.push(this.#output, batch, emit);
      this.watch?.judged(batch);
      afterBatch?.();
      return n;
    }
    const size = n * (this.#output.length / net.rows);
    for (let t = 0; t < steps; t++) {
      copyRows(this.#output, t, this.#stepOutput, 0, size);
      decider.push(this.#stepOutput, chunk.at(from + t), emit);
      this.watch?.judged(chunk.at(from + t));
      afterBatch?.();
    }
    return n * steps;
  }

  /** What it remembers of a stream. */
  get stages(): NamedStages {
    const { feature, net, decider, watch } = this;
    const named: NamedStages = [
      ['feature', feature],
      ['net', net],
      ['decide', decider],
    ];
    // A snapshot may have been taken where nobody watched.
    return watch === undefined ? named : [...named, ['watch', watch, 'optional']];
  }

  /** A stream takes the slot. */
  open(slot: number, stream: string): void {
    this.feature.open(slot, stream);
    this.net.open(slot, stream);
    this.decider.open(slot, stream);
    this.watch?.open(slot, stream);
  }

  /** The stream has left. */
  leave(slot: number): void {
    this.feature.leave(slot);
    this.net.leave(slot);
    this.decider.leave(slot);
    this.watch?.leave(slot);
  }
}

/** Copies the rows of step `from` over those of step `to`; the rows of a step are `size` values. */
function copyRows(source: Float32Array, from: number, target: Float32Array, to: number, size: number): void {
  for (let i = 0; i < size; i++) target[to * size + i] = source[from * size + i];
}
