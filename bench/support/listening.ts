/** What the benchmarks of audio have in common: something to hear, a lane that hears it, and a peer that takes turns. */
import { defineConfig } from '../../src/config/load.js';
import type { Frame, Lane } from '../../src/core/contracts.js';
import { silentLog } from '../../src/core/log.js';
import { uniform } from '../../src/core/random.js';
import { openLane } from '../../src/open-lane.js';
import { contextOf } from '../../src/stage-context.js';
import { openEngine } from '../../src/step/open-engine.js';
import { type BenchRow, medianRow, ratioRow } from '../report.js';

const RATE_HZ = 16_000;
/** As a microphone delivers it. */
export const FEED_SAMPLES = 1600;

/** A lane for one stream, on the engine that users get. */
export async function openListener(sections: object): Promise<Lane> {
  const source = { kind: 'microphone' };
  const config = await defineConfig({ source, sinks: [], limits: { maxStreams: 1 }, ...sections });
  return openLane(config, await openEngine(config.runtime, silentLog), contextOf(config));
}

export interface Sides {
  /** @returns milliseconds for the whole audio */
  readonly kioku: () => number;
  readonly sherpa: () => Promise<number>;
  /** Length of the audio. */
  readonly seconds: number;
  readonly repeats: number;
}

/** Real-time factors of both sides and their ratio; the first round is not counted. */
export async function alternate(
  ids: Record<keyof Pick<Sides, 'kioku' | 'sherpa'> | 'ratio', string>,
  sides: Sides,
): Promise<BenchRow[]> {
  const kioku: number[] = [];
  const sherpa: number[] = [];
  for (let repeat = -1; repeat < sides.repeats; repeat++) {
    const ours = sides.kioku() / 1000 / sides.seconds;
    const theirs = (await sides.sherpa()) / 1000 / sides.seconds;
    if (repeat < 0) continue;
    kioku.push(ours);
    sherpa.push(theirs);
  }
  return [medianRow(ids.kioku, '1', kioku), medianRow(ids.sherpa, '1', sherpa), ratioRow(ids.ratio, kioku, sherpa)];
}

/** @returns milliseconds for the last utterance */
export function hear(lane: Lane, utterances: readonly Float32Array[]): number {
  let ms = 0;
  for (const samples of utterances) {
    const frames = framesOf(samples);
    const start = performance.now();
    for (const frame of frames) {
      lane.push([frame]);
      lane.turn();
    }
    ms = performance.now() - start;
    // Outside of what is measured: silence that only kioku puts behind the audio by itself.
    lane.end();
  }
  return ms;
}

function framesOf(samples: Float32Array): Frame[] {
  const frames: Frame[] = [];
  for (let from = 0; from < samples.length; from += FEED_SAMPLES) {
    const us = Math.round((from * 1e6) / RATE_HZ);
    const data = Float64Array.from(samples.subarray(from, from + FEED_SAMPLES));
    const signal = { kind: 'audio', rateHz: RATE_HZ, channels: 1 } as const;
    frames.push({ stream: 'bench', source: 0, seq: from + 1, us, arrivedUs: us, signal, data });
  }
  return frames;
}

/** A wandering tone in bursts over a little noise: something to say in most frames. */
export function sound(seconds: number): Float32Array {
  let phase = 0;
  return Float32Array.from({ length: seconds * RATE_HZ }, (_, i) => {
    const t = i / RATE_HZ;
    phase += (2 * Math.PI * (400 + 200 * Math.sin(2 * Math.PI * 1.3 * t))) / RATE_HZ;
    const loud = Math.sin(2 * Math.PI * 0.7 * t) > -0.3 ? 0.3 : 0;
    return loud * Math.sin(phase) + 0.002 * (uniform(1, 0, i) - 0.5);
  });
}
