/**
 * A gate in front of a recogniser: it hears everything and lets through what is speech, and a little before it.
 *
 * Speech is known only when it has lasted, so the latest audio is kept: when a span begins, its onset, padding and pre-roll
 * go out first. A net hears the first sounds of a word late and the last ones not at all; so of the silence behind a span
 * half of the shortest one passes too, and the rest is kept for the next span. Each sample passes at most once, in order,
 * and which ones do does not depend on how the audio was cut.
 */
import type { Emit, Frame, Micros, Net, PerSlot, Signal, Slot } from './core/contracts.js';
import { BugError } from './core/errors.js';
import type { VoiceContext } from './core/kind.js';
import { SampleBuffer } from './core/sample-buffer.js';
import { loadNumbers, saveNumbers, unfitState } from './core/saved-state.js';
import type { GateOptions } from './core/voice.js';
import { VoiceDecider } from './decide/voice.js';
import type { VoiceChange } from './decide/voice-spans.js';
import { SampleWindows } from './feature/windows.js';
import type { NamedStages } from './lane-memory.js';
import type { SileroModel } from './step/silero.js';
import { Stepper } from './stepper.js';

/** What a gate lets through: `open`, any number of `pass`, `close`, and so on. Frames are the callee's to keep. */
export interface GateListener {
  /** Speech begins; the frame (mark `start`) holds what came before it too. */
  open(slot: Slot, frame: Frame): void;
  pass(slot: Slot, frame: Frame): void;
  /** @param us end of what has passed */
  close(slot: Slot, us: Micros): void;
}

export interface VoiceGateParts {
  readonly options: GateOptions;
  readonly silero: SileroModel;
  /** The opened `silero.model`; who opened it closes it. */
  readonly net: Net;
  readonly context: Omit<VoiceContext, 'windowUs'>;
}

const VERSION = 1;
const SAVED = 'the voice gate of a stream';
/** Saved before the samples. */
const HEAD_FIELDS = 8;

interface Memory {
  stream: string;
  readonly audio: SampleBuffer;
  /** Of sample 0; NaN = none came since the start or the last end. */
  baseUs: Micros;
  /** Samples in the windows that were judged. */
  judged: number;
  /** Samples up to the end of what has passed. */
  passed: number;
  passing: boolean;
  /** Of the latest frame. */
  source: number;
  seq: number;
  arrivedUs: Micros;
}

export class VoiceGate implements PerSlot {
  readonly #stepper: Stepper<VoiceDecider>;
  readonly #memories: (Memory | undefined)[] = [];
  readonly #rateHz: number;
  readonly #windowSamples: number;
  readonly #signal: Signal;
  readonly #preRollUs: Micros;
  /** Silence behind a span that passes, and all of it that ends one. */
  readonly #postRollUs: Micros;
  readonly #silenceUs: Micros;
  /** Audio before the present window that a span may begin in. */
  readonly #historySamples: number;
  #listener: GateListener | undefined;

