/**
 * A lane: align → feature → net → decide for a set of streams, synchronous, with all state explicit. What a stream
 * remembers is spread over its slot in each stage; `snapshot` collects it, `restore` puts it back.
 */
import type { Aligner, ForecastDecider, Frame, Lane, LaneOut, Micros, Slot } from './core/contracts.js';
import { DEFAULT_GAP_STEPS } from './core/alignment.js';
import type { Counters } from './core/counters.js';
import { BugError } from './core/errors.js';
import type { Snapshot } from './core/snapshot.js';
import { FrameFetch, FRAMES_FETCHED } from './frame-fetch.js';
import { loadStages, type NamedStages, saveStages } from './lane-memory.js';
import { LaneOutput } from './lane-output.js';
import type { OnlineLearning } from './online/online-learning.js';
import { Slots } from './step/slots.js';
import { assertSnapshotModel } from './step/snapshot.js';
import type { Stepper } from './stepper.js';
import { StreamClocks } from './stream-clocks.js';

export interface LaneStages {
  readonly aligner: Aligner;
  readonly stepper: Stepper<ForecastDecider>;
  /** Present: the net goes on learning; the stepper shows its segments what it does. */
  readonly online?: OnlineLearning;
}

export interface LaneLimits {
  /** Streams at the same time; the one unheard for longest makes room for a new one (counted). */
  readonly maxStreams: number;
  /** A stream unheard for this long is forgotten (counted); absent: never. */
  readonly streamIdleUs?: Micros;
}

/** Rows that may wait before they are stepped without being asked: a bound on memory. */
const ROWS_BEFORE_TURN = 4096;

export class StreamLane implements Lane {
  readonly #aligner: Aligner;
  readonly #stepper: Stepper<ForecastDecider>;
  readonly #online: OnlineLearning | undefined;
  readonly #slots: Slots;
  readonly #idleUs: Micros;
  /** A stream that was heard more recently is neither silent nor idle. */
  readonly #patienceUs: Micros;
  readonly #out = new LaneOutput();
  readonly #clocks: StreamClocks;
  readonly #stages: NamedStages;
  readonly #fetch: FrameFetch;
  #rowsWaiting = 0;
  #clockUs: Micros = -Infinity;
  /** When the time step began that the arrival clock is in; NaN before there is a clock. */
  #enteredUs: Micros = NaN;
  #slot: Slot = -1;
  #closed: Promise<void> | undefined;

  constructor(
    stages: LaneStages,
    limits: LaneLimits,
    private readonly counters: Counters,
  ) {
    const { maxStreams } = limits;
    this.#aligner = stages.aligner;
    this.#stepper = stages.stepper;
    this.#online = stages.online;
    this.#idleUs = limits.streamIdleUs ?? Infinity;
    this.#patienceUs = Math.min(this.#idleUs, stages.stepper.decider.silentAfterSteps * stages.aligner.stepUs);
    this.#slots = new Slots(maxStreams, counters, (_stream, slot) => this.#leave(slot));
    this.#clocks = new StreamClocks(maxStreams);
    this.#stages = [['clock', this.#clocks], ['align', this.#aligner], ...this.#stepper.stages];
    this.#fetch = new FrameFetch(this.#slots, [this.#clocks, this.#aligner, this.#stepper.feature]);
  }

