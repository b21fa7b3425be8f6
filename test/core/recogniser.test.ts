import { expect, it } from 'vitest';
import { lookAheadUs, OUTPUT_FRAME_US } from '../../src/core/recogniser.js';
import { ChunkedFrames } from '../../src/feature/chunks.js';
import { recogniserFrames } from '../../src/feature/log-mel.js';
import { emptyBatch } from '../contracts/feature.contract.js';

const FEATURES = { sampleRateHz: 8000, melBins: 24, lowFrequencyHz: 20, highFrequencyHz: -400, sampleScale: 1 };
const US_A_SAMPLE = 125;

it.each([
  ['a net of ours', 4, 4],
  ['an LSTM', 9, 4],
  ['a Zipformer', 45, 32],
])(
  'the look-ahead of %s is the audio behind a step without which it is not computed',
  (_, chunkFrames, shiftFrames) => {
    const shape = { chunkFrames, shiftFrames, features: FEATURES };
    const stage = new ChunkedFrames(shape, recogniserFrames(FEATURES), 1);
    stage.open(0, 'a');
    const row = emptyBatch(1, chunkFrames * FEATURES.melBins);
    const untilUs = (shiftFrames / 4) * OUTPUT_FRAME_US + lookAheadUs(shape);
    const push = (count: number, us: number): void => {
      const signal = { kind: 'audio', rateHz: FEATURES.sampleRateHz, channels: 1 } as const;
      stage.push(0, { stream: 'a', source: 0, seq: 1, us, arrivedUs: us, signal, data: new Float64Array(count) });
    };
    const samples = Math.ceil(untilUs / US_A_SAMPLE);
    push(samples - 1, 0);
    expect(stage.take(row)).toBe(0);
    push(1, (samples - 1) * US_A_SAMPLE);
    expect(stage.take(row)).toBe(1);
  },
);
