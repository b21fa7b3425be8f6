/** The decoder behind the kind `wav`. */
import { beginsLikeWav } from '../core/audio-magic.js';
import type { Decoder, Frame, Packet } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import type { StageContext } from '../core/kind.js';
import type { Log } from '../core/log.js';
import { bytesPerFrame, type PcmFormat } from '../core/pcm-format.js';
import { Recent } from '../core/recent.js';
import { WavHeader } from '../core/wav-header.js';
import { AudioStream } from './audio-stream.js';
import { PcmDecoder } from './pcm-decoder.js';

type Emit = (frame: Frame) => void;

/** Streams remembered; of more, the one unheard for longest begins anew when it comes again. */
const MAX_STREAMS = 1024;

/** What a source that sends raw audio instead of WAV says where it leaves something out. */
const USUAL: PcmFormat = { sampleRateHz: 16_000, channels: 1, format: 's16le' };

interface State {
  readonly header: WavHeader;
  /** Present: the header is read. */
  audio?: AudioStream;
  /** Bytes of audio that are still to come, as announced; Infinity: until the end. */
  left: number;
}

/**
 * WAV, one file a stream, in pieces of any size. A file ends with its announced number of bytes (what follows, such as
 * titles, is no audio) or, where that is not known or not true, with mark `end`. A packet that begins like a WAV file
 * after that begins the next one: a device may send a file a message.
 *
 * Packets whose properties say `format` are raw audio (a source that was given raw audio on standard input).
 *
 * `decode.not-wav`: packets of a stream that is no WAV file that can be read; the log says what it is.
 * `decode.wav-truncated`: files that end before what they announce; what is there was decoded.
 * `decode.stream-forgotten`: too many streams at a time.
 */
export class WavDecoder implements Decoder {
  readonly #counters: Counters;
  readonly #log: Log;
  readonly #pcm: PcmDecoder;
  readonly #streams: Recent<State>;

  constructor(context: StageContext) {
    this.#counters = context.counters;
    this.#log = context.log;
    this.#pcm = new PcmDecoder(USUAL, context);
    this.#streams = new Recent(MAX_STREAMS, () => context.counters.count('decode.stream-forgotten'));
  }

  decode(packet: Packet, emit: Emit): void {
    if (packet.properties?.['format'] !== undefined) return this.#pcm.decode(packet, emit);
    const { stream } = packet.route;
    const state = this.#stateFor(packet);
    if (packet.mark === 'gap') state.audio?.gap();
    this.#take(state, packet, emit);
    if (packet.mark !== 'end') return;
    this.#finish(state, packet, emit);
    this.#streams.delete(stream);
  }

  #stateFor({ route, bytes }: Packet): State {
    const known = this.#streams.get(route.stream);
    const over = known !== undefined && (known.left === 0 || known.header.fault !== undefined);
    if (known !== undefined && !(over && beginsLikeWav(bytes))) return known;
    const state: State = { header: new WavHeader(), left: Number.POSITIVE_INFINITY };
    this.#streams.set(route.stream, state);
    return state;
  }

  #take(state: State, packet: Packet, emit: Emit): void {
    const { bytes } = packet;
    if (state.header.fault !== undefined) {
      if (bytes.length > 0) this.#counters.count('decode.not-wav');
      return;
    }
    const from = state.audio === undefined ? state.header.push(bytes) : 0;
    if (state.audio === undefined) this.#begin(state, packet);
    if (state.audio === undefined || state.left === 0) return;
    const audio = bytes.subarray(from, Math.min(bytes.length, from + state.left));
    state.left -= audio.length;
    state.audio.push(packet, audio, emit);
    if (state.left === 0) state.audio.end(packet, emit);
  }

  /** Makes the stretch of audio when the header is complete, or says why it never will be. */
  #begin(state: State, packet: Packet): void {
    const { layout } = state.header;
    if (layout === undefined) return this.#complain(state, packet);
    const { dataBytes, ...format } = layout;
    state.left = dataBytes ?? Number.POSITIVE_INFINITY;
    state.audio = new AudioStream(packet.route.stream, format, this.#counters);
  }

  #finish(state: State, packet: Packet, emit: Emit): void {
    if (state.audio === undefined) {
      if (state.header.fault !== undefined) return;
      state.header.end();
      return this.#complain(state, packet);
    }
    if (state.left === 0) return;
    if (state.left < Number.POSITIVE_INFINITY) this.#missing(packet, state.left, state.audio.format);
    state.audio.end(packet, emit);
  }

  #complain({ header: { fault } }: State, { route }: Packet): void {
    if (fault === undefined) return;
    this.#counters.count('decode.not-wav');
    this.#log.warn(
      { reason: 'decode.not-wav', stream: route.stream, hint: fault.hint },
      `what came as WAV ${fault.what}; it is dropped`,
    );
  }

  #missing({ route }: Packet, missingBytes: number, format: PcmFormat): void {
    this.#counters.count('decode.wav-truncated');
    const missingSeconds = Math.round((missingBytes / bytesPerFrame(format) / format.sampleRateHz) * 1000) / 1000;
    this.#log.warn(
      { reason: 'decode.wav-truncated', stream: route.stream, missingBytes, missingSeconds },
      'a WAV file ends before the audio that it announces; what is there was taken',
    );
  }
}
