/** A voice activity net that a test can foresee: it hears speech in windows that are loud, and a while after. */
import type { Net, Slot } from '../../src/core/contracts.js';
import type { SileroModel } from '../../src/step/silero.js';

/** Windows of 1 ms. */
export const LOUDNESS: SileroModel = {
  sampleRateHz: 16_000,
  windowSamples: 16,
  contextSamples: 4,
  model: {
    path: '/none.onnx',
    sha256: '0'.repeat(64),
    inputs: [{ name: 'input', elementType: 'float32', shape: ['B', 20] }],
    outputs: [{ name: 'output', elementType: 'float32', shape: ['B', 1] }],
    states: [],
    constants: [],
  },
};

const { windowSamples, contextSamples } = LOUDNESS;
const WIDTH = windowSamples + contextSamples;

/** Probability: mean magnitude of the new samples, or 0.7 of that before, whatever is more. */
export class LoudnessNet implements Net {
  readonly model = LOUDNESS.model;
  readonly provider = 'test';
  readonly input: Readonly<Record<string, Float32Array>>;
  readonly integerInput = {};
  readonly output: Readonly<Record<string, Float32Array>>;
  readonly #x: Float32Array;
  readonly #y: Float32Array;
  readonly #state: Float32Array;

  readonly rows: number;
  readonly maxSteps = 1;

  constructor(readonly capacity: number) {
    this.rows = capacity;
    this.#x = new Float32Array(capacity * WIDTH);
    this.#y = new Float32Array(capacity);
    this.#state = new Float32Array(capacity);
    this.input = { input: this.#x };
    this.output = { output: this.#y };
  }

  open(slot: Slot): void {
    this.reset(slot);
  }

  leave(): void {}

  reset(slot: Slot): void {
    this.#state[slot] = 0;
  }

  step(slots: Int32Array, n: number): void {
    for (let row = 0; row < n; row++) {
      let sum = 0;
      for (let i = contextSamples; i < WIDTH; i++) sum += Math.abs(this.#x[row * WIDTH + i]);
      this.#state[slots[row]] = Math.max(sum / windowSamples, 0.7 * this.#state[slots[row]]);
      this.#y[row] = this.#state[slots[row]];
    }
  }

  save(slot: Slot): Uint8Array {
    return new Uint8Array(this.#state.slice(slot, slot + 1).buffer);
  }

  load(slot: Slot, bytes: Uint8Array): void {
    this.#state[slot] = new Float32Array(bytes.slice().buffer)[0];
  }

  close(): void {}
}
