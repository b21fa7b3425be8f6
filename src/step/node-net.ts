/** A `Net` on onnxruntime-node: state in slot-major slabs, stepped in gathered buckets or as a whole slab. */
import type { Net, Slot } from '../core/contracts.js';
import { BugError, UserError } from '../core/errors.js';
import type { StepModel } from '../core/step-model.js';
import type { OrtSession, Values } from './ort.js';
import { packRow, unpackRow } from './row-layout.js';
import { buffersFor, stepPorts, StepRun, type StepPorts } from './step-run.js';

/** Rows of a gathered run. A step costs a fixed 15 µs and little a row, so padding to the next size beats two calls. */
const BUCKETS = [1, 4, 16, 64, 256] as const;
const LARGEST_BUCKET = 256;

/**
 * A dense run copies no state, so it may compute this many rows for each one that buckets (with their padding) would.
 * Measured on x64, GRU H 32 and 64, 1 to 4,096 slots: break-even between 1.3 and 1.6. A full slab of 256 takes 64 µs
 * instead of 86 at H 32, 105 instead of 149 at H 64.
 */
const DENSE_ROWS_PER_GATHERED = 1.5;

const SAVE_VERSION = 1;

export class NodeNet implements Net {
  readonly provider = 'node/cpu';
  readonly input: Readonly<Record<string, Float32Array>>;
  readonly integerInput: Readonly<Record<string, BigInt64Array>>;
  readonly output: Readonly<Record<string, Float32Array>>;
  readonly #session: OrtSession;
  readonly #ports: StepPorts;
  /** Rows of all slots, one slab an input. */
  readonly #inputs: readonly Values[];
  readonly #outputs: readonly Float32Array[];
  readonly #buckets: readonly StepRun[];
  /** Rows of the largest bucket. */
  readonly #largest: number;
  /** The state of all slots, one slab a state, row = slot. */
  readonly #states: Values[];
  /** A run over the whole of `#states`; absent when the model cannot keep idle rows. */
  readonly #dense: StepRun | undefined;
  /** slot → the step that last named it: finds a slot that is named twice. */
  readonly #namedIn: Float64Array;
  #stepNumber = 0;

