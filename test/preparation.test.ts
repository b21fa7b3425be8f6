import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { defineConfig } from '../src/config/load.js';
import type { Frame } from '../src/core/contracts.js';
import { Preparation } from '../src/preparation.js';
import { frameOf, sound } from './support/sound.js';
import { stageContext } from './support/stages.js';

const samples = sound(0, 1);

/** A tenth of a second of 8 kHz audio, which has to be resampled. */
function pieceOf(stream: string): Frame {
  const frame = frameOf(stream, samples, 0, 800, 'start');
  return { ...frame, signal: { kind: 'audio', rateHz: 8000, channels: 1 } };
}

async function prepare() {
  const source = { kind: 'microphone' };
  const config = await defineConfig({ model: 'm', source, decide: { kind: 'transcribe' }, sinks: [] }, '/test.yaml');
  const preparation = new Preparation(config, stageContext(), 16_000);
  const frames = new Subject<readonly Frame[]>();
  return { preparation, frames, prepared: frames.pipe(preparation.operator()) };
}

describe('the preparation of audio', () => {
  it('holds the source back until each resampler has been made, also when several are needed in a row', async () => {
    const { preparation, frames, prepared } = await prepare();
    const streams: string[] = [];
    prepared.subscribe((batch) => streams.push(...new Set(batch.map(({ stream }) => stream))));
    expect(preparation.hold()).toBeUndefined();
    const names = ['a', 'b', 'c'];
    for (const name of names) frames.next([pieceOf(name)]);
    for (let made = 0; made < names.length; made++) {
      expect(streams).toEqual(names.slice(0, made));
      const held = preparation.hold();
      expect(held).toBeInstanceOf(Promise);
      await held;
      // Who waits for the frames itself is told in the same turn.
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(streams).toEqual(names);
    expect(preparation.hold()).toBeUndefined();
    frames.complete();
  });

  it('gives nothing, and fails nobody, when it is left while a resampler is made', async () => {
    const { preparation, frames, prepared } = await prepare();
    const batches: (readonly Frame[])[] = [];
    const subscription = prepared.subscribe((batch) => batches.push(batch));
    frames.next([pieceOf('a')]);
    const held = preparation.hold();
    expect(held).toBeInstanceOf(Promise);
    subscription.unsubscribe();
    await held;
    expect(preparation.hold()).toBeUndefined();
    expect(batches).toEqual([]);
  });
});
