import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Frame } from '../../src/core/contracts.js';
import { wavKind } from '../../src/decode/wav.js';
import { ClipWriter } from '../../src/source/clips.js';
import { channelsOf, cut, framesOf, rateOf, samplesOf } from '../support/audio.js';
import { stageContext } from '../support/stages.js';

const LIVE_US = 1_760_000_000_250_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-clips-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Parts {
  readonly stream?: string;
  readonly us?: number;
  readonly rateHz?: number;
  readonly channels?: number;
  readonly mark?: Frame['mark'];
}

function frame(samples: ArrayLike<number>, parts: Parts = {}): Frame {
  const { stream = 'hall', us = LIVE_US, rateHz = 8000, channels = 1, mark } = parts;
  const signal = { kind: 'audio', rateHz, channels } as const;
  const data = Float64Array.from(samples);
  return { stream, source: 0, seq: 1, us, arrivedUs: us, signal, data, ...(mark === undefined ? {} : { mark }) };
}

/** What our own reader finds in a clip. */
async function read(name: string) {
  const decoder = wavKind.create({ kind: 'wav' }, stageContext());
  const frames = framesOf(decoder, cut(await readFile(join(folder, name))));
  return { samples: samplesOf(frames), rateHz: rateOf(frames[0]), channels: channelsOf(frames[0]) };
}

async function write(...batches: (readonly Frame[])[]): Promise<ClipWriter> {
  const writer = await ClipWriter.create(folder);
  for (const batch of batches) await writer.append(batch);
  await writer.close();
  return writer;
}

describe('clips', () => {
  it('hold every 16-bit level as it was', async () => {
    const levels = Float64Array.from({ length: 65_536 }, (_, i) => (i - 32_768) / 32_768);
    const writer = await write([frame(levels.subarray(0, 30_000)), frame(levels.subarray(30_000))]);
    expect(writer.written).toEqual([join(folder, 'hall-2025-10-09T085320.250Z.wav')]);
    expect(writer.seconds).toBe(65_536 / 8000);
    const clip = await read('hall-2025-10-09T085320.250Z.wav');
    expect(clip.samples).toEqual([...levels]);
    expect(clip).toMatchObject({ rateHz: 8000, channels: 1 });
  });

  it('hold what 16 bits cannot as floats, channel by channel', async () => {
    const samples = [0.1, -0.2, 1 / 3, 1].map(Math.fround);
    await write([frame(samples, { channels: 2, rateHz: 44_100, us: 12_500_000 })]);
    expect(await read('hall-000012.500s.wav')).toEqual({ samples, rateHz: 44_100, channels: 2 });
  });

  it('end where a stream does, where audio is missing and where its format changes', async () => {
    await write(
      [frame([0.5], { us: 0 }), frame([0.25], { us: 1e6, mark: 'gap' })],
      [frame([0.75], { us: 2e6, rateHz: 16_000 }), frame([], { us: 2e6, rateHz: 16_000, mark: 'end' })],
      [frame([0], { us: 3e6, mark: 'start' })],
    );
    const names = ['000000.000s', '000001.000s', '000002.000s', '000003.000s'].map((at) => `hall-${at}.wav`);
    expect((await readdir(folder)).toSorted()).toEqual(names);
    expect((await read(names[2])).samples).toEqual([0.75]);
  });

  it('are at most five minutes long', async () => {
    const minute = new Float64Array(60 * 8000);
    await write(...Array.from({ length: 7 }, (_, i) => [frame(minute, { us: i * 60e6 })]));
    expect((await read('hall-000000.000s.wav')).samples).toHaveLength(300 * 8000);
    expect((await read('hall-000300.000s.wav')).samples).toHaveLength(120 * 8000);
  });

  it('of many streams end early rather than fill the memory: the longest first', async () => {
    const writer = await ClipWriter.create(folder);
    const million = new Float64Array(1_048_576);
    await writer.append([frame(million, { stream: 'long', us: 0, rateHz: 48_000 })]);
    for (let i = 0; i < 15; i++) {
      await writer.append([frame(million.subarray(0, 524_288), { stream: `room ${i}`, us: 0, rateHz: 48_000 })]);
    }
    expect(writer.written).toEqual([join(folder, 'long-000000.000s.wav')]);
    await writer.close();
  });

  it('never take the place of a file that is there, nor leave the folder', async () => {
    await writeFile(join(folder, 'up_.._up-000000.000s.wav'), 'mine');
    await write([frame([0.5], { stream: '../up/../up', us: 0 }), frame([0.5], { stream: '..', us: 0 })]);
    expect(await readFile(join(folder, 'up_.._up-000000.000s.wav'), 'utf8')).toBe('mine');
    expect((await readdir(folder)).toSorted()).toEqual([
      'audio-000000.000s.wav',
      'up_.._up-000000.000s-2.wav',
      'up_.._up-000000.000s.wav',
    ]);
  });

  it('that cannot be written are an error, and those before it are kept', async () => {
    const writer = await ClipWriter.create(folder);
    await writer.append([frame([0.5], { mark: 'end' })]);
    await rm(folder, { recursive: true });
    await expect(writer.append([frame([0.5], { us: 1e6, mark: 'end' })])).rejects.toMatchObject({
      code: 'DISK',
      message: expect.stringContaining('the 1 clip written before are kept') as string,
    });
    await expect(writer.close()).rejects.toMatchObject({ code: 'DISK' });
    await writeFile(folder, 'no folder');
    await expect(ClipWriter.create(join(folder, 'in'))).rejects.toMatchObject({ code: 'DISK' });
  });
});
