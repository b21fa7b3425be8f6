/** A baseline in the place of the net: the same feature before it, the same decider behind it, only the forecast is simple. */
import { Blocks, slotsForBytes } from '../core/blocks.js';
import type { Engine, Net, Slot } from '../core/contracts.js';
import { loadNumbers, saveNumbers, unfitState } from '../core/saved-state.js';
import type { StepModel } from '../core/step-model.js';
import { type ForecastRule, MEAN, VARIANCE } from './baseline-rules.js';
import type { BaselineName } from './baselines.js';

const SAVE_VERSION = 1;
/** Beyond this a normalised value is simply absurd; sums of squares stay exact enough to take it out again. */
const MOST_VALUE = 1000;

/**
 * Opens a model with the objective `gaussian` and the calendar `day` as a baseline with its inputs and outputs; its file is
 * not read.
 * @param rulesOf one for each channel of a model
 */
export function baselineEngine(
  name: BaselineName,
  rulesOf: (model: StepModel) => Promise<readonly ForecastRule[]>,
): Engine {
  return {
    name,
    open: async (model, capacity) => new BaselineNet(name, await rulesOf(model), model, capacity),
  };
}

class BaselineNet implements Net {
  readonly provider: string;
  readonly rows: number;
  readonly maxSteps = 1;
  readonly input: Readonly<Record<string, Float32Array>>;
  readonly integerInput = {};
  readonly output: Readonly<Record<string, Float32Array>>;
  readonly #channels: number;
  /** Numbers that are remembered of a channel. */
  readonly #fields: number;
  /** Features of an input row: the channels, then sine and cosine of the time of day. */
  readonly #features: number;
  readonly #outputs: number;
  readonly #x: Float32Array;
  readonly #y: Float32Array;
  /** [slots of a block, channels, fields] */
  readonly #memory: Blocks<Float64Array>;

  constructor(
    name: BaselineName,
    private readonly rules: readonly ForecastRule[],
    readonly model: StepModel,
    readonly capacity: number,
  ) {
    this.provider = name;
    this.rows = capacity;
    this.#fields = rules[0].fields;
    const [x] = model.inputs;
    const [y] = model.outputs;
    this.#features = widthOf(x.shape);
    this.#outputs = widthOf(y.shape);
    // Of each channel a mean and a log-variance.
    this.#channels = this.#outputs / 2;
    this.#x = new Float32Array(capacity * this.#features);
    this.#y = new Float32Array(capacity * this.#outputs);
    this.input = { [x.name]: this.#x };
    this.output = { [y.name]: this.#y };
    const numbers = this.#numbers;
    this.#memory = new Blocks(capacity, (slots) => new Float64Array(slots * numbers), {
      blockSlots: slotsForBytes(numbers * Float64Array.BYTES_PER_ELEMENT),
    });
  }

  open(slot: Slot, _stream: string): void {
    this.#memory.open(slot);
    this.reset(slot);
  }

  leave(slot: Slot): void {
    this.#memory.leave(slot);
  }

  reset(slot: Slot): void {
    this.#of(slot).fill(0);
  }

  save(slot: Slot): Uint8Array {
    return saveNumbers(SAVE_VERSION, this.#of(slot));
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const numbers = loadNumbers(SAVE_VERSION, bytes, 'a baseline');
    if (numbers.length !== this.#numbers) throw unfitState('a baseline');
    this.#of(slot).set(numbers);
  }

  step(slots: Int32Array, n: number): void {
    for (let i = 0; i < n; i++) {
      const state = this.#memory.of(slots[i]);
      const first = this.#memory.place(slots[i]) * this.#numbers;
      const day = this.#dayOf(i);
      for (let c = 0; c < this.#channels; c++) this.#foretell(state, first + c * this.#fields, i, c, day);
    }
  }

  close(): void {
    // Nothing that garbage collection would not free.
  }

  /** Part of the day that has passed, 0 … 1. */
  #dayOf(row: number): number {
    const at = row * this.#features + this.#channels;
    const turns = Math.atan2(this.#x[at], this.#x[at + 1]) / (2 * Math.PI);
    return turns < 0 ? turns + 1 : turns;
  }

  #foretell(state: Float64Array, at: number, row: number, channel: number, day: number): void {
    const value = this.#x[row * this.#features + channel];
    this.rules[channel].take(state, at, Math.min(MOST_VALUE, Math.max(-MOST_VALUE, value)), day);
    const y = row * this.#outputs + channel;
    this.#y[y] = state[at + MEAN];
    this.#y[y + this.#channels] = Math.log(state[at + VARIANCE]);
  }

  #of(slot: Slot): Float64Array {
    const first = this.#memory.place(slot) * this.#numbers;
    return this.#memory.of(slot).subarray(first, first + this.#numbers);
  }

  /** Remembered of one stream. */
  get #numbers(): number {
    return this.#channels * this.#fields;
  }
}

/** Values of one row. */
function widthOf(shape: StepModel['inputs'][0]['shape']): number {
  return shape.reduce<number>((width, axis) => (axis === 'B' ? width : width * axis), 1);
}
