/** Audio → windows of samples, as nets take them that listen to the waveform itself, such as voice activity models. */
import type { Batch, Feature, Frame, Micros, Slot } from '../core/contracts.js';
import { BugError } from '../core/errors.js';
import { loadNumbers, saveNumbers, unfitState } from '../core/saved-state.js';
import { SlotRows } from './slot-rows.js';

export interface WindowShape {
  readonly sampleRateHz: number;
  /** New samples of each window. */
  readonly windowSamples: number;
  /** Samples of the window before that stand in front of them; zeros at the start. */
  readonly contextSamples: number;
}

const VERSION = 1;
const SAVED_OF = 'the windows of a stream';
/** A row that waits: start of its new samples, packet number, gap, then context and window. */
const ROW = { us: 0, seq: 1, gap: 2, samples: 3 } as const;
/** Saved before the samples: those of the window that is being gathered, then the rows that wait. */
const SAVED = { width: 0, filled: 1, originUs: 2, windows: 3, gap: 4, seq: 5, samples: 6 } as const;

interface Memory {
  /** [context + window]: the last samples of the window before, then the first `filled` of this one. */
  readonly samples: Float64Array;
  filled: number;
  /** Of the first sample since the start or a gap; NaN = none came yet. */
  originUs: Micros;
  /** Complete windows since then: times are counted, so they do not depend on how the samples were cut. */
  windows: number;
  /** 1 = something is missing before the window that is being gathered. */
  gap: number;
  seq: number;
}

/** Row: `contextSamples` of the window before, then `windowSamples` new ones; `us` is the time of the first new one. */
export class SampleWindows implements Feature {
  readonly names: readonly string[];
  readonly shiftUs: Micros;
  readonly #width: number;
  readonly #memories: (Memory | undefined)[] = [];
  readonly #rows: SlotRows;

