/**
 * A lane for audio: [voice gate →] feature → net → decide for a set of streams, synchronous, with all state explicit. The
 * same class finds speech (windows → Silero → voice) and writes it down (log-mel → encoder → transcript).
 */
import type { Frame, Lane, LaneOut, Micros, Net, Slot } from './core/contracts.js';
import type { Counters } from './core/counters.js';
import { BugError } from './core/errors.js';
import type { Hotword, HotwordDecider } from './core/hotwords.js';
import type { Snapshot } from './core/snapshot.js';
import { loadStages, saveStages, type NamedStages } from './lane-memory.js';
import { LaneOutput } from './lane-output.js';
import type { Origins } from './origins.js';
import { Slots } from './step/slots.js';
import { assertSnapshotModel } from './step/snapshot.js';
import type { Stepper } from './stepper.js';
import type { VoiceGate } from './voice-gate.js';

export interface AudioStages {
  readonly stepper: Stepper;
  readonly origins: Origins;
  /** Present: the stepper's decider writes down what is said, more readily if it is a hotword. */
  readonly recogniser?: HotwordDecider;
  /** Present: only speech reaches the stepper. */
  readonly gate?: VoiceGate;
  /** That frames must have. */
  readonly sampleRateHz: number;
  /** All that were opened, to be closed with the lane. */
  readonly nets: readonly Net[];
}

export interface AudioLimits {
  /** Streams at the same time; the one unheard for longest makes room for a new one (counted). */
  readonly maxStreams: number;
  /** A live stream from which nothing came for this long has ended. */
  readonly streamIdleUs: Micros;
}

/** Samples that may wait before they are stepped without being asked: a bound on memory. */
const SAMPLES_BEFORE_TURN = 65_536;

export class AudioLane implements Lane {
  readonly sampleRateHz: number;
  readonly #stages: AudioStages;
  readonly #slots: Slots;
  readonly #out = new LaneOutput();
  /** Arrival clock at the last packet of each slot; NaN: restored, and not heard since. */
  readonly #heardUs: Float64Array;
  /** Event time at the end of what each slot has heard. */
  readonly #endUs: Float64Array;
  #samplesWaiting = 0;
  /** Sound does not become rows before it is stepped. */
  readonly rowsWaiting = 0;

