/** The feature behind the kind `normalise`. */
import { BugError } from '../core/errors.js';
import { Blocks, slotsForBytes, touchRecords } from '../core/blocks.js';
import type { CalendarPeriod, ModelCard } from '../core/card.js';
import type { Batch, Feature, Frame, Micros, Scaler, Slot } from '../core/contracts.js';
import { loadNumbers, saveNumbers, unfitState } from '../core/saved-state.js';
import type { NormaliseOptions } from './normalise.js';
import { beginChannels, CHANNEL, CHANNEL_FIELDS, forgetHeld, fromZ, writeCalendar, writeChannels } from './scaling.js';
import { SlotRows } from './slot-rows.js';
import { WarmUps } from './stream-scale.js';

const VERSION = 2;
const SAVED = 'the normalisation of a stream';
/** A row that waits: time, packet number, flags, `width` inputs, a mask value a channel. */
const ROW = { us: 0, seq: 1, gap: 2, settled: 3, inputs: 4 } as const;
/** What is remembered of a stream: handle of its warm-up, rows with an observation while warming up, its channels. */
const MEMORY = { warmUp: 0, rows: 1, channels: 2 } as const;
/** Instead of the handle: the scale is settled. */
const SETTLED = -1;
/** Instead of the handle: the stream has shown nothing yet. */
const UNHEARD = -2;
/** Saved before the scales: whether the scale is settled, rows seen while warming up. */
const HEAD_FIELDS = 2;
const SCALE_FIELDS = 2;

/**
 * Row of inputs: the C channels by `toZ` of the stream's own scale (missing: the last observed value, or the centre),
 * then the calendar (see `writeChannels`, `writeCalendar`).
 *
 * A stream that the card knows uses its scale from there. Any other warms up: its first ⌈warmupSteps / 2⌉ rows with an
 * observation are provisional (`settled` 0), scaled by the quartiles so far, or like the other streams until
 * there are enough values. Then the scale is frozen; the next row has `gap` 1, because the net has seen the earlier rows
 * on another scale, and from there on `settled` is 1.
 */
export class Normaliser implements Feature, Scaler {
  readonly names: readonly string[];
  readonly shiftUs: Micros;
  readonly #channels: readonly string[];
  readonly #calendar: readonly CalendarPeriod[];
  readonly #card: ModelCard['normalisation'];
  readonly #provisionalRows: number;
  readonly #blocks: Blocks<Float64Array>;
  readonly #memoryFields: number;
  readonly #warmUps: WarmUps;
  readonly #rows: SlotRows;
  #checkedNames: readonly string[] | undefined;

