/** Recordings for tests: bursts of a tone with quiet around them, as said by several speakers. */
import { speechIn } from '../../../src/train/speech/level.js';
import type { Recording } from '../../../src/train/speech/recordings.js';

export const RATE_HZ = 8000;

/** A tone of `ms`, with 100 ms of nothing before and 50 ms behind it. */
export function burst(hz: number, ms: number, amplitude = 0.3): Float32Array {
  const [before, behind] = [800, 400];
  const length = (ms * RATE_HZ) / 1000;
  const samples = new Float32Array(before + length + behind);
  for (let i = 0; i < length; i++) samples[before + i] = amplitude * Math.sin((2 * Math.PI * hz * i) / RATE_HZ);
  return samples;
}

export function recordingOf(transcript: string, speaker: string, samples: Float32Array): Recording {
  return { name: `${transcript}-${speaker}.wav`, transcript, speaker, samples, speech: speechIn(samples, RATE_HZ) };
}

/** Two speakers, two words each, of different length and pitch. */
export const WORDS: readonly Recording[] = [
  recordingOf('one', 'anna', burst(500, 300)),
  recordingOf('two', 'anna', burst(900, 400)),
  recordingOf('one', 'bert', burst(300, 350, 0.1)),
  recordingOf('two', 'bert', burst(600, 250, 0.1)),
];