  constructor(
    stages: AudioStages,
    private readonly limits: AudioLimits,
    private readonly counters: Counters,
  ) {
    const { maxStreams } = limits;
    this.sampleRateHz = stages.sampleRateHz;
    this.#stages = stages;
    this.#slots = new Slots(maxStreams, counters, (_stream, slot) => {
      this.#finish(slot);
      this.#drop(slot);
    });
    this.#heardUs = new Float64Array(maxStreams);
    this.#endUs = new Float64Array(maxStreams);
    stages.gate?.listen({
      open: (slot, frame) => stages.stepper.feature.push(slot, frame),
      pass: (slot, frame) => stages.stepper.feature.push(slot, frame),
      close: (slot, us) => this.#endUtterance(slot, us),
    });
  }

  get streams(): readonly string[] {
    return [...this.#slots.streams()];
  }

  push(frames: readonly Frame[]): void {
    for (const frame of frames) {
      const { signal } = frame;
      if (signal.kind !== 'audio') throw new BugError(`stream '${frame.stream}' is not audio`);
      const known = this.#slots.find(frame.stream);
      // What was said before the hole is final; what follows is a new beginning for the net.
      if (known !== undefined && frame.mark === 'gap') this.#finish(known);
      // A sender that begins again without having ended is another stream of the same name.
      if (known !== undefined && frame.mark === 'start') this.#leave(frame.stream, known);
      this.#out.taken(frame.source, frame.seq);
      const samples = frame.data.length;
      // The end of a stream that has left already: nobody else shall have to leave for it.
      if (samples === 0 && this.#slots.find(frame.stream) === undefined) continue;
      const slot = this.#acquire(frame.stream);
      this.#heardUs[slot] = frame.arrivedUs;
      if (samples > 0) {
        this.#stages.origins.heard(slot, frame.us);
        this.#endUs[slot] = frame.us + Math.round((samples * 1e6) / signal.rateHz);
        this.#hear(slot, frame);
      }
      if (frame.mark === 'end') this.#leave(frame.stream, slot);
    }
  }

  turn(): LaneOut {
    this.#step();
    return this.#out.turn();
  }

  /** Streams that only stopped sending are ended, so that what was said last becomes final. */
  tick(nowUs: Micros): LaneOut {
    const idle: [string, Slot][] = [];
    for (const [stream, slot] of this.#slots.leastRecent()) {
      // It cannot have been missed before now.
      if (Number.isNaN(this.#heardUs[slot])) this.#heardUs[slot] = nowUs;
      // Least recently heard first: nobody behind this one is idle either.
      if (nowUs - this.#heardUs[slot] < this.limits.streamIdleUs) break;
      idle.push([stream, slot]);
    }
    for (const [stream, slot] of idle) {
      this.counters.count('lane.stream-idle');
      this.#leave(stream, slot);
    }
    return this.turn();
  }

  forgive(nowUs: Micros): void {
    for (const [, slot] of this.#slots.leastRecent()) this.#heardUs[slot] = nowUs;
  }

  end(): LaneOut {
    for (const [, slot] of this.#slots.leastRecent()) this.#finish(slot);
    return this.turn();
  }

  setHotwords(hotwords: readonly Hotword[]): void {
    const { recogniser } = this.#stages;
    if (recogniser === undefined) throw new BugError('a lane that writes nothing down has no hotwords');
    // What came before them is not heard with them.
    this.#step();
    recogniser.setHotwords(hotwords);
  }

  snapshot(stream: string): Snapshot {
    const slot = this.#slots.find(stream);
    if (slot === undefined) throw new BugError(`stream '${stream}' is not in this lane`);
    // What waits is not part of a stage's memory of the net.
    this.#step();
    return {
      version: 1,
      model: this.#stages.stepper.net.model.sha256,
      stream,
      us: this.#endUs[slot],
      through: this.#out.through(),
      parts: saveStages(this.#named(), slot),
    };
  }

  /** @throws UserError `SNAPSHOT_INVALID` when it belongs to another model or lacks a part */
  restore(snapshot: Snapshot): void {
    assertSnapshotModel(snapshot, this.#stages.stepper.net.model.sha256);
    const slot = this.#acquire(snapshot.stream);
    try {
      loadStages(this.#named(), slot, snapshot);
    } catch (error) {
      // Half of its memory would be another stream's.
      this.#slots.release(snapshot.stream);
      this.#drop(slot);
      throw error;
    }
    this.#endUs[slot] = snapshot.us;
    this.#heardUs[slot] = Number.NaN;
    this.#out.restore(snapshot.through);
  }

  evict(stream: string): Snapshot {
    const snapshot = this.snapshot(stream);
    const slot = this.#slots.release(stream);
    if (slot !== undefined) this.#drop(slot);
    return snapshot;
  }

  close(): void {
    for (const net of this.#stages.nets) net.close();
  }

  #hear(slot: Slot, frame: Frame): void {
    const { gate, stepper } = this.#stages;
    if (gate) gate.push(slot, frame);
    else stepper.feature.push(slot, frame);
    this.#samplesWaiting += frame.data.length;
    if (this.#samplesWaiting >= SAMPLES_BEFORE_TURN) this.#step();
  }

  #step(): void {
    const { gate } = this.#stages;
    if (gate) gate.turn(this.#out.emit, this.#stepNet);
    else this.#stepNet();
    this.#samplesWaiting = 0;
  }

  readonly #stepNet = (): void => {
    this.#out.steps += this.#stages.stepper.turn(this.#out.emit);
  };

  #acquire(stream: string): Slot {
    const known = this.#slots.find(stream);
    const slot = this.#slots.acquire(stream);
    if (known === undefined) this.#open(slot, stream);
    return slot;
  }

  #open(slot: Slot, stream: string): void {
    const { gate, stepper, origins } = this.#stages;
    origins.open(slot, stream);
    gate?.open(slot, stream);
    stepper.open(slot, stream);
  }

  #leave(stream: string, slot: Slot): void {
    this.#finish(slot);
    this.#slots.release(stream);
    this.#drop(slot);
  }

  /** Nobody remembers the stream any more. */
  #drop(slot: Slot): void {
    const { gate, stepper, origins } = this.#stages;
    origins.leave(slot);
    gate?.leave(slot);
    stepper.leave(slot);
  }

  /** Judges all that was heard, with the silence that the model needs behind it, and ends what is open. */
  #finish(slot: Slot): void {
    this.#step();
    const { gate } = this.#stages;
    if (gate) gate.end(slot, this.#out.emit);
    else this.#endUtterance(slot, this.#endUs[slot]);
  }

  #endUtterance(slot: Slot, us: Micros): void {
    const { stepper } = this.#stages;
    stepper.feature.flush(slot);
    this.#out.steps += stepper.turn(this.#out.emit);
    stepper.decider.end(slot, us, this.#out.emit);
    this.#restart(slot, this.#slots.streamOf(slot) ?? '');
  }

  /** The next audio of the stream is a new beginning for the net, not for the decider, which numbers the segments. */
  #restart(slot: Slot, stream: string): void {
    const { feature, net } = this.#stages.stepper;
    feature.open(slot, stream);
    net.reset(slot);
  }

  #named(): NamedStages {
    const { gate, origins, stepper } = this.#stages;
    return [
      ['origin', origins],
      ...(gate?.stages ?? []),
      ['feature', stepper.feature],
      ['net', stepper.net],
      ['decide', stepper.decider],
    ];
  }
}
