/** feature → net → decide for whatever rows are ready: the inner loop of every lane and of calibration. */
import type { Batch, Decider, Emit, Feature, Net } from './core/contracts.js';

/** Rows of the feature stage, written straight into the net's input. */
function batchOver(net: Net): Batch {
  const { rows } = net;
  const data = net.input[net.model.inputs[0].name];
  const width = data.length / rows;
  return {
    n: 0,
    width,
    slot: new Int32Array(rows),
    us: new Float64Array(rows),
    seq: new Float64Array(rows),
    data,
    mask: new Uint8Array(rows * width),
    gap: new Uint8Array(rows),
    settled: new Uint8Array(rows),
  };
}

export class Stepper<D extends Decider = Decider> {
  readonly #batch: Batch;
  readonly #output: Float32Array;

  constructor(
    readonly feature: Feature,
    readonly net: Net,
    readonly decider: D,
  ) {
    this.#batch = batchOver(net);
    this.#output = net.output[net.model.outputs[0].name];
  }

  /**
   * Takes every ready row through the net, at most one a stream at a time.
   * @param afterBatch called when all that were taken together have been judged
   * @returns the number of rows
   */
  turn(emit: Emit, afterBatch?: () => void): number {
    const { feature, net, decider } = this;
    const batch = this.#batch;
    let rows = 0;
    for (let n = feature.take(batch); n > 0; n = feature.take(batch)) {
      for (let i = 0; i < n; i++) if (batch.gap[i] === 1) net.reset(batch.slot[i]);
      net.step(batch.slot, n);
      decider.push(this.#output, batch, emit);
      rows += n;
      afterBatch?.();
    }
    return rows;
  }

  /** A stream takes the slot. */
  open(slot: number, stream: string): void {
    this.feature.open(slot, stream);
    this.net.open(slot, stream);
    this.decider.open(slot, stream);
  }

  /** The stream has left. */
  leave(slot: number): void {
    this.feature.leave(slot);
    this.net.leave(slot);
    this.decider.leave(slot);
  }
}
