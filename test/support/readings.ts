/** Packets and frames made by hand, in tests. */
import type { Frame, Packet } from '../../src/core/contracts.js';

export const ARRIVED_US = 1_700_000_000_000_000;

export function packetOf(
  payload: string | Uint8Array,
  parts: { channel?: string | undefined; stream?: string; seq?: number; arrivedUs?: number } = {},
): Packet {
  const { channel, stream = 'machine', seq = 1, arrivedUs = ARRIVED_US } = parts;
  return {
    source: 0,
    seq,
    topic: `factory/${stream}`,
    route: channel === undefined ? { stream } : { stream, channel },
    bytes: typeof payload === 'string' ? Buffer.from(payload) : payload,
    arrivedUs,
  };
}

type FrameParts = Partial<Pick<Frame, 'stream' | 'source' | 'seq' | 'arrivedUs' | 'unstamped' | 'sequence' | 'mark'>>;

/** One reading as a decoder emits it. @param us event time, and of arrival unless `parts` says otherwise */
export function readingOf(us: number, channels: Readonly<Record<string, number>>, parts: FrameParts = {}): Frame {
  return {
    stream: 'machine',
    source: 0,
    seq: 1,
    us,
    arrivedUs: us,
    signal: { kind: 'channels', names: Object.keys(channels), stepUs: 0 },
    data: Float64Array.from(Object.values(channels)),
    ...parts,
  };
}
