/** A step model run for one stream straight on ONNX Runtime: what an engine is compared with. */
import { float32Of, OrtSession, tensorOf } from '../../src/step/ort.js';
import type { TestModel } from './step-model.js';

/** With one row a tensor is the row itself, wherever its batch axis is. */
function oneRow(shape: readonly ('B' | number)[]): number[] {
  return shape.map((size) => (size === 'B' ? 1 : size));
}

export class StepByHand {
  readonly #model: TestModel;
  readonly #session: OrtSession;
  readonly #states: readonly Float32Array[];

  constructor(model: TestModel) {
    this.#model = model;
    this.#session = new OrtSession(model.onnx);
    this.#states = model.card.states.map(
      ({ shape }) => new Float32Array(oneRow(shape).reduce((size, dimension) => size * dimension, 1)),
    );
  }

  /** @param x one row of input @returns one row of output */
  step(x: Float32Array): Float32Array {
    const { inputs, outputs, states } = this.#model.card;
    const steps = inputs.x.timeAxis ? [1] : [];
    const feeds = { [inputs.x.name]: tensorOf(x, [...steps, ...oneRow(inputs.x.shape)]) };
    if (inputs.rowMask) feeds[inputs.rowMask.name] = tensorOf(Float32Array.of(1), [1]);
    states.forEach(({ name, shape }, i) => (feeds[name] = tensorOf(this.#states[i], oneRow(shape))));
    const names = [outputs.y.name, ...states.map(({ next }) => next)];
    const result = this.#session.run(feeds, Object.fromEntries(names.map((name) => [name, null])));
    states.forEach(({ next }, i) => this.#states[i].set(float32Of(result, next)));
    return float32Of(result, outputs.y.name).slice();
  }

  /** The inverse of `state`. */
  goOnFrom(bytes: Uint8Array): void {
    let at = 0;
    for (const state of this.#states) {
      new Uint8Array(state.buffer).set(bytes.subarray(at, at + state.byteLength));
      at += state.byteLength;
    }
  }

  /** Every state's bytes, one after the other. */
  state(): Buffer {
    return Buffer.concat(this.#states.map((state) => Buffer.from(state.buffer)));
  }

  close(): void {
    this.#session.close();
  }
}
