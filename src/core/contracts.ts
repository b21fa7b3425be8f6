/**
 * The contracts of the stages, in the order in which a measurement passes them:
 *
 *     source → decode → align → feature → step → decide → sink
 *
 * Every boundary that `pipeline.ts` wires is an Observable of batches; inside a lane everything is synchronous.
 */
import type { Observable } from 'rxjs';
import type { Calibration } from './calibration.js';
import type { KiokuEvent } from './events.js';
import type { SkippedProvider } from './runtime.js';
import type { Snapshot } from './snapshot.js';
import type { StepModel } from './step-model.js';
import type { Route } from './topic.js';

/** Event time, integer microseconds since the Unix epoch. Durations are event time; only `maxDelayMs` is wall clock. */
export type Micros = number;

/** Index of a stream inside one lane; the same for all stages of that lane. */
export type Slot = number;

export type Emit = (event: KiokuEvent) => void;

/** Bytes as they came, numbered per source so that they can be acknowledged cumulatively. */
export interface Packet {
  readonly source: number;
  /** 1, 2, 3, … without holes, per source. */
  readonly seq: number;
  readonly topic: string;
  /** What the topic says about stream and channel; one shared object a topic. */
  readonly route: Route;
  readonly bytes: Uint8Array;
  /** `live`: this machine's clock at arrival. `data`: the time in the recording. */
  readonly arrivedUs: Micros;
  /** What came beside the payload, such as MQTT 5 user properties or how a microphone was opened. */
  readonly properties?: Readonly<Record<string, string>>;
  /** `gap`: data is missing before it (a capture was restarted); `end`: its stream has no more (a file). */
  readonly mark?: 'gap' | 'end';
}

/** `down`: the other side is away; nobody may be called silent meanwhile. */
export type SourceStatus = 'up' | 'down';

export interface Source {
  /** Completes when the source has no more (a file), never for a live one; errors only when it cannot go on. */
  readonly packets: Observable<readonly Packet[]>;
  /** Emits the present status on subscribe, then every change. */
  readonly status: Observable<SourceStatus>;
  /** What happens without credit: a file or a broker pauses, a microphone drops its oldest (counted). */
  readonly mode: 'pause' | 'dropOldest';
  /** Whether time passes by itself (`live`) or only with the data (`data`: a replay, at whatever speed). */
  readonly clock: 'live' | 'data';
  /** Resolves when the source delivers (a broker: subscribed). Rejects with a `UserError` when it cannot. */
  start(signal: AbortSignal): Promise<void>;
  /** Leaves no handle open. May be called at any time, more than once. */
  stop(): Promise<void>;
  /** The consumer takes `packets` more. Nothing is emitted before the first credit. */
  credit(packets: number): void;
  /** Everything up to `seq` is safe. */
  ackThrough(seq: number): void;
}

export type Signal =
  | { readonly kind: 'audio'; readonly rateHz: number; readonly channels: number }
  /** `stepUs` 0: readings at irregular times, as a decoder emits them (n = 1); above 0: time steps of that length. */
  | { readonly kind: 'channels'; readonly names: readonly string[]; readonly stepUs: Micros };

/**
 * A piece of one stream in time order: n samples or n time steps. `data` is row-major [n, channels]. Audio is within
 * [-1, 1]; a frame with mark `end` may be empty.
 */
export interface Frame {
  readonly stream: string;
  readonly source: number;
  /** `Packet.seq` of the last packet in it. */
  readonly seq: number;
  /** Time of the first row (of a time step: its start). */
  readonly us: Micros;
  /** `Packet.arrivedUs` of the last packet in it: the clock by which a stream is called silent. */
  readonly arrivedUs: Micros;
  /** `us` is the time of arrival, because the device sent none: two readings may share it without being one. */
  readonly unstamped?: true;
  readonly signal: Signal;
  /** float64, so that large counters and epochs keep their small changes until they are normalised. */
  readonly data: Float64Array;
  /** 1 = observed, 0 = missing; same shape as `data`. Absent: all observed. */
  readonly mask?: Uint8Array;
  /** The device's own message number, where it sends one; used to drop repeated deliveries. */
  readonly sequence?: number;
  /** `gap`: time is missing before this frame, recurrent state must start anew. */
  readonly mark?: 'start' | 'gap' | 'end';
}

/** Bytes → frames. Bad input is a counted drop (`Counters`), never an exception. */
export interface Decoder {
  decode(packet: Packet, emit: (frame: Frame) => void): void;
}

