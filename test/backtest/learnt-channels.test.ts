import { describe, expect, it } from 'vitest';
import { learntChannels } from '../../src/backtest/learnt-channels.js';
import type { ModelCard } from '../../src/core/card.js';
import type { Frame } from '../../src/core/contracts.js';
import { MICROS } from '../../src/core/time.js';

const HOUR_US = 3_600e6;
const NAMES = ['a', 'b'];

function reading(stream: string, us: number, a: number, b: number): Frame {
  const signal = { kind: 'channels', names: NAMES, stepUs: 0 } as const;
  return { stream, source: 0, seq: 1, us, arrivedUs: us, signal, data: Float64Array.of(a, b) };
}

const ALIGNMENT = {
  stepMs: HOUR_US / 1000,
  lateMs: 0,
  dedupe: true,
  channels: NAMES.map((name) => ({ name, aggregate: 'mean' as const, noiseFloor: 0 })),
};

const NORMALISATION: ModelCard['normalisation'] = {
  pooled: [
    { center: 0, scale: 1 },
    { center: 0, scale: 1 },
  ],
  streams: {
    pump: [
      { center: 10, scale: 2 },
      { center: 0, scale: 5 },
    ],
  },
};

describe('what a baseline may learn from', () => {
  it('is time steps, each channel on the scale of the card, with the part of the day that has passed', () => {
    const frames = [0, 0.5, 1, 2].map((hour) => reading('pump', MICROS.day + hour * HOUR_US, 10 + 2 * hour, 5 * hour));
    const [a, b] = learntChannels(frames, ALIGNMENT, 1, { normalisation: NORMALISATION });
    // Two readings in the first hour: their mean.
    expect([...a.values]).toEqual([0.25, 1, 2]);
    expect([...b.values]).toEqual([0.25, 1, 2]);
    expect([...a.days]).toEqual([0, 1 / 24, 2 / 24]);
    expect([...a.starts]).toEqual([1, 0, 0]);
  });

  it('begins anew behind a gap, bridges a short one with what was last heard, and has stream behind stream', () => {
    const frames = [
      ...[0, 2, 30].map((hour) => reading('fan', hour * HOUR_US, hour, 1)),
      reading('pump', 31 * HOUR_US, 14, 0),
    ];
    const [a] = learntChannels(frames, ALIGNMENT, 2, { normalisation: NORMALISATION });
    // The card does not know the fan: 30 is 27 beyond what is linear.
    expect([...a.values]).toEqual([0, 0, 2, 3 + Math.log1p(27), 2]);
    expect([...a.days].map((day) => Math.round(24 * day))).toEqual([0, 1, 2, 6, 7]);
    expect([...a.starts]).toEqual([1, 0, 0, 1, 1]);
  });
});