  get streams(): readonly string[] {
    return [...this.#slots.streams()];
  }

  get rowsWaiting(): number {
    return this.#rowsWaiting;
  }

  push(frames: readonly Frame[]): void {
    for (let from = 0; from < frames.length; from += FRAMES_FETCHED) {
      const to = Math.min(from + FRAMES_FETCHED, frames.length);
      this.#fetch.fetch(frames, from, to);
      for (let i = from; i < to; i++) this.#push(frames[i], i - from);
    }
  }

  turn(): LaneOut {
    this.#step();
    return this.#out.turn();
  }

  tick(nowUs: Micros): LaneOut {
    this.#advance(nowUs);
    return this.turn();
  }

  forgive(nowUs: Micros): void {
    this.#setClock(nowUs);
    for (const [, slot] of this.#slots.leastRecent()) this.#clocks.forgive(slot, nowUs);
  }

  end(): LaneOut {
    for (const [, slot] of this.#slots.leastRecent()) {
      this.#slot = slot;
      // Before its last step, which is older than the silence and would end it in the past.
      if (this.#clocks.isSilent(slot)) this.#endSilence(slot);
      this.#aligner.flush(slot, this.#take);
    }
    this.#step();
    for (const [, slot] of this.#slots.leastRecent()) {
      this.#stepper.decider.end(slot, this.#presentUs(slot), this.#out.emit);
    }
    return this.turn();
  }

  snapshot(stream: string): Snapshot {
    const slot = this.#slots.find(stream);
    if (slot === undefined) throw new BugError(`stream '${stream}' is not in this lane`);
    return {
      version: 1,
      model: this.#stepper.net.model.sha256,
      stream,
      us: this.#clocks.readUs(slot),
      through: this.#out.through(),
      parts: saveStages(this.#stages, slot),
    };
  }

  /** @throws UserError `SNAPSHOT_INVALID` when it belongs to another model or lacks a part */
  restore(snapshot: Snapshot): void {
    assertSnapshotModel(snapshot, this.#stepper.net.model.sha256);
    const slot = this.#slots.find(snapshot.stream) ?? this.#admit(snapshot.stream);
    this.#slots.use(slot);
    try {
      loadStages(this.#stages, slot, snapshot);
    } catch (error) {
      // Half of its memory would be another stream's.
      this.#slots.release(snapshot.stream);
      this.#drop(slot);
      throw error;
    }
    this.#clocks.restored(slot, snapshot.us);
    // The decider knows whether it is.
    this.#clocks.setSilent(slot, true);
    this.#out.restore(snapshot.through);
  }

  evict(stream: string): Snapshot {
    const snapshot = this.snapshot(stream);
    const slot = this.#slots.release(stream);
    if (slot !== undefined) this.#drop(slot);
    return snapshot;
  }

  close(): void {
    this.#closed ??= this.#online?.close();
    this.#stepper.net.close();
  }

  untilClosed(): Promise<void> | undefined {
    return this.#closed;
  }

  /** @param i which of those that were fetched it is */
  #push(frame: Frame, i: number): void {
    this.#advance(frame.arrivedUs);
    if (frame.data.length === 0) return this.#endStream(frame);
    const slot = this.#fetch.slotOf(frame.stream, i) ?? this.#admit(frame.stream);
    this.#slots.use(slot);
    if (this.#clocks.isSilent(slot)) this.#endSilence(slot);
    this.#clocks.heard(slot, frame.us, frame.arrivedUs, this.#clockUs);
    this.#slot = slot;
    this.#aligner.push(slot, frame, this.#take);
    this.#out.taken(frame.source, frame.seq);
  }

  readonly #take = (frame: Frame): void => {
    this.#stepper.feature.push(this.#slot, frame);
    if (++this.#rowsWaiting >= ROWS_BEFORE_TURN) this.#step();
    if (this.#online?.row(this.#slot) === true) {
      this.#step();
      this.#online.border();
    }
  };

  #step(): void {
    this.#out.steps += this.#stepper.turn(this.#out.emit);
    this.#rowsWaiting = 0;
  }

  #endSilence(slot: Slot): void {
    this.#clocks.setSilent(slot, false);
    this.#stepper.decider.silence(slot, 0, this.#presentUs(slot), this.#out.emit);
  }

  /** Event time of a stream at this moment of the arrival clock. */
  #presentUs(slot: Slot): Micros {
    // Nothing heard since a restart: there is no later time than that of the last reading.
    return this.#clockUs === -Infinity ? this.#clocks.readUs(slot) : this.#clocks.presentUs(slot, this.#clockUs);
  }

  /** Moves the arrival clock. */
  #advance(nowUs: Micros): void {
    const within = nowUs >= this.#enteredUs && nowUs < this.#enteredUs + this.#aligner.stepUs;
    if (!within) this.#enter(nowUs);
    else if (nowUs > this.#clockUs) this.#clockUs = nowUs;
  }

  /**
   * The arrival clock leaves its time step. Who is silent is asked once a time step, when the clock enters it and before
   * anything of it is taken, so that the answer does not depend on how the messages were cut into batches.
   */
  #enter(nowUs: Micros): void {
    const { stepUs } = this.#aligner;
    // The first thing heard of the time: nobody (restored from a snapshot) was silent before there was a clock. And in a
    // replay the clock may have been set back, which would leave nobody silent until it has caught up.
    if (nowUs < this.#clockUs - DEFAULT_GAP_STEPS * stepUs || this.#clockUs === -Infinity) this.forgive(nowUs);
    if (!(nowUs > this.#clockUs)) return;
    this.#setClock(nowUs);
    const { decider } = this.#stepper;
    const forgotten: string[] = [];
    for (const [stream, slot] of this.#slots.leastRecent()) {
      const silentUs = nowUs - this.#clocks.heardUs(slot);
      // Least recently heard first: nobody behind this one is silent either.
      if (silentUs < this.#patienceUs) break;
      const steps = Math.floor(silentUs / stepUs);
      if (silentUs >= this.#idleUs) {
        forgotten.push(stream);
      } else if (steps >= decider.silentAfterSteps) {
        // What came before the silence is judged before it.
        if (this.#rowsWaiting > 0) this.#step();
        this.#clocks.setSilent(slot, true);
        decider.silence(slot, steps, this.#presentUs(slot), this.#out.emit);
      }
    }
    for (const stream of forgotten) {
      this.counters.count('lane.stream-idle');
      const slot = this.#slots.release(stream);
      if (slot !== undefined) this.#leave(slot);
    }
  }

  #setClock(nowUs: Micros): void {
    const { stepUs } = this.#aligner;
    this.#clockUs = nowUs;
    this.#enteredUs = Math.floor(nowUs / stepUs) * stepUs;
  }

  #admit(stream: string): Slot {
    const slot = this.#slots.acquire(stream);
    this.#aligner.open(slot, stream);
    this.#stepper.open(slot, stream);
    this.#clocks.open(slot, stream);
    this.#clocks.forgive(slot, this.#clockUs);
    return slot;
  }

  /** A sender has said that there is no more, such as the end of a sound: its silence from now on is no incident. */
  #endStream({ stream, source, seq, mark }: Frame): void {
    this.#out.taken(source, seq);
    const slot = mark === 'end' ? this.#slots.find(stream) : undefined;
    if (slot === undefined) return;
    this.#slot = slot;
    if (this.#clocks.isSilent(slot)) this.#endSilence(slot);
    this.#aligner.flush(slot, this.#take);
    this.#leave(slot);
    this.#slots.release(stream);
  }

  #leave(slot: Slot): void {
    // What is still waiting belongs to the stream that leaves, not to the next one in its slot.
    this.#step();
    this.#stepper.decider.end(slot, this.#presentUs(slot), this.#out.emit);
    this.#drop(slot);
  }

  /** Nobody remembers the stream any more. */
  #drop(slot: Slot): void {
    this.#aligner.leave(slot);
    this.#stepper.leave(slot);
    this.#clocks.leave(slot);
  }
}
