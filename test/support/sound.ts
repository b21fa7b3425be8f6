/** Synthetic audio that models have something to say about, as mono frames. */
import type { Frame } from '../../src/core/contracts.js';
import { uniform } from '../../src/core/random.js';

export const RATE_HZ = 16_000;

/** Bursts of a wandering tone with pauses, another for each stream: what a synthetic model takes for speech. */
export function sound(stream: number, seconds: number): Float64Array {
  let phase = 0;
  return Float64Array.from({ length: seconds * RATE_HZ }, (_, i) => {
    const t = i / RATE_HZ;
    phase += (2 * Math.PI * (300 + 200 * stream + 150 * Math.sin(2 * Math.PI * (1.3 + stream) * t))) / RATE_HZ;
    const loud = Math.sin(2 * Math.PI * 0.7 * t + stream) > -0.2 ? 0.3 : 0;
    return loud * Math.sin(phase) + 0.002 * (uniform(stream, 0, i) - 0.5);
  });
}

export function frameOf(stream: string, samples: Float64Array, from: number, to: number, mark?: Frame['mark']): Frame {
  return {
    stream,
    source: 0,
    seq: from + 1,
    us: Math.round((from * 1e6) / RATE_HZ),
    arrivedUs: 0,
    signal: { kind: 'audio', rateHz: RATE_HZ, channels: 1 },
    data: samples.slice(from, to),
    ...(mark === undefined ? {} : { mark }),
  };
}