  constructor({ options, silero, net, context }: VoiceGateParts) {
    const windows = new SampleWindows(silero, context.capacity);
    const voice = { ...context, windowUs: windows.shiftUs };
    const decider = new VoiceDecider(options, voice, (slot, change) => this.#judged(slot, change));
    this.#stepper = new Stepper(windows, net, decider);
    this.#rateHz = silero.sampleRateHz;
    this.#windowSamples = silero.windowSamples;
    this.#signal = { kind: 'audio', rateHz: this.#rateHz, channels: 1 };
    this.#preRollUs = Math.round(1000 * options.preRollMs);
    this.#postRollUs = Math.round(1000 * Math.max(options.padMs, options.minSilenceMs / 2));
    this.#silenceUs = Math.round(1000 * Math.max(options.padMs, options.minSilenceMs));
    // From the onset on: a noise, a pause that is too short to end anything, then speech.
    const spanMs = options.minSpeechMs + Math.max(options.padMs, options.minSilenceMs);
    const historyMs = spanMs + options.padMs + options.preRollMs;
    this.#historySamples = Math.ceil((historyMs * this.#rateHz) / 1000) + this.#windowSamples;
  }

  /** Who hears what passes; once, before the first `turn`. */
  listen(listener: GateListener): void {
    this.#listener = listener;
  }

  open(slot: Slot, stream: string): void {
    const memory = (this.#memories[slot] ??= newMemory());
    memory.stream = stream;
    this.#restart(memory);
    this.#stepper.open(slot, stream);
  }

  leave(slot: Slot): void {
    this.#memories[slot] = undefined;
    this.#stepper.leave(slot);
  }

  /**
   * Takes mono audio of the model's rate.
   * @throws BugError when the frame is a new beginning and `end` was not called first
   */
  push(slot: Slot, frame: Frame): void {
    const memory = this.#memoryOf(slot);
    const begun = !Number.isNaN(memory.baseUs);
    if (begun && (frame.mark === 'gap' || frame.mark === 'start')) {
      throw new BugError(`what came before a ${frame.mark} has to be ended first`);
    }
    if (!begun && frame.data.length > 0) memory.baseUs = frame.us;
    memory.source = frame.source;
    memory.seq = frame.seq;
    memory.arrivedUs = frame.arrivedUs;
    memory.audio.push(frame.data);
    this.#stepper.feature.push(slot, frame);
  }

  /**
   * Judges every complete window.
   * @param emit gets `speech-start` and `speech-end`
   * @param afterWindows called after each window of the streams that have one, so that whoever hears what passes keeps up
   * with the gate, however much audio came at once
   * @returns windows judged
   */
  turn(emit: Emit, afterWindows?: () => void): number {
    return this.#stepper.turn(emit, afterWindows);
  }

  /** The audio of the stream ends here, or is interrupted: judges the rest and closes. What comes later begins anew. */
  end(slot: Slot, emit: Emit): void {
    const memory = this.#memoryOf(slot);
    this.#stepper.feature.flush(slot);
    this.#stepper.turn(emit);
    if (Number.isNaN(memory.baseUs)) return;
    const { end } = memory.audio;
    this.#stepper.decider.end(slot, this.#usOf(memory, end), emit);
    if (memory.passing) this.#closeAt(slot, memory, end);
    this.#restart(memory);
  }

  /** All that remembers something of a stream, under the names that they have in a snapshot. */
  get stages(): NamedStages {
    const { feature, net, decider } = this.#stepper;
    return [
      ['gate', this],
      ['gate.feature', feature],
      ['gate.net', net],
      ['gate.decide', decider],
    ];
  }

  /** Its own memory only: audio that was not judged yet, or that a span may still begin in. */
  save(slot: Slot): Uint8Array {
    const { audio, baseUs, judged, passed, passing, source, seq, arrivedUs } = this.#memoryOf(slot);
    const samples = audio.copy(audio.first, audio.end);
    const fields = new Float64Array(HEAD_FIELDS + samples.length);
    fields.set([baseUs, judged, passed, passing ? 1 : 0, source, seq, arrivedUs, audio.first]);
    fields.set(samples, HEAD_FIELDS);
    return saveNumbers(VERSION, fields);
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const memory = this.#memoryOf(slot);
    const fields = loadNumbers(VERSION, bytes, SAVED);
    if (fields.length < HEAD_FIELDS) throw unfitState(SAVED);
    const [baseUs, judged, passed, passing, source, seq, arrivedUs, first] = fields;
    Object.assign(memory, { baseUs, judged, passed, passing: passing === 1, source, seq, arrivedUs });
    memory.audio.restart(first);
    memory.audio.push(fields.subarray(HEAD_FIELDS));
  }

  #memoryOf(slot: Slot): Memory {
    const memory = this.#memories[slot];
    if (memory === undefined) throw new BugError(`slot ${slot} of the voice gate was not opened`);
    return memory;
  }

  #heard(): GateListener {
    if (this.#listener === undefined) throw new BugError('nobody listens to the voice gate');
    return this.#listener;
  }

  #restart(memory: Memory): void {
    memory.audio.restart(0);
    memory.baseUs = Number.NaN;
    memory.judged = memory.passed = 0;
    memory.passing = false;
  }

  /** The next window of the stream was judged. */
  #judged(slot: Slot, change: VoiceChange): void {
    const memory = this.#memoryOf(slot);
    const { audio } = memory;
    const { decider } = this.#stepper;
    memory.judged += this.#windowSamples;
    // The last window of a stream is filled up with zeros, which are not its audio.
    const heard = Math.min(memory.judged, audio.end);
    if (change === 'start') this.#openAt(slot, memory, decider.startUs(slot) - this.#preRollUs, heard);
    else if (memory.passing) {
      const quietUs = decider.quietSinceUs(slot);
      const silentUs = this.#usOf(memory, memory.judged - this.#windowSamples) - quietUs;
      // Silence that may end the span is held back, but no more of it than would prove it.
      const held = change === 'end' || silentUs < this.#silenceUs;
      const to = held ? Math.min(heard, this.#sampleOf(memory, quietUs + this.#postRollUs)) : heard;
      if (change === 'end') this.#closeAt(slot, memory, to);
      else this.#pass(slot, memory, to);
    }
    audio.dropBefore(memory.passing ? memory.passed : Math.max(memory.passed, heard - this.#historySamples));
  }

  #openAt(slot: Slot, memory: Memory, us: Micros, to: number): void {
    const from = Math.max(this.#sampleOf(memory, us), memory.audio.first);
    memory.passing = true;
    memory.passed = to;
    this.#heard().open(slot, { ...this.#frame(memory, from, to), mark: 'start' });
  }

  #pass(slot: Slot, memory: Memory, to: number): void {
    if (to <= memory.passed) return;
    const frame = this.#frame(memory, memory.passed, to);
    memory.passed = to;
    this.#heard().pass(slot, frame);
  }

  #closeAt(slot: Slot, memory: Memory, to: number): void {
    this.#pass(slot, memory, to);
    memory.passing = false;
    this.#heard().close(slot, this.#usOf(memory, memory.passed));
  }

  #frame(memory: Memory, from: number, to: number): Frame {
    const { stream, source, seq, arrivedUs } = memory;
    const us = this.#usOf(memory, from);
    return { stream, source, seq, us, arrivedUs, signal: this.#signal, data: memory.audio.copy(from, to) };
  }

  #sampleOf({ baseUs }: Memory, us: Micros): number {
    return Math.floor(((us - baseUs) * this.#rateHz) / 1e6);
  }

  #usOf({ baseUs }: Memory, sample: number): Micros {
    return baseUs + Math.round((sample * 1e6) / this.#rateHz);
  }
}

function newMemory(): Memory {
  const audio = new SampleBuffer();
  const numbers = { baseUs: Number.NaN, judged: 0, passed: 0, source: 0, seq: 0, arrivedUs: 0 };
  return { stream: '', audio, passing: false, ...numbers };
}
