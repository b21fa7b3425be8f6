/** The recurrent state of a block of slots, in the model's own layout, so that a run may take it as it lies. */
import type { Blocks } from '../core/blocks.js';
import type { Slot } from '../core/contracts.js';
import { BugError } from '../core/errors.js';
import { copyRows } from './row-layout.js';
import type { RunBuffers } from './run-buffers.js';
import type { BoundRun, StepSession, TensorBuffer } from './session.js';
import { buffersFor, type StepPorts } from './step-ports.js';

/** Of 32 bits in a line of the processor's caches: 64 bytes on x64 and on most Arm cores. */
const LINE_WORDS = 16;

/** See `StateBlock.namedIn`. */
export const NOT_OPEN = -1;

/** Two sets of states: a run reads one and writes the other, then they change places. No copy. */
interface Double {
  /** The states that are not `StateBlock.states` just now. */
  other: TensorBuffer[];
  /** The runs are bound to. */
  readonly session: StepSession;
  /** From `states` to `other`, and the run that goes the other way. */
  run: BoundRun;
  back: BoundRun;
}

export class StateBlock {
  /** One buffer a state, row = the slot's place in the block. */
  states: TensorBuffer[];
  /** place → the step that last named it, `NOT_OPEN`: no stream is there. Finds a slot that must not be named. */
  readonly namedIn: Float64Array;
  /** The step that last named any slot here, and how many it named. */
  touchedIn = 0;
  touched = 0;
  /** Whether that step takes the block as a whole. */
  dense = false;
  /** Where its rows end in `StepOrder.rows`. */
  end = 0;
  readonly #ports: StepPorts;
  /** Made at the first dense run: streams that never come together need no second set. */
  #double: Double | undefined;

  constructor(
    ports: StepPorts,
    readonly rows: number,
  ) {
    this.#ports = ports;
    this.states = buffersFor(ports.states, rows);
    this.namedIn = new Float64Array(rows).fill(NOT_OPEN);
  }

  /**
   * Steps every row through the inputs and outputs in `buffers`, which are the same ones in every call.
   * @param session where it is another one than in the last call, that one has been closed
   */
  advance(session: StepSession, buffers: RunBuffers): void {
    if (this.#double?.session !== session) this.#double = this.#makeDouble(session, buffers, this.#double?.other);
    const double = this.#double;
    double.run.run();
    const { other, run } = double;
    double.other = this.states;
    this.states = other;
    double.run = double.back;
    double.back = run;
  }

  /** Rows where `rowMask` is 0 get back the state that they had before the last `advance`. */
  putBack(rowMask: Float32Array): void {
    if (this.#double === undefined) return;
    const { other } = this.#double;
    const ports = this.#ports.states;
    for (let place = 0; place < this.rows; place++) {
      if (rowMask[place] !== 0) continue;
      for (let i = 0; i < ports.length; i++) {
        copyRows(ports[i].layout, other[i], place, this.rows, this.states[i], place, this.rows, 1);
      }
    }
  }

  /**
   * Reads a word of each cache line of the state at `place`. Where few of very many streams are stepped, states lie in
   * main memory, and a copy would wait for each of them in turn; read in a short loop they come side by side.
   * @returns a number without meaning, to be kept, or nothing would be read
   */
  touch(place: number): number {
    const ports = this.#ports.states;
    let sum = 0;
    for (let i = 0; i < ports.length; i++) {
      const { runs, runWords } = ports[i].layout;
      const { words } = this.states[i];
      for (let run = 0; run < runs; run++) {
        const from = (run * this.rows + place) * runWords;
        for (let at = from; at < from + runWords; at += LINE_WORDS) sum ^= words[at];
      }
    }
    return sum;
  }

  /** Frees its runs. */
  release(): void {
    this.#double?.run.release();
    this.#double?.back.release();
    this.#double = undefined;
  }

  #makeDouble(session: StepSession, buffers: RunBuffers, other = buffersFor(this.#ports.states, this.rows)): Double {
    const run = buffers.bind(session, this.states, other);
    return { other, session, run, back: buffers.bind(session, other, this.states) };
  }
}

/** @throws BugError when the slot is not open */
export function openBlock(blocks: Blocks<StateBlock>, slot: Slot): StateBlock {
  if (!blocks.isOpen(slot)) throw new BugError(`slot ${slot} was not opened`);
  return blocks.of(slot);
}
