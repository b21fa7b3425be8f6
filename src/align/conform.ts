/** Audio of any rate and number of channels → one channel at one rate, as a recogniser or VAD asks for it. */
import type { Frame, Micros, Signal } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import { BugError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { Recent } from '../core/recent.js';
import { canResample, Resampler } from './resampler.js';

export interface ConformParts {
  /** Rate of what comes out; absent: as it comes, only the channels are mixed. */
  readonly sampleRateHz: number | undefined;
  readonly log: Log;
  readonly counters: Counters;
  /** Streams resampled at a time; of more, the one unheard for longest loses its resampler (counted). */
  readonly maxStreams: number;
}

type AudioSignal = Extract<Signal, { kind: 'audio' }>;

/** Streams of which is remembered what the log says about them. */
const STREAMS_TOLD = 1024;

const CHANGED = 'audio of a stream is changed to what the model listens to';

/** Audio that is being resampled, from its start (or a gap) on. */
interface Stretch {
  readonly signal: AudioSignal;
  readonly resampler: Resampler;
  /** Time of its first sample. */
  readonly baseUs: Micros;
  /** Samples given so far. */
  given: number;
  /** Of the next frame given. */
  mark: 'start' | 'gap' | undefined;
  /** The last frame taken. */
  last: Frame;
}

/**
 * Channels are mixed to one (their mean), then resampled (see `Resampler`); the log says so once a stream. Frames that
 * fit already are passed on as they are. Samples and their times do not depend on how the audio was cut into frames.
 * `start`, `gap` and a change of the format begin anew, after what was left; `end` gives what is left, too.
 *
 * At most 10 ms and the length of the filter (3 ms at 48 kHz) wait inside.
 *
 * Counted: `align.resampler-dropped` (more than `maxStreams`: the last few ms are lost and the stream goes on after a
 * gap), `align.bad-rate` (frames of a rate that is too far from ours).
 */
export class AudioConform {
  /** What comes out; undefined: every rate is right. */
  readonly #signal: AudioSignal | undefined;
  readonly #stretches: Recent<Stretch>;
  readonly #told = new Recent<AudioSignal>(STREAMS_TOLD);
  readonly #free: Resampler[] = [];
  /** Resamplers made, free or not. */
  #made = 0;
  /** Resamplers are being made; what comes meanwhile waits its turn. */
  #making: Promise<readonly Frame[]> | undefined;
  #closed = false;

  constructor(private readonly parts: ConformParts) {
    const rateHz = parts.sampleRateHz;
    this.#signal = rateHz === undefined ? undefined : { kind: 'audio', rateHz, channels: 1 };
    this.#stretches = new Recent(parts.maxStreams, (_stream, { resampler }) => {
      parts.counters.count('align.resampler-dropped');
      this.#free.push(resampler);
    });
  }

  /**
   * @param frames audio, in order
   * @returns the same audio; a promise where a resampler has to be made first. Results come in the order of the calls.
   */
  push(frames: readonly Frame[]): readonly Frame[] | Promise<readonly Frame[]> {
    if (this.#making === undefined && this.#missing(frames) === 0) return this.#conform(frames);
    const before: Promise<unknown> = this.#making ?? Promise.resolve();
    const made = before.then(() => this.#makeAndConform(frames));
    this.#making = made;
    const over = (): void => {
      if (this.#making === made) this.#making = undefined;
    };
    made.then(over, over);
    return made;
  }

  close(): void {
    this.#closed = true;
    for (const { resampler } of this.#stretches.values()) this.#free.push(resampler);
    for (const resampler of this.#free.splice(0)) resampler.close();
  }

  async #makeAndConform(frames: readonly Frame[]): Promise<readonly Frame[]> {
    for (let missing = this.#missing(frames); missing > 0; missing--) {
      const resampler = await Resampler.create();
      this.#made += 1;
      this.#free.push(resampler);
    }
    if (!this.#closed) return this.#conform(frames);
    for (const resampler of this.#free.splice(0)) resampler.close();
    return [];
  }

  /** How many resamplers these frames need beyond those that are there. */
  #missing(frames: readonly Frame[]): number {
    const needing = new Set<string>();
    for (const { stream, signal, data } of frames) {
      if (data.length === 0 || !this.#mustResample(audio(signal))) continue;
      if (this.#stretches.get(stream) === undefined) needing.add(stream);
    }
    // Beyond `maxStreams` one has to give up its own.
    return Math.max(0, Math.min(needing.size - this.#free.length, this.parts.maxStreams - this.#made));
  }

  #mustResample({ rateHz }: AudioSignal): boolean {
    const wanted = this.#signal?.rateHz ?? rateHz;
    return rateHz !== wanted && canResample(rateHz, wanted);
  }

  #conform(frames: readonly Frame[]): readonly Frame[] {
    const out: Frame[] = [];
    for (const frame of frames) {
      const stretch = this.#stretches.get(frame.stream);
      if (stretch === undefined) this.#takeNew(frame, frame.mark, out);
      else if (goesOn(stretch, frame)) this.#take(stretch, frame, out);
      else {
        this.#giveRest(stretch, out);
        this.#takeNew(frame, frame.mark ?? 'gap', out);
      }
    }
    return out;
  }

  /** The first frame of a stretch, or one that needs no resampling. */
  #takeNew(frame: Frame, mark: Frame['mark'], out: Frame[]): void {
    const signal = audio(frame.signal);
    const { rateHz } = this.#wanted(signal);
    if (!canResample(signal.rateHz, rateHz)) {
      this.parts.counters.count('align.bad-rate');
      this.#tell(frame.stream, signal, 'warn', 'the rate of a stream is too far from that of the model; it is dropped');
    } else if (signal.rateHz !== rateHz && frame.data.length > 0) {
      this.#take(this.#begin(frame, signal, mark), frame, out);
    } else {
      out.push(this.#asMono(frame, signal, mark));
    }
  }

  #asMono(frame: Frame, signal: AudioSignal, mark: Frame['mark']): Frame {
    const fits = signal.channels === 1 && signal.rateHz === this.#wanted(signal).rateHz;
    const mixed = fits ? frame : this.#mixed(frame, signal);
    return mark === undefined || mark === frame.mark ? mixed : { ...mixed, mark };
  }

  #mixed(frame: Frame, signal: AudioSignal): Frame {
    this.#tell(frame.stream, signal, 'info', CHANGED);
    return { ...frame, signal: this.#wanted(signal), data: mix(frame.data, signal.channels) };
  }

  #begin(frame: Frame, signal: AudioSignal, mark: Frame['mark']): Stretch {
    this.#tell(frame.stream, signal, 'info', CHANGED);
    this.#stretches.makeRoom();
    const resampler = this.#free.pop();
    if (resampler === undefined) throw new BugError('a resampler is missing');
    resampler.begin(signal.rateHz, this.#wanted(signal).rateHz);
    // Whoever begins amid a stream, because it had to give up its resampler, has lost something.
    const begins = mark === 'start' ? mark : 'gap';
    const stretch: Stretch = { signal, resampler, baseUs: frame.us, given: 0, mark: begins, last: frame };
    this.#stretches.set(frame.stream, stretch);
    return stretch;
  }

  #take(stretch: Stretch, frame: Frame, out: Frame[]): void {
    stretch.last = frame;
    this.#give(stretch, stretch.resampler.push(mix(frame.data, stretch.signal.channels)), out);
    if (frame.mark !== 'end') return;
    this.#giveRest(stretch, out);
    out.push({ ...this.#head(stretch), data: new Float64Array(0), mark: 'end' });
  }

  /** The stretch is over. */
  #giveRest(stretch: Stretch, out: Frame[]): void {
    this.#give(stretch, stretch.resampler.end(), out);
    this.#stretches.delete(stretch.last.stream);
    this.#free.push(stretch.resampler);
  }

  #give(stretch: Stretch, data: Float64Array, out: Frame[]): void {
    if (data.length === 0) return;
    const head = this.#head(stretch);
    out.push(stretch.mark === undefined ? { ...head, data } : { ...head, data, mark: stretch.mark });
    stretch.mark = undefined;
    stretch.given += data.length;
  }

  #head({ signal, last, baseUs, given }: Stretch): Omit<Frame, 'data' | 'mark'> {
    const wanted = this.#wanted(signal);
    return {
      stream: last.stream,
      source: last.source,
      seq: last.seq,
      us: baseUs + Math.round((given * 1e6) / wanted.rateHz),
      arrivedUs: last.arrivedUs,
      signal: wanted,
    };
  }

  #wanted({ kind, rateHz }: AudioSignal): AudioSignal {
    return this.#signal ?? { kind, rateHz, channels: 1 };
  }

  #tell(stream: string, { rateHz, channels }: AudioSignal, level: 'info' | 'warn', message: string): void {
    const told = this.#told.get(stream);
    if (told?.rateHz === rateHz && told.channels === channels) return;
    this.#told.set(stream, { kind: 'audio', rateHz, channels });
    const mixed = channels > 1 ? { mixed: `mean of ${channels} channels` } : {};
    this.parts.log[level](
      { stream, ...mixed, fromHz: rateHz, toHz: this.#wanted({ kind: 'audio', rateHz, channels }).rateHz },
      message,
    );
  }
}

function audio(signal: Signal): AudioSignal {
  if (signal.kind !== 'audio') throw new BugError('audio was expected, readings of channels came');
  return signal;
}

function goesOn({ signal }: Stretch, frame: Frame): boolean {
  const { rateHz, channels } = audio(frame.signal);
  return frame.mark !== 'start' && frame.mark !== 'gap' && rateHz === signal.rateHz && channels === signal.channels;
}

/** @param data [n, channels] → their mean [n]; the same array for one channel */
function mix(data: Float64Array, channels: number): Float64Array {
  if (channels === 1) return data;
  const mono = new Float64Array(data.length / channels);
  for (let i = 0, at = 0; i < mono.length; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += data[at++];
    mono[i] = sum / channels;
  }
  return mono;
}
