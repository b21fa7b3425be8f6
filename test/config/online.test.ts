/** What may be asked of a net that goes on learning, and what it does not go together with. */
import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { defineConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problems.js';

const SENSORS = { kind: 'replay', files: 'a.csv' };

const configOf = (more: object, source: object = SENSORS): Promise<Config> =>
  defineConfig({ source, ...more }, '/etc/kioku/hall.yaml');

async function mistakesIn(more: object, source?: object): Promise<string[]> {
  try {
    await configOf(more, source);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, reason }) => `${path} ${reason}`);
    throw error;
  }
  return [];
}

describe('the section online', () => {
  it('is off when it is absent; empty it turns learning on', async () => {
    expect(await configOf({})).not.toHaveProperty('online');
    const { online } = await configOf({ online: {} });
    expect(online).toMatchObject({ everySteps: 8, segments: 16, segmentSteps: 16, learningRate: 0.002 });
  });

  it('needs room for what an optimiser step learns from', async () => {
    const [mistake] = await mistakesIn({ online: { segments: 32, segmentSteps: 64, replaySteps: 2047 } });
    expect(mistake).toMatch(/^online\.replaySteps must hold at least 32 segments of 64 steps/);
    expect(await mistakesIn({ online: { segments: 32, segmentSteps: 64, replaySteps: 2048 } })).toEqual([]);
  });

  it('does not go together with threads among which streams are shared out, unless these are left open', async () => {
    const [mistake] = await mistakesIn({ online: {}, runtime: { threads: 2 } });
    expect(mistake).toMatch(/^runtime\.threads is 2, but a net that goes on learning/);
    for (const threads of [0, 'auto']) expect(await mistakesIn({ online: {}, runtime: { threads } })).toEqual([]);
  });

  it('is not for recognisers', async () => {
    const microphone = { kind: 'audio-files', files: 'a.wav' };
    const [mistake] = await mistakesIn({ online: {}, decide: { kind: 'transcribe' } }, microphone);
    expect(mistake).toMatch(/^online is not for decide: transcribe/);
  });
});
