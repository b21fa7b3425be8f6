/** The recurrent state of one slot, wherever its block is: zeroed, as bytes, as numbers. */
import type { Blocks } from '../core/blocks.js';
import type { Slot } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import { packRows, unpackRows } from './row-layout.js';
import type { TensorBuffer } from './session.js';
import { openBlock, type StateBlock } from './state-block.js';
import { buffersFor, type StepPorts } from './step-ports.js';

const SAVE_VERSION = 1;

export class SlotStates {
  /** float32 (or int64) values of all states of a slot. */
  readonly values: number;
  /** Zeros, and a place for what is copied: one row of each state. */
  readonly #zeros: readonly TensorBuffer[];
  readonly #copied: readonly TensorBuffer[];

  constructor(
    private readonly states: StepPorts['states'],
    private readonly blocks: Blocks<StateBlock>,
  ) {
    this.values = states.reduce((sum, { layout }) => sum + layout.width, 0);
    this.#zeros = buffersFor(states, 1);
    this.#copied = buffersFor(states, 1);
  }

  reset(slot: Slot): void {
    this.#write(slot, this.#zeros);
  }

  /** Version byte, then the values of every state in the model's order, little-endian as every platform of ONNX Runtime. */
  save(slot: Slot): Uint8Array {
    this.#read(slot);
    const bytes = new Uint8Array(this.#saveBytes);
    bytes[0] = SAVE_VERSION;
    let at = 1;
    for (const { values } of this.#copied) {
      bytes.set(new Uint8Array(values.buffer), at);
      at += values.byteLength;
    }
    return bytes;
  }

  /** @throws UserError `SNAPSHOT_INVALID` */
  load(slot: Slot, bytes: Uint8Array): void {
    openBlock(this.blocks, slot);
    if (bytes[0] !== SAVE_VERSION || bytes.length !== this.#saveBytes) {
      throw new UserError(
        'SNAPSHOT_INVALID',
        `the saved state of the net has version ${bytes[0] ?? 'none'} and ${bytes.length} bytes, ` +
          `this model needs version ${SAVE_VERSION} and ${this.#saveBytes} bytes`,
        { hint: 'it was saved with another model; start this stream anew' },
      );
    }
    let at = 1;
    for (const { values } of this.#copied) {
      new Uint8Array(values.buffer).set(bytes.subarray(at, at + values.byteLength));
      at += values.byteLength;
    }
    this.#write(slot, this.#copied);
  }

  /** Writes the float32 states to `target[at … at + values)`. */
  copy(slot: Slot, target: Float32Array, at: number): void {
    this.#read(slot);
    let to = at;
    for (let i = 0; i < this.#copied.length; i++) {
      const { values } = this.#copied[i];
      if (values instanceof Float32Array) target.set(values, to);
      to += values.length;
    }
  }

  #read(slot: Slot): void {
    const block = openBlock(this.blocks, slot);
    const place = this.blocks.place(slot);
    for (let i = 0; i < this.states.length; i++) {
      unpackRows(this.states[i].layout, block.states[i], place, block.rows, this.#copied[i], 0, 1);
    }
  }

  #write(slot: Slot, rows: readonly TensorBuffer[]): void {
    const block = openBlock(this.blocks, slot);
    const place = this.blocks.place(slot);
    for (let i = 0; i < this.states.length; i++) {
      packRows(this.states[i].layout, rows[i], 0, block.states[i], place, block.rows, 1);
    }
  }

  get #saveBytes(): number {
    return 1 + stateWords(this.states) * Int32Array.BYTES_PER_ELEMENT;
  }
}

/** Words of 32 bits in all states of a slot. */
export function stateWords(states: StepPorts['states']): number {
  return states.reduce((sum, { layout }) => sum + layout.rowWords, 0);
}
