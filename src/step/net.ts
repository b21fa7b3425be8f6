/**
 * A `Net` on any engine: the streams' states lie in blocks of slots, and a step takes them through the model block by
 * block where most of a block steps, gathered into buckets where few do. Every way gives the same bits.
 */
import { access } from 'node:fs/promises';
import type { Slot } from '../core/contracts.js';
import type { LearningNet } from '../core/learning-net.js';
import { Blocks, slotsForBytes } from '../core/blocks.js';
import { BugError, UserError } from '../core/errors.js';
import type { SkippedProvider } from '../core/runtime.js';
import type { StepModel } from '../core/step-model.js';
import { Gathering, RUN_ROWS } from './gathering.js';
import { RunBuffers } from './run-buffers.js';
import type { StepSession, TensorBuffer } from './session.js';
import { SlotStates, stateWords } from './slot-states.js';
import { NOT_OPEN, StateBlock } from './state-block.js';
import { StepOrder, stretchOf } from './step-order.js';
import { buffersFor, buffersByName, stepPorts, type StepPorts } from './step-ports.js';

/** Most rows of one call: beyond 256 a row becomes no cheaper, and rows of a call have memory of their own. */
const MOST_ROWS = 1024;

/** Most steps of a run: from here on a step of a stream by itself costs what the operators themselves cost. */
const MOST_STEPS = 32;

/** What it costs to put the state of an idle row back after a dense run, in rows of a run; see `RUN_ROWS`. */
const PUT_BACK_ROWS = 0.3;

/** Where a step touches several blocks, a run of fewer rows than this costs much more a row than a larger one. */
const SMALLEST_OF_MANY = 16;

/** @param file path of an ONNX file, or its bytes */
type OpenSession<F> = (file: F) => StepSession;

export class SlottedNet implements LearningNet {
  readonly provider: string;
  readonly skipped: readonly SkippedProvider[];
  readonly rows: number;
  readonly maxSteps: number;
  readonly input: Readonly<Record<string, Float32Array>>;
  readonly integerInput: Readonly<Record<string, BigInt64Array>>;
  readonly output: Readonly<Record<string, Float32Array>>;
  #session: StepSession;
  readonly #ports: StepPorts;
  /** Rows of the caller, contiguous, in the order of the ports. */
  readonly #inputs: readonly TensorBuffer[];
  readonly #outputs: readonly TensorBuffer[];
  readonly #blocks: Blocks<StateBlock>;
  readonly #states: SlotStates;
  /** Whether the model itself keeps the state of idle rows. */
  readonly #masked: boolean;
  /** For dense runs of any block. */
  #dense: RunBuffers | undefined;
  readonly #gathering: Gathering;
  /** By the number of steps, where that is more than one. */
  readonly #chunks = new Map<number, Gathering>();
  readonly #order: StepOrder;
  /** Rows of a block that step → whether it is cheaper to run it as it lies than to gather them: 1 or 0. */
  readonly #denseIsCheaper: Uint8Array;

