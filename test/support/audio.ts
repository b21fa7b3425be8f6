/** Packets of audio and what decoders make of them, in tests. */
import type { Decoder, Frame, Packet } from '../../src/core/contracts.js';

export interface Sent {
  readonly bytes: Uint8Array;
  readonly stream?: string;
  readonly channel?: string;
  readonly arrivedUs?: number;
  readonly properties?: Readonly<Record<string, string>>;
  readonly mark?: 'gap' | 'end';
}

/** Packets numbered from 1; arrived at 0 unless they say otherwise, as those of a file. */
export function packetsOf(sent: readonly Sent[]): Packet[] {
  return sent.map(({ bytes, stream = 'room', channel, arrivedUs = 0, properties, mark }, i) => ({
    source: 0,
    seq: i + 1,
    topic: `audio/${stream}`,
    route: channel === undefined ? { stream } : { stream, channel },
    bytes,
    arrivedUs,
    ...(properties === undefined ? {} : { properties }),
    ...(mark === undefined ? {} : { mark }),
  }));
}

/**
 * The bytes cut at the given places, the last piece with mark `end`.
 * @param parts of every piece; `arrivedUs`, if given, grows by 1 µs a piece
 */
export function cut(bytes: Uint8Array, places: readonly number[] = [], parts: Omit<Sent, 'bytes'> = {}): Sent[] {
  const borders = [0, ...places.toSorted((a, b) => a - b), bytes.length];
  const pieces: Sent[] = [];
  for (let i = 1; i < borders.length; i++) {
    const arrivedUs = parts.arrivedUs === undefined ? 0 : parts.arrivedUs + i - 1;
    const piece = { ...parts, bytes: bytes.subarray(borders[i - 1], borders[i]), arrivedUs };
    pieces.push(i === borders.length - 1 ? { ...piece, mark: 'end' } : piece);
  }
  return pieces;
}

export function framesOf(decoder: Decoder, sent: readonly Sent[]): Frame[] {
  const frames: Frame[] = [];
  for (const packet of packetsOf(sent)) decoder.decode(packet, (frame) => frames.push(frame));
  return frames;
}

/** All samples of the frames, one after the other. */
export function samplesOf(frames: readonly Frame[]): number[] {
  return frames.flatMap(({ data }) => Array.from(data));
}

export function rateOf({ signal }: Frame): number {
  if (signal.kind !== 'audio') throw new Error('not audio');
  return signal.rateHz;
}

export function channelsOf({ signal }: Frame): number {
  if (signal.kind !== 'audio') throw new Error('not audio');
  return signal.channels;
}
