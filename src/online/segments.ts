/**
 * Segments that begin and end while a stream runs: what the net saw over T steps, and its state before them. They are cut
 * where the number of rows says, not where batches happen to end, so that whoever sends in whatever pieces teaches the
 * same.
 *
 * All streams share periods, which the lane ends after so many rows. A segment begins with the first row of its stream in
 * a period: then the state before it is at hand, because the lane has stepped everything at the end of the former one.
 */
import { Blocks, slotsForBytes } from '../core/blocks.js';
import type { Batch, ForecastDecider, PerSlot, Slot } from '../core/contracts.js';
import type { LearningNet } from '../core/learning-net.js';
import { loadNumbers, saveNumbers, unfitState } from '../core/saved-state.js';
import type { LessonShape } from './lesson.js';
import { rowNumbers, segmentNumbers } from './replay.js';

/** Instead of the number of rows: no segment has begun. */
const NONE = -1;

const VERSION = 1;
const SAVED = 'a segment to learn from';
/** Saved before the segment: whether the stream was stepped and heard in this period, rows in it, time of the first. */
const HEAD_FIELDS = 4;

interface Begun {
  /** [slots, numbers of a segment], see `Replay`. */
  readonly numbers: Float32Array;
  /** Rows so far, 0 … T + 1, or `NONE`. */
  readonly rows: Int32Array;
  /** Time of the first row. */
  readonly us: Float64Array;
  /** The period in which the stream was last stepped, and that in which it was last heard, which may wait to be stepped. */
  readonly stepped: Float64Array;
  readonly heard: Float64Array;
  readonly names: string[];
}

/** All T steps are there. */
export interface FinishedSegment {
  readonly stream: string;
  readonly us: number;
  readonly numbers: Float32Array;
}

/** What came in a period. */
export interface Period {
  readonly finished: readonly FinishedSegment[];
  /** Rows in which nothing unusual was going on. */
  readonly calmRows: number;
}

export class Segments implements PerSlot {
  readonly #blocks: Blocks<Begun>;
  readonly #numbers: number;
  readonly #rowNumbers: number;
  #period = 1;
  #streams = 0;
  #calmRows = 0;
  /** Of this period. */
  #finished: FinishedSegment[] = [];
  /** Segments whose last target is the row that is being stepped. */
  readonly #ending = new Map<Slot, FinishedSegment>();

