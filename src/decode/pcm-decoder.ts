/** The decoder behind the kind `pcm`. */
import { beginsLikeWav } from '../core/audio-magic.js';
import type { Decoder, Frame, Packet } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import type { StageContext } from '../core/kind.js';
import type { Log } from '../core/log.js';
import { pcmFormatOf, type PcmFormat } from '../core/pcm-format.js';
import { Recent } from '../core/recent.js';
import { AudioStream } from './audio-stream.js';
import { textOf } from './drops.js';

type Emit = (frame: Frame) => void;
type Properties = NonNullable<Packet['properties']>;

/** Streams remembered; of more, the one unheard for longest begins anew when it comes again. */
const MAX_STREAMS = 1024;

interface State {
  /** What the start message said. */
  announced: PcmFormat;
  /** Properties by which the present format was found; compared, because every message repeats them. */
  said: Properties | undefined;
  audio: AudioStream | undefined;
  /** The format cannot be: nothing is decoded until another is said. */
  refused: boolean;
  warned: boolean;
}

/**
 * Raw audio, with or without an envelope:
 *
 * - Where the topic names a `{channel}`: the message on channel `start` begins a stretch, and its payload may say
 *   `{"sampleRateHz": 16000, "channels": 1, "format": "s16le"}`; the one on `end` ends it; any other channel is audio.
 * - Properties `sampleRateHz`, `channels`, `format` (MQTT 5) on any message say the same, `mark: start|end` too; audio
 *   that comes with a mark belongs to the stretch that begins or ends.
 * - Neither is needed: the first message begins a stretch in the format of the configuration.
 *
 * `decode.bad-format`: messages with a format that cannot be, and all audio until it is said anew.
 * `decode.stream-forgotten`: too many streams at a time.
 */
export class PcmDecoder implements Decoder {
  readonly #counters: Counters;
  readonly #log: Log;
  readonly #streams: Recent<State>;

  constructor(
    private readonly usual: PcmFormat,
    { counters, log }: StageContext,
  ) {
    this.#counters = counters;
    this.#log = log;
    this.#streams = new Recent(MAX_STREAMS, () => counters.count('decode.stream-forgotten'));
  }

  decode(packet: Packet, emit: Emit): void {
    const { channel } = packet.route;
    const says = packet.properties?.['mark'];
    if (channel === 'start') return this.#begin(packet, this.#saidIn(packet), emit);
    if (channel === 'end') return this.#end(packet, emit);
    if (says === 'start') this.#begin(packet, {}, emit);
    this.#audio(packet, emit);
    if (says === 'end' || packet.mark === 'end') this.#end(packet, emit);
  }

  /** @param said in the start message; undefined: it cannot be read */
  #begin(packet: Packet, said: Readonly<Record<string, unknown>> | undefined, emit: Emit): void {
    this.#end(packet, emit);
    const state = this.#open(packet.route.stream);
    const announced = said && pcmFormatOf({ ...said, ...packet.properties }, this.usual);
    if (announced === undefined) this.#refuse(state, packet);
    else state.announced = announced;
  }

  #audio(packet: Packet, emit: Emit): void {
    const { stream } = packet.route;
    if (packet.mark === 'gap') this.#streams.get(stream)?.audio?.gap();
    if (packet.bytes.length === 0) return;
    const state = this.#streams.get(stream) ?? this.#open(stream);
    this.#listen(state, packet);
    if (state.refused) this.#counters.count('decode.bad-format');
    else this.#audioOf(state, packet).push(packet, packet.bytes, emit);
  }

  /** Takes the format that the properties say, if they say anything new. */
  #listen(state: State, packet: Packet): void {
    const { properties } = packet;
    if (properties === undefined || !saysFormat(properties) || sameFormat(properties, state.said)) return;
    state.said = properties;
    const format = pcmFormatOf(properties, state.announced);
    state.refused = format === undefined;
    if (format === undefined) return this.#warn(state, packet, { said: formatIn(properties) });
    if (state.audio === undefined) state.announced = format;
    // Another format in mid-stream: a device that was set up anew without saying so.
    else if (!sameFormat(format, state.audio.format)) {
      state.audio = new AudioStream(packet.route.stream, format, this.#counters, 'gap');
    }
  }

  #audioOf(state: State, packet: Packet): AudioStream {
    if (state.audio !== undefined) return state.audio;
    if (beginsLikeWav(packet.bytes)) {
      const stream = packet.route.stream;
      this.#log.warn({ stream }, 'raw audio begins like a WAV file; if it is one, use decode: wav');
    }
    state.audio = new AudioStream(packet.route.stream, state.announced, this.#counters);
    return state.audio;
  }

  #end(packet: Packet, emit: Emit): void {
    const { stream } = packet.route;
    this.#streams.get(stream)?.audio?.end(packet, emit);
    this.#streams.delete(stream);
  }

  #open(stream: string): State {
    const state: State = { announced: this.usual, said: undefined, audio: undefined, refused: false, warned: false };
    this.#streams.set(stream, state);
    return state;
  }

  /** @returns what the payload of a start message says: nothing, or a JSON object */
  #saidIn({ bytes }: Packet): Readonly<Record<string, unknown>> | undefined {
    if (bytes.length === 0) return {};
    try {
      const said: unknown = JSON.parse(textOf(bytes));
      return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : undefined;
    } catch {
      return undefined;
    }
  }

  #refuse(state: State, packet: Packet): void {
    state.refused = true;
    this.#counters.count('decode.bad-format');
    this.#warn(state, packet, { said: textOf(packet.bytes.subarray(0, 200)) });
  }

  #warn(state: State, { route }: Packet, said: Readonly<Record<string, unknown>>): void {
    if (state.warned) return;
    state.warned = true;
    this.#log.warn(
      { reason: 'decode.bad-format', stream: route.stream, ...said },
      'a stream says a format of audio that cannot be; its audio is dropped until it says another',
    );
  }
}

type Format = Readonly<Record<keyof PcmFormat, unknown>>;

function sameFormat(a: Partial<Format>, b: Partial<Format> | undefined): boolean {
  return a === b || (a.sampleRateHz === b?.sampleRateHz && a.channels === b?.channels && a.format === b?.format);
}

function saysFormat({ sampleRateHz, channels, format }: Partial<Format>): boolean {
  return sampleRateHz !== undefined || channels !== undefined || format !== undefined;
}

function formatIn({ sampleRateHz, channels, format }: Partial<Format>): Partial<Format> {
  return { sampleRateHz, channels, format };
}