/** Whatever a stage remembers about one stream: fixed size, part of the snapshot. */
export interface PerSlot {
  /** A stream takes the slot: its memory starts at the initial value (from the model card when the stream is known). */
  open(slot: Slot, stream: string): void;
  /** The memory of this slot as bytes, versioned by its first byte. */
  save(slot: Slot): Uint8Array;
  /** The inverse of `save`. @throws UserError `SNAPSHOT_INVALID` for bytes of another version or size. */
  load(slot: Slot, bytes: Uint8Array): void;
  /**
   * The stream has left: what the slot remembers, rows that wait included, is dropped and its memory may be given back.
   * Then only `open`. A slot that is not open stays as it is.
   */
  leave(slot: Slot): void;
  /**
   * A hint: the first n of these slots, all open, are needed next. What is remembered of them is read, so that main memory
   * is waited for once for many and not once for each.
   * @returns a number without meaning, to be kept, or the compiler would leave the reading out
   */
  touch?(slots: Int32Array, n: number): number;
}

/** Irregular readings → fixed time steps. */
export interface Aligner extends PerSlot {
  readonly stepUs: Micros;
  /** Takes one reading; emits every time step that it completes. The emitted frame is borrowed for the call. */
  push(slot: Slot, frame: Frame, emit: (frame: Frame) => void): void;
  /** Emits the open step, if any (end of a file). */
  flush(slot: Slot, emit: (frame: Frame) => void): void;
}

/**
 * n rows, at most one per slot; borrowed for the duration of a call. `width` values a row in `data`.
 * Rows are in the order of `slot`; arrays may be longer than n.
 */
export interface Batch {
  n: number;
  readonly width: number;
  readonly slot: Int32Array;
  readonly us: Float64Array;
  readonly seq: Float64Array;
  /** [n, width] */
  readonly data: Float32Array;
  /** [n, width], 1 = observed. */
  readonly mask: Uint8Array;
  /** [n], 1 = time is missing before this row: recurrent state starts anew. */
  readonly gap: Uint8Array;
  /** [n], 0 = the normalisation of this stream is still provisional: do not judge, do not learn. */
  readonly settled: Uint8Array;
}

/** Back from a normalised value to the channel's own unit. */
export interface Scaler {
  /** @param z normalised value of channel `channel` (0-based) of the stream in `slot` */
  toUnits(slot: Slot, channel: number, z: number): number;
}

/** Samples of ONE stream → vectors of `width` values, one every `hopSamples`; allocation-free per vector. */
export interface FrameExtractor {
  readonly names: readonly string[];
  readonly width: number;
  readonly hopSamples: number;
  /** Takes n samples: `samples[from … from + n)`. The vectors do not depend on how the samples are cut. */
  push(samples: Float64Array, from: number, n: number): void;
  /** Vectors that `take` can give now. */
  readonly ready: number;
  /** Writes the next vector to `out[at …]`. */
  take(out: Float32Array, at: number): void;
  /** No more samples come: the vectors at the end become ready. Then only `reset`. */
  flush(): void;
  reset(): void;
  /** First byte: version. */
  save(): Uint8Array;
  /** @throws UserError `SNAPSHOT_INVALID` */
  load(bytes: Uint8Array): void;
}

export interface Feature extends PerSlot {
  /** Names of the `width` values of a vector. */
  readonly names: readonly string[];
  readonly shiftUs: Micros;
  push(slot: Slot, frame: Frame): void;
  flush(slot: Slot): void;
  /** Fills at most one vector per slot, up to the batch's capacity, oldest first; sets and returns `out.n`. */
  take(out: Batch): number;
}

/**
 * An opened model with room for `capacity` streams. Streams not named in `step` keep their state bit for bit. A slot is
 * opened before it is stepped, reset, saved or loaded; not of a model without states, which remembers nothing.
 */