  /** @param capacity streams, ≥ 1 */
  constructor(
    private readonly shape: WindowShape,
    capacity: number,
  ) {
    const { windowSamples, contextSamples, sampleRateHz } = shape;
    this.#width = contextSamples + windowSamples;
    this.names = Array.from({ length: this.#width }, (_, i) => `sample ${i - contextSamples}`);
    this.shiftUs = Math.round((windowSamples * 1e6) / sampleRateHz);
    this.#rows = new SlotRows(capacity, ROW.samples + this.#width);
  }

  open(slot: Slot, _stream: string): void {
    const memory = (this.#memories[slot] ??= this.#newMemory());
    memory.samples.fill(0);
    memory.filled = memory.windows = memory.gap = memory.seq = 0;
    memory.originUs = Number.NaN;
    this.#rows.open(slot);
  }

  /** Mono audio of the right rate. A frame marked `gap` or `start` completes the open window with zeros and starts anew. */
  push(slot: Slot, frame: Frame): void {
    this.#check(frame);
    const memory = this.#memoryOf(slot);
    if (frame.mark === 'gap' || frame.mark === 'start') this.#breakOff(slot, memory);
    memory.seq = frame.seq;
    if (Number.isNaN(memory.originUs) && frame.data.length > 0) memory.originUs = frame.us;
    this.#gather(slot, memory, frame.data);
  }

  /** The last window is filled up with zeros. Samples that come after all are a new beginning. */
  flush(slot: Slot): void {
    this.#breakOff(slot, this.#memoryOf(slot));
  }

  leave(slot: Slot): void {
    this.#memories[slot] = undefined;
    this.#rows.leave(slot);
  }

  take(out: Batch): number {
    return this.#rows.fill(out, this.#give);
  }

  /** Windows that were not taken yet are part of it. */
  save(slot: Slot): Uint8Array {
    const { samples, filled, originUs, windows, gap, seq } = this.#memoryOf(slot);
    const rows = this.#rows.rowsOf(slot);
    const fields = new Float64Array(SAVED.samples + this.#width + rows.length);
    fields.set([this.#width, filled, originUs, windows, gap, seq]);
    fields.set(samples, SAVED.samples);
    fields.set(rows, SAVED.samples + this.#width);
    return saveNumbers(VERSION, fields);
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const memory = this.#memoryOf(slot);
    const fields = loadNumbers(VERSION, bytes, SAVED_OF);
    const queueAt = SAVED.samples + this.#width;
    const queued = (fields.length - queueAt) / this.#rows.stride;
    if (fields[SAVED.width] !== this.#width || !Number.isInteger(queued) || queued < 0) throw unfitState(SAVED_OF);
    memory.filled = fields[SAVED.filled];
    memory.originUs = fields[SAVED.originUs];
    memory.windows = fields[SAVED.windows];
    memory.gap = fields[SAVED.gap];
    memory.seq = fields[SAVED.seq];
    memory.samples.set(fields.subarray(SAVED.samples, queueAt));
    this.#rows.setRowsOf(slot, fields.subarray(queueAt));
  }

  #newMemory(): Memory {
    const samples = new Float64Array(this.#width);
    return { samples, filled: 0, originUs: Number.NaN, windows: 0, gap: 0, seq: 0 };
  }

  #memoryOf(slot: Slot): Memory {
    const memory = this.#memories[slot];
    if (memory === undefined) throw new BugError(`slot ${slot} of the windows was not opened`);
    return memory;
  }

  #check({ signal }: Frame): void {
    const { sampleRateHz } = this.shape;
    if (signal.kind === 'audio' && signal.rateHz === sampleRateHz && signal.channels === 1) return;
    throw new BugError(`windows are cut from mono audio of ${sampleRateHz} Hz only`);
  }

  #gather(slot: Slot, memory: Memory, data: Float64Array): void {
    const { windowSamples, contextSamples } = this.shape;
    const { samples } = memory;
    for (let from = 0; from < data.length;) {
      const n = Math.min(windowSamples - memory.filled, data.length - from);
      const to = contextSamples + memory.filled;
      for (let i = 0; i < n; i++) samples[to + i] = data[from + i];
      memory.filled += n;
      from += n;
      if (memory.filled === windowSamples) this.#complete(slot, memory);
    }
  }

  #complete(slot: Slot, memory: Memory): void {
    const { windowSamples, sampleRateHz } = this.shape;
    const { samples } = memory;
    const row = this.#rows.add(slot);
    const { data } = this.#rows;
    data[row + ROW.us] = memory.originUs + Math.round((memory.windows * windowSamples * 1e6) / sampleRateHz);
    data[row + ROW.seq] = memory.seq;
    data[row + ROW.gap] = memory.gap;
    data.set(samples, row + ROW.samples);
    samples.copyWithin(0, windowSamples);
    memory.filled = memory.gap = 0;
    memory.windows++;
  }

  #breakOff(slot: Slot, memory: Memory): void {
    const { contextSamples } = this.shape;
    if (memory.filled > 0) {
      memory.samples.fill(0, contextSamples + memory.filled);
      this.#complete(slot, memory);
    }
    if (Number.isNaN(memory.originUs)) return;
    memory.samples.fill(0);
    memory.originUs = Number.NaN;
    memory.windows = 0;
    memory.gap = 1;
  }

  /** Bound: moves a row that waits into a batch. */
  readonly #give = (slot: Slot, row: number, out: Batch): void => {
    const { data } = this.#rows;
    const width = this.#width;
    const i = out.n++;
    out.slot[i] = slot;
    out.us[i] = data[row + ROW.us];
    out.seq[i] = data[row + ROW.seq];
    out.gap[i] = data[row + ROW.gap];
    out.settled[i] = 1;
    const samples = row + ROW.samples;
    for (let k = 0; k < width; k++) out.data[i * width + k] = data[samples + k];
    out.mask.fill(1, i * width, (i + 1) * width);
  };
}