  /**
   * The model has been proved to fit the session's file.
   * @param capacity streams, ≥ 1
   * @param reopen opens a session for other weights
   */
  constructor(
    session: StepSession,
    readonly model: StepModel,
    readonly capacity: number,
    private readonly reopen: OpenSession<Uint8Array>,
  ) {
    const ports = stepPorts(model);
    this.#session = session;
    this.#ports = ports;
    this.provider = session.provider;
    this.skipped = session.skipped;
    this.maxSteps = model.inputs.every(({ timeAxis }) => timeAxis) ? MOST_STEPS : 1;
    this.rows = Math.min(capacity * this.maxSteps, MOST_ROWS);
    this.#inputs = buffersFor(ports.inputs, this.rows);
    this.#outputs = buffersFor(ports.outputs, this.rows);
    this.input = buffersByName(ports.inputs, this.#inputs, Float32Array);
    this.integerInput = buffersByName(ports.inputs, this.#inputs, BigInt64Array);
    this.output = buffersByName(ports.outputs, this.#outputs, Float32Array);
    this.#masked = ports.rowMask !== undefined;
    this.#blocks = new Blocks(capacity, (slots) => new StateBlock(ports, slots), {
      letGo: (block) => block.release(),
      blockSlots: slotsForBytes(Math.max(1, stateWords(ports.states)) * Int32Array.BYTES_PER_ELEMENT),
    });
    this.#states = new SlotStates(ports.states, this.#blocks);
    this.#gathering = new Gathering(ports, capacity, model.rowsPerRun);
    this.#order = new StepOrder(this.#blocks, this.rows);
    const blockRows = this.#blocks.slots;
    this.#denseIsCheaper = new Uint8Array(blockRows + 1);
    for (let stepping = 1; stepping <= blockRows; stepping++) {
      const putBack = this.#masked ? 0 : (blockRows - stepping) * PUT_BACK_ROWS;
      const cheaper =
        model.rowsPerRun === undefined
          ? RUN_ROWS + blockRows + putBack < this.#gathering.costOf(stepping)
          : model.rowsPerRun === blockRows;
      this.#denseIsCheaper[stepping] = Number(cheaper);
    }
  }

  get stateValues(): number {
    return this.#states.values;
  }

  open(slot: Slot, _stream: string): void {
    this.#blocks.open(slot);
    this.#blocks.of(slot).namedIn[this.#blocks.place(slot)] = 0;
    this.reset(slot);
  }

  leave(slot: Slot): void {
    if (!this.#blocks.isOpen(slot)) return;
    this.#blocks.of(slot).namedIn[this.#blocks.place(slot)] = NOT_OPEN;
    this.#blocks.leave(slot);
  }

  reset(slot: Slot): void {
    this.#states.reset(slot);
  }

  step(slots: Int32Array, n: number, steps = 1): void {
    const rows = n * steps;
    if (rows > this.rows || n > slots.length) throw new BugError(`${rows} rows for a net that takes ${this.rows}`);
    if (this.#ports.states.length > 0) this.#order.admit(slots, n);
    if (steps === 1) this.#stepOnce(slots, n);
    else this.#stepChunk(slots, n, steps);
  }

  #stepOnce(slots: Int32Array, n: number): void {
    const { touched } = this.#order;
    for (let i = 0; i < touched.length; i++) touched[i].dense = this.#stepsDense(touched[i], n);
    const gathered = touched.length === 0 ? n : this.#order.arrange(slots, n);
    this.#gathering.step(
      this.#session,
      this.#blocks,
      slots,
      this.#order.rows,
      gathered,
      n,
      this.#inputs,
      this.#outputs,
    );
    for (let i = 0; i < touched.length; i++) if (touched[i].dense) this.#stepDense(touched[i], slots);
  }

  /** Few streams, several steps: what a run costs by itself is shared, and states are copied once. */
  #stepChunk(slots: Int32Array, n: number, steps: number): void {
    let gathering = this.#chunks.get(steps);
    if (gathering === undefined) {
      if (steps > this.maxSteps) throw new BugError(`${steps} steps for a net that takes ${this.maxSteps}`);
      const { rowsPerRun } = this.model;
      gathering = new Gathering(this.#ports, this.capacity, rowsPerRun, steps);
      this.#chunks.set(steps, gathering);
    }
    const { touched, rows } = this.#order;
    for (let i = 0; i < touched.length; i++) touched[i].dense = false;
    this.#order.arrange(slots, n);
    gathering.step(this.#session, this.#blocks, slots, rows, n, n, this.#inputs, this.#outputs);
  }

  save(slot: Slot): Uint8Array {
    return this.#states.save(slot);
  }

  load(slot: Slot, bytes: Uint8Array): void {
    this.#states.load(slot, bytes);
  }

  copyState(slot: Slot, target: Float32Array, at: number): void {
    this.#states.copy(slot, target, at);
  }

  replaceModel(file: Uint8Array): void {
    const session = this.reopen(file);
    const former = this.#session;
    // Runs are bound to it when they are next needed: each was made for memory of ours, which stays.
    this.#session = session;
    former.close();
  }

  close(): void {
    this.#session.close();
  }

  #stepsDense({ rows, touched }: StateBlock, n: number): boolean {
    // Small blocks are for wide states: several of them are better gathered into one run.
    if (touched < n && rows < SMALLEST_OF_MANY) return false;
    return this.#denseIsCheaper[touched] === 1;
  }

  /** Idle rows compute too, but keep their state bit for bit: by the model's mask, or because it is put back. */
  #stepDense(block: StateBlock, slots: Int32Array): void {
    const dense = (this.#dense ??= new RunBuffers(this.#ports, block.rows));
    const { rows } = this.#order;
    const { slots: blockSlots } = this.#blocks;
    const start = block.end - block.touched;
    dense.rowMask.fill(0);
    for (let i = start, count = 0; i < block.end; i += count) {
      count = stretchOf(slots, rows, i, block.end, blockSlots);
      const place = this.#blocks.place(slots[rows[i]]);
      dense.rowMask.fill(1, place, place + count);
      dense.setInputs(this.#inputs, rows[i], place, count);
    }
    block.advance(this.#session, dense);
    if (!this.#masked && block.touched < block.rows) block.putBack(dense.rowMask);
    for (let i = start, count = 0; i < block.end; i += count) {
      count = stretchOf(slots, rows, i, block.end, blockSlots);
      dense.getOutputs(this.#blocks.place(slots[rows[i]]), this.#outputs, rows[i], count);
    }
  }
}

/**
 * @param openSession called with the path of the file, or its bytes
 * @param reopen opens other weights of the same model; absent: as `openSession`
 * @throws UserError `MODEL_MISSING`, and whatever `openSession` throws; then no session stays open
 */
export async function openSlottedNet(
  model: StepModel,
  capacity: number,
  openSession: OpenSession<string | Uint8Array>,
  reopen: OpenSession<Uint8Array> = openSession,
): Promise<SlottedNet> {
  if (!Number.isSafeInteger(capacity) || capacity < 1) throw new BugError(`capacity ${capacity} is not a count`);
  if (model.bytes === undefined) {
    await access(model.path).catch((cause: unknown) => {
      throw new UserError('MODEL_MISSING', `${model.path} cannot be read`, { hint: 'check the path', cause });
    });
  }
  const session = openSession(model.bytes ?? model.path);
  try {
    return new SlottedNet(session, model, capacity, reopen);
  } catch (error) {
    session.close();
    throw error;
  }
}
