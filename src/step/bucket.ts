/** Runs over rows that are gathered from anywhere: states are copied in, and what follows them is copied back. */
import { copyRows } from './row-layout.js';
import { RunBuffers } from './run-buffers.js';
import type { BoundRun, StepSession, TensorBuffer } from './session.js';
import type { StateBlock } from './state-block.js';
import { buffersFor, type StepPorts } from './step-ports.js';

export class Bucket {
  readonly buffers: RunBuffers;
  readonly #ports: StepPorts;
  readonly #states: readonly TensorBuffer[];
  readonly #next: readonly TensorBuffer[];
  /** Of the session that it was bound to. */
  #bound: { readonly session: StepSession; readonly run: BoundRun } | undefined;

  constructor(
    ports: StepPorts,
    readonly rows: number,
    steps = 1,
  ) {
    this.#ports = ports;
    this.buffers = new RunBuffers(ports, rows, steps);
    this.#states = buffersFor(ports.states, rows);
    this.#next = buffersFor(ports.states, rows);
  }

  /**
   * Rows that were not set compute on what the last call left there; nobody reads the result.
   * @param session where it is another one than in the last call, that one has been closed
   */
  run(session: StepSession): void {
    if (this.#bound?.session !== session) {
      this.#bound = { session, run: this.buffers.bind(session, this.#states, this.#next) };
    }
    this.#bound.run.run();
  }

  /** `count` states of the block from `place` on become rows from `row` on of those before the run. */
  setStates(block: StateBlock, place: number, row: number, count: number): void {
    const ports = this.#ports.states;
    for (let i = 0; i < ports.length; i++) {
      const { layout } = ports[i];
      copyRows(layout, block.states[i], place, block.rows, this.#states[i], row, this.rows, count);
    }
  }

  /** `count` rows from `row` on of the states after the run become the states of the block from `place` on. */
  getStates(row: number, block: StateBlock, place: number, count: number): void {
    const ports = this.#ports.states;
    for (let i = 0; i < ports.length; i++) {
      const { layout } = ports[i];
      copyRows(layout, this.#next[i], row, this.rows, block.states[i], place, block.rows, count);
    }
  }
}