  /** @param capacity streams, ≥ 1 */
  constructor(options: NormaliseOptions, card: ModelCard, capacity: number) {
    this.#channels = card.channels.map(({ name }) => name);
    this.#calendar = card.calendar;
    this.#card = card.normalisation;
    this.names = [...this.#channels, ...card.calendar.flatMap((period) => [`${period}.sin`, `${period}.cos`])];
    this.shiftUs = card.stepUs;
    this.#provisionalRows = Math.ceil(options.warmupSteps / 2);
    const fields = MEMORY.channels + CHANNEL_FIELDS * this.#channels.length;
    const blockSlots = slotsForBytes(fields * Float64Array.BYTES_PER_ELEMENT);
    this.#memoryFields = fields;
    this.#blocks = new Blocks(capacity, (slots) => new Float64Array(slots * fields), { blockSlots });
    this.#warmUps = new WarmUps(card.normalisation.pooled, capacity);
    this.#rows = new SlotRows(capacity, ROW.inputs + this.names.length + this.#channels.length);
  }

  open(slot: Slot, stream: string): void {
    // Its warm-up, if it has one, belongs to the stream that was there.
    this.leave(slot);
    this.#blocks.open(slot);
    this.#rows.open(slot);
    const memory = this.#blocks.of(slot);
    const base = this.#baseOf(slot);
    // Own properties only: a stream may be called `constructor`.
    const known = Object.hasOwn(this.#card.streams, stream) ? this.#card.streams[stream] : undefined;
    const warms = known === undefined && this.#provisionalRows > 0;
    memory[base + MEMORY.warmUp] = warms ? UNHEARD : SETTLED;
    memory[base + MEMORY.rows] = 0;
    beginChannels(memory, base + MEMORY.channels, known ?? this.#card.pooled);
  }

  leave(slot: Slot): void {
    if (!this.#blocks.isOpen(slot)) return;
    this.#settle(this.#blocks.of(slot), this.#baseOf(slot));
    this.#blocks.leave(slot);
    this.#rows.leave(slot);
  }

  touch(slots: Int32Array, n: number): number {
    return touchRecords(this.#blocks, this.#memoryFields, slots, n) + this.#rows.touch(slots, n);
  }

  push(slot: Slot, frame: Frame): void {
    this.#checkNames(frame);
    const channels = this.#channels.length;
    for (let at = 0, row = 0; at < frame.data.length; at += channels, row++) {
      const gap = row === 0 && (frame.mark === 'gap' || frame.mark === 'start');
      this.#pushRow(slot, frame, at, frame.us + row * this.shiftUs, gap);
    }
  }

  /** Nothing is held back: every row is ready when it was pushed. */
  flush(): void {}

  take(out: Batch): number {
    return this.#rows.fill(out, this.#give);
  }

  toUnits(slot: Slot, channel: number, z: number): number {
    const memory = this.#blocks.of(slot);
    const at = this.#baseOf(slot) + MEMORY.channels + CHANNEL_FIELDS * channel;
    return fromZ(z, memory[at + CHANNEL.center], memory[at + CHANNEL.scale]);
  }

  /** Rows that were not taken yet are part of it. */
  save(slot: Slot): Uint8Array {
    const memory = this.#blocks.of(slot);
    const base = this.#baseOf(slot);
    const channels = this.#channels.length;
    const handle = memory[base + MEMORY.warmUp];
    const heldAt = HEAD_FIELDS + SCALE_FIELDS * channels;
    const warmAt = heldAt + channels;
    const queueAt = warmAt + (handle === SETTLED ? 0 : this.#warmUps.savedFields);
    const rows = this.#rows.rowsOf(slot);
    const fields = new Float64Array(queueAt + rows.length);
    fields[0] = handle === SETTLED ? 1 : 0;
    fields[1] = memory[base + MEMORY.rows];
    for (let c = 0; c < channels; c++) {
      const at = base + MEMORY.channels + CHANNEL_FIELDS * c;
      fields[HEAD_FIELDS + SCALE_FIELDS * c] = memory[at + CHANNEL.center];
      fields[HEAD_FIELDS + SCALE_FIELDS * c + 1] = memory[at + CHANNEL.scale];
      fields[heldAt + c] = memory[at + CHANNEL.held];
    }
    if (handle >= 0) this.#warmUps.save(handle, fields, warmAt);
    fields.set(rows, queueAt);
    return saveNumbers(VERSION, fields);
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const memory = this.#blocks.of(slot);
    const base = this.#baseOf(slot);
    const channels = this.#channels.length;
    const fields = loadNumbers(VERSION, bytes, SAVED);
    const heldAt = HEAD_FIELDS + SCALE_FIELDS * channels;
    const warmAt = heldAt + channels;
    const warms = fields[0] !== 1;
    const queueAt = warmAt + (warms ? this.#warmUps.savedFields : 0);
    const queued = (fields.length - queueAt) / this.#rows.stride;
    if (!Number.isInteger(queued) || queued < 0) throw unfitState(SAVED);
    if (warms && !this.#warmUps.fits(fields, warmAt, fields[1])) throw unfitState(SAVED);
    for (let at = HEAD_FIELDS; at < heldAt; at += SCALE_FIELDS) {
      // What is not finite would poison the net's memory for good.
      if (!(Number.isFinite(fields[at]) && fields[at + 1] > 0 && fields[at + 1] < Infinity)) throw unfitState(SAVED);
    }
    this.#settle(memory, base);
    if (warms) memory[base + MEMORY.warmUp] = this.#warmUps.load(this.#warmUps.begin(), fields, warmAt);
    memory[base + MEMORY.rows] = fields[1];
    for (let c = 0; c < channels; c++) {
      const at = base + MEMORY.channels + CHANNEL_FIELDS * c;
      memory[at + CHANNEL.center] = fields[HEAD_FIELDS + SCALE_FIELDS * c];
      memory[at + CHANNEL.scale] = fields[HEAD_FIELDS + SCALE_FIELDS * c + 1];
      memory[at + CHANNEL.held] = fields[heldAt + c];
    }
    this.#rows.setRowsOf(slot, fields.subarray(queueAt));
  }

  /** Where the memory of a slot begins in its block. */
  #baseOf(slot: Slot): number {
    return this.#memoryFields * this.#blocks.place(slot);
  }

  /** Its scale stays as it is from now on. */
  #settle(memory: Float64Array, base: number): void {
    const handle = memory[base + MEMORY.warmUp];
    if (handle >= 0) this.#warmUps.end(handle);
    memory[base + MEMORY.warmUp] = SETTLED;
  }

  #checkNames({ signal }: Frame): void {
    if (signal.kind !== 'channels') throw new BugError('the normaliser takes channels, not audio');
    if (signal.names === this.#checkedNames) return;
    const same = signal.names.length === this.#channels.length && signal.names.every((n, i) => n === this.#channels[i]);
    if (!same) throw new BugError(`channels ${signal.names.join()} where the model has ${this.#channels.join()}`);
    this.#checkedNames = signal.names;
  }

  #pushRow(slot: Slot, frame: Frame, at: number, us: Micros, gap: boolean): void {
    const memory = this.#blocks.of(slot);
    const base = this.#baseOf(slot);
    const channelsAt = base + MEMORY.channels;
    const channels = this.#channels.length;
    if (gap) forgetHeld(memory, channelsAt, channels);
    const warmed = memory[base + MEMORY.warmUp] !== SETTLED && this.#warmUp(memory, base, frame, at);
    const row = this.#rows.add(slot);
    const { data } = this.#rows;
    const inputs = row + ROW.inputs;
    data[row + ROW.us] = us;
    data[row + ROW.seq] = frame.seq;
    data[row + ROW.gap] = gap || warmed ? 1 : 0;
    data[row + ROW.settled] = memory[base + MEMORY.warmUp] === SETTLED ? 1 : 0;
    writeChannels(data, inputs, frame.data, frame.mask, at, memory, channelsAt, channels);
    writeCalendar(data, inputs + channels, us, this.#calendar);
    const mask = inputs + this.names.length;
    for (let c = 0; c < channels; c++) data[mask + c] = frame.mask === undefined ? 1 : frame.mask[at + c];
  }

  /** Learns a provisional row. @returns true for the first row on the final scale */
  #warmUp(memory: Float64Array, base: number, frame: Frame, at: number): boolean {
    const rows = memory[base + MEMORY.rows];
    if (rows >= this.#provisionalRows) {
      this.#settle(memory, base);
      return true;
    }
    const former = memory[base + MEMORY.warmUp];
    const handle = this.#warmUps.makeRoom(former === UNHEARD ? this.#warmUps.begin() : former, rows + 1);
    memory[base + MEMORY.warmUp] = handle;
    let observed = 0;
    for (let c = 0; c < this.#channels.length; c++) {
      if (frame.mask?.[at + c] === 0) continue;
      this.#warmUps.learn(handle, c, frame.data[at + c]);
      observed++;
    }
    if (observed > 0) {
      memory[base + MEMORY.rows] = rows + 1;
      this.#warmUps.estimate(handle, memory, base + MEMORY.channels);
    }
    return false;
  }

  /** Bound: moves a row that waits into a batch. */
  readonly #give = (slot: Slot, row: number, out: Batch): void => {
    const { data } = this.#rows;
    const i = out.n++;
    const channels = this.#channels.length;
    const width = this.names.length;
    out.slot[i] = slot;
    out.us[i] = data[row + ROW.us];
    out.seq[i] = data[row + ROW.seq];
    out.gap[i] = data[row + ROW.gap];
    out.settled[i] = data[row + ROW.settled];
    const inputs = row + ROW.inputs;
    const to = i * width;
    for (let k = 0; k < width; k++) {
      out.data[to + k] = data[inputs + k];
      out.mask[to + k] = k < channels ? data[inputs + width + k] : 1;
    }
  };
}
