/** The feature behind the kind `normalise`. */
import { BugError } from '../core/errors.js';
import type { CalendarPeriod, ChannelScale, ModelCard } from '../core/card.js';
import type { Batch, Feature, Frame, Micros, Scaler, Slot } from '../core/contracts.js';
import { loadNumbers, saveNumbers, unfitState } from '../core/saved-state.js';
import type { NormaliseOptions } from './normalise.js';
import { ReadySlots, type WaitingRows } from './ready-slots.js';
import { RowQueue } from './row-queue.js';
import { fromZ, writeCalendar, writeChannels } from './scaling.js';
import { copyScales, WarmUp } from './stream-scale.js';

const VERSION = 2;
const SAVED = 'the normalisation of a stream';
/** A queued row: time, packet number, flags, `width` inputs, a mask value a channel. */
const ROW = { us: 0, seq: 1, gap: 2, settled: 3, inputs: 4 } as const;
/** Saved before the scales: whether the scale is settled, rows seen while warming up. */
const HEAD_FIELDS = 2;
const SCALE_FIELDS = 2;

interface Memory {
  scales: ChannelScale[];
  /** Absent: the scale is settled. */
  warmUp: WarmUp | undefined;
  /** Rows with an observation, while warming up. */
  rows: number;
  /** [C] last observed values since the last gap, NaN = none. */
  readonly held: Float64Array;
  readonly queue: RowQueue;
}

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
  readonly #stride: number;
  readonly #memories: (Memory | undefined)[] = [];
  readonly #ready: ReadySlots;
  readonly #rows: WaitingRows = {
    has: (slot) => (this.#memories[slot]?.queue.size ?? 0) > 0,
    give: (slot, out) => {
      const { queue } = this.#memoryOf(slot);
      this.#copyRow(queue, out, slot);
      queue.removeFirst();
    },
  };
  #checkedNames: readonly string[] | undefined;

  /** @param capacity streams, ≥ 1 */
  constructor(options: NormaliseOptions, card: ModelCard, capacity: number) {
    this.#channels = card.channels.map(({ name }) => name);
    this.#calendar = card.calendar;
    this.#card = card.normalisation;
    this.names = [...this.#channels, ...card.calendar.flatMap((period) => [`${period}.sin`, `${period}.cos`])];
    this.shiftUs = card.stepUs;
    this.#provisionalRows = Math.ceil(options.warmupSteps / 2);
    this.#stride = ROW.inputs + this.names.length + this.#channels.length;
    this.#ready = new ReadySlots(capacity);
  }

  open(slot: Slot, stream: string): void {
    const memory = (this.#memories[slot] ??= this.#newMemory());
    // Own properties only: a stream may be called `constructor`.
    const known = Object.hasOwn(this.#card.streams, stream) ? this.#card.streams[stream] : undefined;
    memory.scales = copyScales(known ?? this.#card.pooled);
    memory.warmUp = known === undefined && this.#provisionalRows > 0 ? new WarmUp(this.#card.pooled) : undefined;
    memory.rows = 0;
    memory.held.fill(Number.NaN);
    memory.queue.clear();
  }

  push(slot: Slot, frame: Frame): void {
    this.#checkNames(frame);
    const memory = this.#memoryOf(slot);
    const channels = this.#channels.length;
    for (let at = 0, row = 0; at < frame.data.length; at += channels, row++) {
      const gap = row === 0 && (frame.mark === 'gap' || frame.mark === 'start');
      this.#pushRow(memory, frame, at, frame.us + row * this.shiftUs, gap);
    }
    if (memory.queue.size > 0) this.#ready.add(slot);
  }

  /** Nothing is held back: every row is ready when it was pushed. */
  flush(): void {}

  leave(slot: Slot): void {
    this.#memories[slot] = undefined;
  }

  take(out: Batch): number {
    return this.#ready.fill(out, this.#rows);
  }

  toUnits(slot: Slot, channel: number, z: number): number {
    return fromZ(z, this.#memoryOf(slot).scales[channel]);
  }

  /** Rows that were not taken yet are part of it. */
  save(slot: Slot): Uint8Array {
    const { scales, warmUp, rows, held, queue } = this.#memoryOf(slot);
    const warmAt = HEAD_FIELDS + (SCALE_FIELDS + 1) * scales.length;
    const queueAt = warmAt + (warmUp?.state.length ?? 0);
    const fields = new Float64Array(queueAt + queue.size * this.#stride);
    fields[0] = warmUp === undefined ? 1 : 0;
    fields[1] = rows;
    scales.forEach(({ center, scale }, c) => fields.set([center, scale], HEAD_FIELDS + SCALE_FIELDS * c));
    fields.set(held, HEAD_FIELDS + SCALE_FIELDS * scales.length);
    if (warmUp !== undefined) fields.set(warmUp.state, warmAt);
    queue.copyTo(fields, queueAt);
    return saveNumbers(VERSION, fields);
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const memory = this.#memoryOf(slot);
    const channels = this.#channels.length;
    const fields = loadNumbers(VERSION, bytes, SAVED);
    const heldAt = HEAD_FIELDS + SCALE_FIELDS * channels;
    const warmAt = heldAt + channels;
    const queueAt = warmAt + (fields[0] === 1 ? 0 : WarmUp.fieldsFor(channels));
    const queued = (fields.length - queueAt) / this.#stride;
    if (!Number.isInteger(queued) || queued < 0) throw unfitState(SAVED);
    for (let c = 0; c < channels; c++) {
      memory.scales[c].center = fields[HEAD_FIELDS + SCALE_FIELDS * c];
      memory.scales[c].scale = fields[HEAD_FIELDS + SCALE_FIELDS * c + 1];
    }
    memory.rows = fields[1];
    memory.held.set(fields.subarray(heldAt, warmAt));
    memory.warmUp = fields[0] === 1 ? undefined : new WarmUp(this.#card.pooled);
    memory.warmUp?.state.set(fields.subarray(warmAt, queueAt));
    memory.queue.clear();
    for (let at = queueAt; at < fields.length; at += this.#stride) {
      const row = memory.queue.add();
      memory.queue.data.set(fields.subarray(at, at + this.#stride), row);
    }
    if (queued > 0) this.#ready.add(slot);
  }

  #newMemory(): Memory {
    const held = new Float64Array(this.#channels.length);
    return { scales: [], warmUp: undefined, rows: 0, held, queue: new RowQueue(this.#stride) };
  }

  #memoryOf(slot: Slot): Memory {
    const memory = this.#memories[slot];
    if (memory === undefined) throw new BugError(`slot ${slot} of the normaliser was not opened`);
    return memory;
  }

  #checkNames({ signal }: Frame): void {
    if (signal.kind !== 'channels') throw new BugError('the normaliser takes channels, not audio');
    if (signal.names === this.#checkedNames) return;
    const same = signal.names.length === this.#channels.length && signal.names.every((n, i) => n === this.#channels[i]);
    if (!same) throw new BugError(`channels ${signal.names.join()} where the model has ${this.#channels.join()}`);
    this.#checkedNames = signal.names;
  }

  #pushRow(memory: Memory, frame: Frame, at: number, us: Micros, gap: boolean): void {
    if (gap) memory.held.fill(Number.NaN);
    const frozen = this.#warmUp(memory, frame, at);
    const { queue } = memory;
    const row = queue.add();
    const inputs = row + ROW.inputs;
    const channels = this.#channels.length;
    queue.data[row + ROW.us] = us;
    queue.data[row + ROW.seq] = frame.seq;
    queue.data[row + ROW.gap] = gap || frozen ? 1 : 0;
    queue.data[row + ROW.settled] = memory.warmUp === undefined ? 1 : 0;
    writeChannels(queue.data, inputs, frame.data, frame.mask, at, memory.scales, memory.held);
    writeCalendar(queue.data, inputs + channels, us, this.#calendar);
    const mask = inputs + this.names.length;
    for (let c = 0; c < channels; c++) queue.data[mask + c] = frame.mask === undefined ? 1 : frame.mask[at + c];
  }

  /** Learns a provisional row. @returns true for the first row on the final scale */
  #warmUp(memory: Memory, frame: Frame, at: number): boolean {
    const { warmUp } = memory;
    if (warmUp === undefined) return false;
    if (memory.rows >= this.#provisionalRows) {
      memory.warmUp = undefined;
      return true;
    }
    let observed = 0;
    for (let c = 0; c < this.#channels.length; c++) {
      if (frame.mask?.[at + c] === 0) continue;
      warmUp.learn(c, frame.data[at + c]);
      observed++;
    }
    if (observed > 0) {
      memory.rows++;
      warmUp.estimate(memory.scales);
    }
    return false;
  }

  #copyRow(queue: RowQueue, out: Batch, slot: Slot): void {
    const { data } = queue;
    const row = queue.first;
    const i = out.n++;
    const channels = this.#channels.length;
    const width = this.names.length;
    out.slot[i] = slot;
    out.us[i] = data[row + ROW.us];
    out.seq[i] = data[row + ROW.seq];
    out.gap[i] = data[row + ROW.gap];
    out.settled[i] = data[row + ROW.settled];
    for (let k = 0; k < width; k++) {
      out.data[i * width + k] = data[row + ROW.inputs + k];
      out.mask[i * width + k] = k < channels ? data[row + ROW.inputs + width + k] : 1;
    }
  }
}