  /** @param capacity streams, ≥ 1 */
  constructor(
    private readonly shape: LessonShape,
    capacity: number,
    private readonly net: LearningNet,
    private readonly decider: Pick<ForecastDecider, 'isCalm'>,
  ) {
    this.#numbers = segmentNumbers(shape);
    this.#rowNumbers = rowNumbers(shape);
    const blockSlots = slotsForBytes(this.#numbers * Float32Array.BYTES_PER_ELEMENT);
    const begin = (slots: number): Begun => ({
      numbers: new Float32Array(slots * this.#numbers),
      rows: new Int32Array(slots),
      us: new Float64Array(slots),
      stepped: new Float64Array(slots),
      heard: new Float64Array(slots),
      names: Array.from({ length: slots }, () => ''),
    });
    this.#blocks = new Blocks(capacity, begin, { blockSlots });
  }

  open(slot: Slot, stream: string): void {
    this.#blocks.open(slot);
    const begun = this.#blocks.of(slot);
    const place = this.#blocks.place(slot);
    begun.rows[place] = NONE;
    begun.stepped[place] = 0;
    begun.heard[place] = 0;
    begun.names[place] = stream;
  }

  leave(slot: Slot): void {
    if (this.#blocks.isOpen(slot)) this.#setHeard(slot, 0);
    this.#blocks.leave(slot);
  }

  /** Streams that were heard in this period and have not left. */
  get streams(): number {
    return this.#streams;
  }

  /** A row of the stream has come, to be stepped now or later. */
  hear(slot: Slot): void {
    this.#setHeard(slot, this.#period);
  }

  #setHeard(slot: Slot, period: number): void {
    const { heard } = this.#blocks.of(slot);
    const place = this.#blocks.place(slot);
    if (heard[place] === period) return;
    if (heard[place] === this.#period) this.#streams--;
    if (period === this.#period) this.#streams++;
    heard[place] = period;
  }

  /** Before the first step of a run of the net; a gap has zeroed the state already. */
  stepping(batch: Batch): void {
    for (let row = 0; row < batch.n; row++) {
      const slot = batch.slot[row];
      const begun = this.#blocks.of(slot);
      const place = this.#blocks.place(slot);
      if (batch.gap[row] === 1) begun.rows[place] = NONE;
      if (begun.stepped[place] === this.#period) continue;
      begun.stepped[place] = this.#period;
      const rows = begun.rows[place];
      // The row ends one segment and begins the next.
      if (rows === this.shape.steps) this.#ending.set(slot, this.#copy(begun, place));
      if (rows !== NONE && rows !== this.shape.steps) continue;
      this.net.copyState(slot, begun.numbers, place * this.#numbers);
      begun.rows[place] = 0;
      begun.us[place] = batch.us[row];
    }
  }

  /** After the decider has judged the rows of a step: what is normal is kept, what is not ends the segment that it is in. */
  judged(batch: Batch): void {
    for (let row = 0; row < batch.n; row++) {
      const slot = batch.slot[row];
      if (batch.settled[row] === 0 || !this.decider.isCalm(slot)) {
        this.#forget(slot);
        continue;
      }
      this.#calmRows++;
      if (this.#ending.size > 0) this.#end(slot, batch, row);
      const begun = this.#blocks.of(slot);
      const place = this.#blocks.place(slot);
      const rows = begun.rows[place];
      if (rows === NONE) continue;
      this.#write(begun.numbers, place * this.#numbers, rows, batch, row);
      begun.rows[place] = rows + 1;
      if (rows < this.shape.steps) continue;
      this.#finished.push(this.#copy(begun, place));
      begun.rows[place] = NONE;
    }
  }

  /** Ends the period. @returns its finished segments, in an order that does not depend on batches, and its calm rows */
  endPeriod(): Period {
    const finished = this.#finished.toSorted(
      (a, b) => a.us - b.us || Number(a.stream > b.stream) - Number(a.stream < b.stream),
    );
    const calmRows = this.#calmRows;
    this.#finished = [];
    this.#streams = 0;
    this.#calmRows = 0;
    this.#period++;
    return { finished, calmRows };
  }

  /** What the present period has so far, of all streams; what belongs to one is in its `save`. */
  get period(): Period {
    return { finished: [...this.#finished], calmRows: this.#calmRows };
  }

  set period({ finished, calmRows }: Period) {
    this.#finished = [...finished];
    this.#calmRows = calmRows;
  }

  save(slot: Slot): Uint8Array {
    const begun = this.#blocks.of(slot);
    const place = this.#blocks.place(slot);
    const rows = begun.rows[place];
    const kept = rows === NONE ? 0 : this.#numbers;
    const fields = new Float64Array(HEAD_FIELDS + kept);
    const [stepped, heard] = [begun.stepped, begun.heard].map((last) => Number(last[place] === this.#period));
    fields.set([stepped, heard, rows, begun.us[place]]);
    fields.set(begun.numbers.subarray(place * this.#numbers, place * this.#numbers + kept), HEAD_FIELDS);
    return saveNumbers(VERSION, fields);
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const begun = this.#blocks.of(slot);
    const place = this.#blocks.place(slot);
    const fields = loadNumbers(VERSION, bytes, SAVED);
    const [stepped, heard, rows, us] = fields;
    const kept = rows === NONE ? 0 : this.#numbers;
    const counts = Number.isInteger(rows) && rows >= NONE && rows <= this.shape.steps;
    if (!counts || fields.length !== HEAD_FIELDS + kept) throw unfitState(SAVED);
    begun.stepped[place] = stepped * this.#period;
    this.#setHeard(slot, heard * this.#period);
    begun.rows[place] = rows;
    begun.us[place] = us;
    begun.numbers.set(fields.subarray(HEAD_FIELDS), place * this.#numbers);
  }

  #end(slot: Slot, batch: Batch, row: number): void {
    const ending = this.#ending.get(slot);
    if (ending === undefined) return;
    this.#ending.delete(slot);
    this.#write(ending.numbers, 0, this.shape.steps, batch, row);
    this.#finished.push(ending);
  }

  /** What comes before something unusual may be its beginning. */
  #forget(slot: Slot): void {
    const begun = this.#blocks.of(slot);
    const place = this.#blocks.place(slot);
    begun.rows[place] = NONE;
    this.#ending.delete(slot);
    if (this.#finished.length === 0) return;
    const stream = begun.names[place];
    this.#finished = this.#finished.filter((segment) => segment.stream !== stream);
  }

  #copy(begun: Begun, place: number): FinishedSegment {
    const from = place * this.#numbers;
    const numbers = begun.numbers.slice(from, from + this.#numbers);
    return { stream: begun.names[place], us: begun.us[place], numbers };
  }

  /** Row `at` of the segment that begins at `from`. */
  #write(numbers: Float32Array, from: number, at: number, { data, mask, width }: Batch, row: number): void {
    const { inputs, channels, state } = this.shape;
    const to = from + state + at * this.#rowNumbers;
    for (let i = 0; i < inputs; i++) numbers[to + i] = data[row * width + i];
    for (let c = 0; c < channels; c++) numbers[to + inputs + c] = mask[row * width + c];
  }
}