export interface Net extends PerSlot {
  readonly model: StepModel;
  /** The engine and execution provider that really run, such as `node/cpu`. */
  readonly provider: string;
  /** Providers that were preferred to this one; absent: none. */
  readonly skipped?: readonly SkippedProvider[];
  readonly capacity: number;
  /** Most rows of one `step`, streams × steps; inputs and outputs have that many. */
  readonly rows: number;
  /** Most steps of one `step`: 1 where the model has no time axis. */
  readonly maxSteps: number;
  /** float32 inputs to fill before `step`: name → [rows, width], row i belongs to `slots[i]`. */
  readonly input: Readonly<Record<string, Float32Array>>;
  /** int64 inputs, in the same way. */
  readonly integerInput: Readonly<Record<string, BigInt64Array>>;
  /** Rows of outputs after `step`, in the same order. Valid until the next `step`. */
  readonly output: Readonly<Record<string, Float32Array>>;
  /** Zeroes the recurrent state (after a gap). */
  reset(slot: Slot): void;
  /**
   * Advances exactly the first `n` slots of `slots` (all different), with n · `steps` ≤ `rows`.
   * @param steps steps of each, a power of two ≤ `maxSteps`; absent: 1. Row t·n + i is step t of `slots[i]`.
   */
  step(slots: Int32Array, n: number, steps?: number): void;
  /** Frees the model; may be called more than once. */
  close(): void;
}

/** Lives in core so that a transducer's decoder and joiner can be injected into `decide`. */
export interface Engine {
  readonly name: string;
  /** Version of ONNX Runtime, such as `1.30.0`; absent in engines that are not ONNX Runtime. */
  readonly version?: string;
  /**
   * @param capacity streams, ≥ 1
   * @throws UserError `MODEL_MISSING` or `MODEL_INVALID`
   */
  open(model: StepModel, capacity: number): Promise<Net>;
}

/** What a net says becomes events. */
export interface Decider extends PerSlot {
  /**
   * Takes one output of the net for each row of `input`; row i of both belongs to `input.slot[i]`.
   * @param output [n, output width]
   */
  push(output: Float32Array, input: Batch, emit: Emit): void;
  /** The stream leaves (evicted, end of the file) or is interrupted: ends what is open. */
  end(slot: Slot, us: Micros, emit: Emit): void;
}

/** Judges forecasts: what the net foretold against what came. */
export interface ForecastDecider extends Decider {
  /** Names the form of its saved memory: a calibration in a model card is used only by a decider of the same version. */
  readonly version: string;
  /** Time steps without data below which `silence` changes nothing. */
  readonly silentAfterSteps: number;
  /** Where nothing is raised (`DeciderContext.learnOnly`): counts from the next row on how often something would have been. */
  rehearse(slot: Slot): void;
  /** What came of it, for the model card. @param heldOut the net had not learnt the rows that were rehearsed */
  rehearsed(heldOut: boolean): Pick<Calibration, 'rehearsal' | 'threshold'>;
  /**
   * Judges the rows of `input` against what the net foretold for them one step before, learns from them, and remembers
   * `output` (the forecast for the next step).
   */
  push(output: Float32Array, input: Batch, emit: Emit): void;
  /** The stream has been silent for `steps` time steps, as of `us`; 0 = data came again. */
  silence(slot: Slot, steps: number, us: Micros, emit: Emit): void;
  /** Whether nothing unusual is going on, told or not yet: what comes is normal, as far as one can know, and may be learnt. */
  isCalm(slot: Slot): boolean;
}

export interface LaneOut {
  readonly events: readonly KiokuEvent[];
  /** source → everything up to this packet number is contained in the lane's state */
  readonly through: ReadonlyMap<number, number>;
  /** Time steps taken through the net in this turn. */
  readonly steps: number;
}

/** align → feature → net → decider for a shard of streams: what a thread or another machine can take over whole. */
export interface Lane {
  /** Takes decoded frames, in order of arrival. */
  push(frames: readonly Frame[]): void;
  /** Steps everything that is waiting. */
  turn(): LaneOut;
  /** Rows that wait for `turn`. */
  readonly rowsWaiting: number;
  /** The arrival clock has reached `nowUs` without data (a live source that is up): who is silent? */
  tick(nowUs: Micros): LaneOut;
  /** The source was away, the arrival clock was set, or this process was held up: silence counts from `nowUs`. */
  forgive(nowUs: Micros): void;
  /** The source has ended: closes open steps and incidents. */
  end(): LaneOut;
  readonly streams: readonly string[];
  /** Of a lane for audio: the rate that its frames must have; one channel. */
  readonly sampleRateHz?: number;
  snapshot(stream: string): Snapshot;
  restore(snapshot: Snapshot): void;
  evict(stream: string): Snapshot;
  close(): void;
  /** Resolves when what goes on for a while after `close` is over. */
  untilClosed?(): Promise<void> | undefined;
}

/** `write` resolves when the events are safe on the other side. */
export interface Sink {
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  write(events: readonly KiokuEvent[]): Promise<void>;
}