  /** The model has been proved to fit the session's file. */
  constructor(
    session: OrtSession,
    readonly model: StepModel,
    readonly capacity: number,
  ) {
    const ports = stepPorts(model);
    this.#session = session;
    this.#ports = ports;
    this.#inputs = buffersFor(ports.inputs, capacity);
    this.#outputs = ports.outputs.map(({ layout }) => new Float32Array(capacity * layout.width));
    const named = ports.inputs.map(({ name }, i) => [name, this.#inputs[i]] as const);
    this.input = Object.fromEntries(
      named.flatMap(([name, values]) => (values instanceof Float32Array ? [[name, values]] : [])),
    );
    this.integerInput = Object.fromEntries(
      named.flatMap(([name, values]) => (values instanceof BigInt64Array ? [[name, values]] : [])),
    );
    this.output = Object.fromEntries(ports.outputs.map(({ name }, i) => [name, this.#outputs[i]]));
    this.#states = buffersFor(ports.states, capacity);
    this.#largest = model.rowsPerRun ?? Math.min(capacity, LARGEST_BUCKET);
    const smaller = model.rowsPerRun === undefined ? BUCKETS.filter((rows) => rows < this.#largest) : [];
    this.#buckets = [...smaller, this.#largest].map((rows) => new StepRun(ports, rows, buffersFor(ports.states, rows)));
    const masked = ports.rowMask !== undefined && ports.states.every(({ layout }) => layout.runs === 1);
    if (masked) this.#dense = new StepRun(ports, capacity, this.#states);
    this.#namedIn = new Float64Array(capacity);
  }

  open(slot: Slot, _stream: string): void {
    this.reset(slot);
  }

  /** The slabs hold all slots. */
  leave(_slot: Slot): void {}

  reset(slot: Slot): void {
    for (let i = 0; i < this.#states.length; i++) this.#rowBytes(i, slot).fill(0);
  }

  step(slots: Int32Array, n: number): void {
    this.#check(slots, n);
    if (this.#dense && this.#denseIsCheaper(n)) this.#stepDense(this.#dense, slots, n);
    else this.#stepGathered(slots, n);
  }

  /** Version byte, then the values of every state in the model's order, little-endian. */
  save(slot: Slot): Uint8Array {
    const bytes = new Uint8Array(this.#saveBytes);
    bytes[0] = SAVE_VERSION;
    let at = 1;
    for (let i = 0; i < this.#states.length; i++) {
      const row = this.#rowBytes(i, slot);
      bytes.set(row, at);
      at += row.length;
    }
    return bytes;
  }

  load(slot: Slot, bytes: Uint8Array): void {
    if (bytes[0] !== SAVE_VERSION || bytes.length !== this.#saveBytes) {
      throw new UserError(
        'SNAPSHOT_INVALID',
        `the saved state of the net has version ${bytes[0] ?? 'none'} and ${bytes.length} bytes, ` +
          `this model needs version ${SAVE_VERSION} and ${this.#saveBytes} bytes`,
        { hint: 'it was saved with another model; start this stream anew' },
      );
    }
    let at = 1;
    for (let i = 0; i < this.#states.length; i++) {
      const row = this.#rowBytes(i, slot);
      row.set(bytes.subarray(at, at + row.length));
      at += row.length;
    }
  }

  close(): void {
    this.#session.close();
  }

  get #saveBytes(): number {
    let bytes = 1;
    for (let i = 0; i < this.#states.length; i++) bytes += this.#rowBytes(i, 0).length;
    return bytes;
  }

  /** The bytes of state `i` of a slot, to read or write. Every platform that ONNX Runtime ships for is little-endian. */
  #rowBytes(i: number, slot: Slot): Uint8Array {
    const slab = this.#states[i];
    const rowBytes = this.#ports.states[i].layout.width * slab.BYTES_PER_ELEMENT;
    return new Uint8Array(slab.buffer, slab.byteOffset + slot * rowBytes, rowBytes);
  }

  #check(slots: Int32Array, n: number): void {
    if (n > this.capacity || n > slots.length) throw new BugError(`${n} rows for ${this.capacity} slots`);
    this.#stepNumber++;
    for (let i = 0; i < n; i++) {
      const slot = slots[i];
      if (slot < 0 || slot >= this.capacity) throw new BugError(`there is no slot ${slot}`);
      if (this.#namedIn[slot] === this.#stepNumber) throw new BugError(`slot ${slot} is named twice in one step`);
      this.#namedIn[slot] = this.#stepNumber;
    }
  }

  #denseIsCheaper(n: number): boolean {
    const rest = n % this.#largest;
    const gatheredRows = n - rest + (rest > 0 ? this.#bucketFor(rest).rows : 0);
    return this.capacity <= DENSE_ROWS_PER_GATHERED * gatheredRows;
  }

  #stepGathered(slots: Int32Array, n: number): void {
    const { inputs, outputs, states } = this.#ports;
    for (let start = 0; start < n; start += this.#largest) {
      const filled = Math.min(n - start, this.#largest);
      const bucket = this.#bucketFor(filled);
      const { rows } = bucket;
      // Rows above `filled` are padding: they compute on what the last call left there, and nobody reads the result.
      for (let row = 0; row < filled; row++) {
        for (let i = 0; i < inputs.length; i++) {
          packRow(inputs[i].layout, this.#inputs[i], start + row, bucket.inputs[i], row, rows);
        }
        for (let i = 0; i < states.length; i++) {
          packRow(states[i].layout, this.#states[i], slots[start + row], bucket.states[i], row, rows);
        }
      }
      bucket.run(this.#session);
      for (let row = 0; row < filled; row++) {
        for (let i = 0; i < outputs.length; i++) {
          unpackRow(outputs[i].layout, bucket.outputs[i], row, rows, this.#outputs[i], start + row);
        }
        for (let i = 0; i < states.length; i++) {
          unpackRow(states[i].layout, bucket.next[i], row, rows, this.#states[i], slots[start + row]);
        }
      }
    }
  }

  #bucketFor(filled: number): StepRun {
    for (const bucket of this.#buckets) if (bucket.rows >= filled) return bucket;
    throw new BugError(`no bucket holds ${filled} rows`);
  }

  /** Idle rows compute too, but the mask hands their state on bit for bit. */
  #stepDense(run: StepRun, slots: Int32Array, n: number): void {
    const { inputs, outputs } = this.#ports;
    run.rowMask.fill(0);
    for (let row = 0; row < n; row++) {
      run.rowMask[slots[row]] = 1;
      for (let i = 0; i < inputs.length; i++) {
        packRow(inputs[i].layout, this.#inputs[i], row, run.inputs[i], slots[row], run.rows);
      }
    }
    run.advance(this.#session);
    for (let row = 0; row < n; row++) {
      for (let i = 0; i < outputs.length; i++) {
        unpackRow(outputs[i].layout, run.outputs[i], slots[row], run.rows, this.#outputs[i], row);
      }
    }
  }
}
