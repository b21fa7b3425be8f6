/** Steps streams that lie anywhere in the blocks: gathered into buckets, run, and handed back. */
import type { Blocks } from '../core/blocks.js';
import { Bucket } from './bucket.js';
import type { StepSession, TensorBuffer } from './session.js';
import type { StateBlock } from './state-block.js';
import { stretchOf } from './step-order.js';
import type { StepPorts } from './step-ports.js';

/** Rows of a gathered run. */
const BUCKETS = [1, 4, 16, 64, 256] as const;

/**
 * Costs in rows of a large run. Measured on x64 with the native engine, LSTM 64: a run 5.2 µs and 0.26 µs a row; to gather
 * a row and hand it back 0.2 µs.
 */
export const RUN_ROWS = 20;
const COPY_ROWS = 0.75;

/** Where so many rows share a block there are so few streams that their states are in the processor's caches anyway. */
const CLOSE_ROWS = 16;

export class Gathering {
  readonly #ports: StepPorts;
  /** Ascending. */
  readonly #sizes: readonly number[];
  /** In the order of `#sizes`; made when first needed, because with wide states the large ones take many megabytes. */
  readonly #buckets: (Bucket | undefined)[] = [];
  /** Kept of `touch`. */
  touched = 0;

  /**
   * @param most rows that are ever stepped together
   * @param rowsPerRun the only size of a run that the model takes; absent: any
   * @param steps that a run takes each stream on
   */
  constructor(
    ports: StepPorts,
    most: number,
    rowsPerRun?: number,
    private readonly steps = 1,
  ) {
    this.#ports = ports;
    const largest = Math.min(most, BUCKETS[BUCKETS.length - 1]);
    this.#sizes = rowsPerRun === undefined ? [...BUCKETS.filter((rows) => rows < largest), largest] : [rowsPerRun];
  }

  /** What it costs to step `n` rows, in rows: runs with their padding, and the copies. */
  costOf(n: number): number {
    let cost = n * COPY_ROWS;
    for (let left = n; left > 0;) {
      const size = this.#sizes[this.#fitting(left)];
      cost += RUN_ROWS + size;
      left -= size;
    }
    return cost;
  }

  /**
   * Steps the streams of the first `n` of `rows`; row r belongs to `slots[r]`. Its step t is row t · `stride` + r of `inputs`
   * and `outputs`, which are contiguous.
   * @throws UserError `ENGINE`
   */
  step(
    session: StepSession,
    blocks: Blocks<StateBlock>,
    slots: Int32Array,
    rows: Int32Array,
    n: number,
    stride: number,
    inputs: readonly TensorBuffer[],
    outputs: readonly TensorBuffer[],
  ): void {
    const { steps } = this;
    const stateful = this.#ports.states.length > 0;
    for (let start = 0; start < n;) {
      const bucket = this.#bucket(this.#fitting(n - start));
      const filled = Math.min(n - start, bucket.rows);
      if (stateful) this.touched = touch(blocks, slots, rows, start, start + filled);
      for (let i = 0, count = 0; i < filled; i += count) {
        const row = rows[start + i];
        count = stretchOf(slots, rows, start + i, start + filled, blocks.slots);
        for (let t = 0; t < steps; t++) bucket.buffers.setInputs(inputs, t * stride + row, t * bucket.rows + i, count);
        if (stateful) bucket.setStates(blocks.of(slots[row]), blocks.place(slots[row]), i, count);
      }
      bucket.run(session);
      for (let i = 0, count = 0; i < filled; i += count) {
        const row = rows[start + i];
        count = stretchOf(slots, rows, start + i, start + filled, blocks.slots);
        for (let t = 0; t < steps; t++)
          bucket.buffers.getOutputs(t * bucket.rows + i, outputs, t * stride + row, count);
        if (stateful) bucket.getStates(i, blocks.of(slots[row]), blocks.place(slots[row]), count);
      }
      start += filled;
    }
  }

  /** The smallest bucket that holds so many rows, or a smaller one where runs of that are cheaper than the padding. */
  #fitting(n: number): number {
    const sizes = this.#sizes;
    let i = 0;
    while (i + 1 < sizes.length && sizes[i] < n) i++;
    if (i > 0 && Math.ceil(n / sizes[i - 1]) * (RUN_ROWS + sizes[i - 1]) < RUN_ROWS + sizes[i]) i--;
    return i;
  }

  #bucket(index: number): Bucket {
    const bucket = this.#buckets[index] ?? new Bucket(this.#ports, this.#sizes[index], this.steps);
    this.#buckets[index] = bucket;
    return bucket;
  }
}

/** Brings the states of `rows[from … to)`, which are sorted by block, nearer: see `StateBlock.touch`. */
function touch(blocks: Blocks<StateBlock>, slots: Int32Array, rows: Int32Array, from: number, to: number): number {
  const close = from + CLOSE_ROWS - 1;
  if (close < to && blocks.of(slots[rows[from]]) === blocks.of(slots[rows[close]])) return 0;
  let sum = 0;
  for (let i = from; i < to; i++) sum ^= blocks.of(slots[rows[i]]).touch(blocks.place(slots[rows[i]]));
  return sum;
}
