/** A recogniser of its own rate behind a voice gate. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { defineConfig } from '../src/config/load.js';
import type { Lane } from '../src/core/contracts.js';
import { openLane } from '../src/open-lane.js';
import { contextOf } from '../src/stage-context.js';
import { chord, writeTwoTones } from './support/speech-models/two-tones.js';
import { userEngine } from './support/user-engine.js';

const RATE_HZ = 8000;

async function laneOf(decide: object, sampleRateHz = RATE_HZ): Promise<Lane> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-open-audio-lane-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const model = await writeTwoTones(folder, sampleRateHz);
  const source = { kind: 'microphone' };
  const config = await defineConfig({ model, source, decide: { kind: 'transcribe', ...decide }, sinks: [] });
  return openLane(config, userEngine, contextOf(config));
}

it('a gate hears at the rate of the recogniser, which hears the same behind it', async () => {
  const pause = new Float32Array(RATE_HZ / 4);
  const pieces = [pause, chord('low', 300, RATE_HZ), pause, chord('high', 300, RATE_HZ), pause];
  const data = Float64Array.from(pieces.flatMap((piece) => Array.from(piece)));
  // Chords are hardly speech.
  const vad = { threshold: 0.01, offThreshold: 0.01, minSpeechMs: 0, minSilenceMs: 2000, preRollMs: 1000 };
  const texts: string[] = [];
  for (const gate of [{}, { vad }]) {
    const lane = await laneOf(gate);
    const signal = { kind: 'audio', rateHz: RATE_HZ, channels: 1 } as const;
    lane.push([{ stream: 'a', source: 0, seq: 1, us: 0, arrivedUs: 0, signal, data, mark: 'end' }]);
    const { events } = lane.turn();
    texts.push(events.flatMap((event) => (event.type === 'final' ? [event.text] : [])).join(' '));
    lane.close();
  }
  expect(texts).toEqual(['low high', 'low high']);
});

it('a gate at a rate that no voice activity model hears is refused', async () => {
  await expect(laneOf({ vad: {} }, 11_025)).rejects.toMatchObject({
    code: 'MODEL_INVALID',
    message: 'no voice activity model hears the 11025 Hz of the recogniser',
  });
});
