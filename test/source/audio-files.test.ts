import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Frame, Packet } from '../../src/core/contracts.js';
import { wavKind } from '../../src/decode/wav.js';
import { AudioFilesSource, audioFilesKind } from '../../src/source/audio-files.js';
import { sourceContract, turns } from '../contracts/source.contract.js';
import { rateOf, samplesOf } from '../support/audio.js';
import { needsSharedData } from '../support/needs.js';
import { Collector, stageContext, type TestContextParts } from '../support/stages.js';
import { chunk, fmtBody, pcmOf, riff, tone, wavOf } from '../support/wav.js';

const goOn = new AbortController().signal;

function folder(files: Readonly<Record<string, Uint8Array | string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'kioku-audio-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  return dir;
}

interface Parts extends Partial<TestContextParts> {
  readonly stdin?: Readable & { isTTY?: boolean };
}

function audioFiles(options: Record<string, unknown>, { stdin, ...parts }: Parts = {}) {
  const context = stageContext(parts);
  const parsed = audioFilesKind.schema.parse({ kind: 'audio-files', ...options });
  const source = new AudioFilesSource(parsed, context, () => stdin ?? new PassThrough());
  onTestFinished(() => source.stop());
  return { source, context, collector: new Collector(source) };
}

/** All packets of a run with ample credit, and what the decoder makes of them. */
async function all(options: Record<string, unknown>, parts: Parts = {}) {
  const { source, context, collector } = audioFiles(options, parts);
  await source.start(goOn);
  source.credit(1e9);
  await collector.done;
  return { packets: collector.packets, collector, context, frames: decoded(collector.packets, context) };
}

function decoded(packets: readonly Packet[], context: TestContextParts): Frame[] {
  const decoder = wavKind.create({ kind: 'wav' }, context);
  const frames: Frame[] = [];
  for (const packet of packets) decoder.decode(packet, (frame) => frames.push(frame));
  return frames;
}

function bytesOf(packets: readonly Packet[]): Buffer {
  return Buffer.concat(packets.map(({ bytes }) => bytes));
}

sourceContract('audio-files', (_ctx) => {
  const dir = folder({ 'a.wav': wavOf(tone(40_000)) });
  const { source } = audioFiles({ files: 'a.wav' }, { baseDir: dir, index: 3 });
  return Promise.resolve({ source, feed: () => Promise.resolve() });
});

describe('several files', () => {
  it('are one stream when told to, one after the other and an hour apart', async () => {
    const dir = folder({ 'a.wav': wavOf(tone(16_000)), 'b.wav': wavOf(tone(8000)) });
    const { frames, packets } = await all({ files: ['a.wav', 'b.wav'], stream: 'motor' }, { baseDir: dir });
    expect(new Set(packets.map(({ route }) => route.stream))).toEqual(new Set(['motor']));
    const starts = frames.filter(({ mark }) => mark === 'start');
    expect(starts).toHaveLength(2);
    expect(starts[0].us).toBe(0);
    expect(Math.abs(starts[1].us - 3_601_000_000)).toBeLessThanOrEqual(100_000);
    expect(frames.filter(({ mark }) => mark === 'end')).toHaveLength(2);
    expect(() => audioFiles({ files: ['a.wav'], stream: 'motor', parallel: true })).toThrow(/must be false/);
  });
});

describe('a file', () => {
  it('is given byte for byte, in pieces of 100 ms, with its position and an end', async () => {
    const file = wavOf(tone(40_001, 440, 8000, 2), { sampleRateHz: 8000, channels: 2 });
    const { packets, frames } = await all({ files: 'speech.wav' }, { baseDir: folder({ 'speech.wav': file }) });
    expect(bytesOf(packets).equals(file)).toBe(true);
    expect(packets.at(-1)).toMatchObject({ mark: 'end', arrivedUs: 5_000_125, route: { stream: 'speech' } });
    expect(packets.at(-1)?.bytes).toHaveLength(0);
    const audio = packets.slice(1, -1);
    const tenths = Array.from({ length: 51 }, (_, i) => i * 100_000);
    // The first read, which finds the header, need not end with a piece.
    expect(audio.length).toBeLessThanOrEqual(52);
    expect(audio.map(({ arrivedUs }) => arrivedUs).filter((us) => us % 100_000 === 0)).toEqual(tenths);
    expect(Math.max(...audio.map(({ bytes }) => bytes.length))).toBe(3200);
    expect(frames.map(({ us }) => us)).toEqual(packets.slice(1).map(({ arrivedUs }) => arrivedUs));
    expect(frames.at(-1)?.mark).toBe('end');
  });

  it.for<[name: string, samples: number]>([
    ['misc/jfk.wav', 176_000],
    ['misc/vosk-test.wav', 132_928],
    ['misc/marvin_617de221_0.wav', 32_000],
    ['cards/005.wav', 56_040],
  ])('recorded elsewhere is read to its last sample: %s', async ([name, samples], ctx) => {
    const path = needsSharedData(ctx, `audio/${name}`);
    const { frames, context } = await all({ files: path });
    const pcm = readFileSync(path);
    const data = pcm.subarray(pcm.indexOf('data') + 8);
    const expected = Array.from({ length: samples }, (_, i) => data.readInt16LE(2 * i) / 32_768);
    expect(samplesOf(frames)).toEqual(expected);
    expect(context.counters.toJSON()).toEqual({});
  });

  it('of raw audio says its format, which the decoder for WAV takes as well', async () => {
    const raw = pcmOf(tone(4000, 440, 8000), 's24le');
    const pcm = { sampleRateHz: 8000, format: 's24le' };
    const { packets, frames } = await all(
      { files: 'a.raw', format: 'pcm', pcm },
      { baseDir: folder({ 'a.raw': raw }) },
    );
    expect(bytesOf(packets).equals(raw)).toBe(true);
    for (const { properties } of packets) {
      expect(properties).toEqual({ sampleRateHz: '8000', channels: '1', format: 's24le' });
    }
    expect(packets.map(({ arrivedUs }) => arrivedUs)).toEqual([0, 100_000, 200_000, 300_000, 400_000, 500_000]);
    expect(rateOf(frames[0])).toBe(8000);
    expect(samplesOf(frames)).toHaveLength(4000);
  });

  it('plays in its own time, times the speed', async () => {
    const begunMs = performance.now();
    await all({ files: 'a.wav', speed: 10 }, { baseDir: folder({ 'a.wav': wavOf(tone(8000)) }) });
    // The last piece begins after 0.4 s.
    expect(performance.now() - begunMs).toBeGreaterThanOrEqual(40);
  });

  it('does not make anybody wait for what follows its audio', async () => {
    const body = [chunk('fmt ', fmtBody(1, 1, 16_000, 16)), chunk('data', pcmOf(tone(1600), 's16le'))];
    const file = riff([...body, chunk('LIST', Buffer.alloc(2_000_000))]);
    const { packets } = await all({ files: 'a.wav', speed: 1 }, { baseDir: folder({ 'a.wav': file }) });
    expect(packets.at(-1)?.arrivedUs).toBe(100_000);
    expect(bytesOf(packets)).toHaveLength(file.length);
  });
});

const three = {
  'b.wav': wavOf(tone(3200)),
  'a.wav': wavOf(tone(4800, 440, 8000), { sampleRateHz: 8000 }),
  'a.flac.wav': wavOf(tone(160)),
};

describe('several files', () => {
  it('come one after the other, in the order of the list, each a stream of its own', async () => {
    const { packets, frames } = await all(
      { files: ['b.wav', 'a.wav', './b.wav', 'a.flac.wav'] },
      { baseDir: folder(three) },
    );
    const order = packets.map(({ route }) => route.stream).filter((stream, i, all) => stream !== all[i - 1]);
    expect(order).toEqual(['b', 'a', 'b-2', 'a.flac']);
    const ends = packets.filter(({ mark }) => mark === 'end').map(({ route, arrivedUs }) => [route.stream, arrivedUs]);
    expect(ends).toEqual([
      ['b', 200_000],
      ['a', 600_000],
      ['b-2', 200_000],
      ['a.flac', 10_000],
    ]);
    expect(packets.map(({ seq }) => seq)).toEqual(packets.map((_, i) => i + 1));
    expect(samplesOf(frames.filter(({ stream }) => stream === 'b'))).toEqual(
      samplesOf(frames.filter(({ stream }) => stream === 'b-2')),
    );
  });

  it('come together, in the order of time, when they are parallel', async () => {
    const { packets, collector } = await all({ files: ['b.wav', 'a.wav'], parallel: true }, { baseDir: folder(three) });
    const times = packets.map(({ arrivedUs }) => arrivedUs);
    expect(times).toEqual(times.toSorted((x, y) => x - y));
    const audio = packets.filter(({ bytes, arrivedUs }) => bytes.length > 44 || arrivedUs > 0);
    expect(audio.slice(0, 4).map(({ route, arrivedUs }) => [route.stream, arrivedUs])).toEqual([
      ['b', 0],
      ['a', 0],
      ['b', 100_000],
      ['a', 100_000],
    ]);
    expect(Math.max(...collector.batches)).toBeLessThanOrEqual(10);
  });

  it('come so many at a time as was said, the next ones when those are over', async () => {
    const files = ['b.wav', 'a.wav', 'b.wav', 'a.wav', 'b.wav'];
    const { packets, frames } = await all({ files, parallel: 2 }, { baseDir: folder(three) });
    const firstOf = (stream: string): number => packets.findIndex(({ route }) => route.stream === stream);
    const endOf = (stream: string): number =>
      packets.findIndex(({ route, mark }) => route.stream === stream && mark === 'end');
    for (const [one, other] of [
      ['b', 'a'],
      ['b-2', 'a-2'],
    ]) {
      expect(firstOf(other)).toBeLessThan(endOf(one));
      expect(firstOf(one)).toBeLessThan(endOf(other));
    }
    expect(firstOf('b-2')).toBeGreaterThan(Math.max(endOf('a'), endOf('b')));
    expect(firstOf('b-3')).toBeGreaterThan(Math.max(endOf('a-2'), endOf('b-2')));
    for (const again of ['b-2', 'b-3']) {
      expect(samplesOf(frames.filter(({ stream }) => stream === again))).toEqual(
        samplesOf(frames.filter(({ stream }) => stream === 'b')),
      );
    }
  });
});

describe('what cannot be read', () => {
  it.each([
    ['text named .wav', 'Dear diary, this is no sound.', 'AUDIO_INVALID', /a\.wav is text, not WAV/],
    [
      'an MP3 file',
      Buffer.from('ID3\x04\x00\x00\x00\x00\x00\x00 and so on'),
      'AUDIO_INVALID',
      /is an MP3 file, not WAV/,
    ],
    ['an empty file', '', 'AUDIO_INVALID', /is empty/],
    [
      'mu-law',
      riff([chunk('fmt ', fmtBody(7, 1, 8000, 8)), chunk('data', Buffer.alloc(9))]),
      'AUDIO_INVALID',
      /mu-law/,
    ],
    ['a header cut short', wavOf([]).subarray(0, 40), 'AUDIO_INVALID', /ends before its audio/],
  ])('is an error before anything is given: %s', async (_what, content, code, message) => {
    const baseDir = folder({ 'good.wav': wavOf(tone(160)), 'a.wav': content });
    const { source, collector } = audioFiles({ files: ['good.wav', 'a.wav'] }, { baseDir });
    source.credit(100);
    const failure = source.start(goOn);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({ code, hint: expect.stringMatching(/ffmpeg|again/) as unknown });
    expect(collector.packets).toEqual([]);
  });

  it.each([
    ['an absent file', 'gone.wav', /there is no file .*gone\.wav$/],
    ['a folder', '.', /not a regular file/],
  ])('is said to be missing: %s', async (_what, files, message) => {
    const { source } = audioFiles({ files }, { baseDir: folder({}) });
    const failure = source.start(goOn);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({ code: 'DATA_MISSING' });
  });

  it('is a terminal, where audio should be piped in', async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const { source } = audioFiles({ files: '-' }, { stdin });
    await expect(source.start(goOn)).rejects.toMatchObject({ code: 'DATA_MISSING', message: /terminal/ });
  });

  it('is standard input, twice', () => {
    expect(() => audioFiles({ files: ['-', '-'] })).toThrow('only once');
  });
});

describe('standard input', () => {
  it('is WAV when it begins like WAV, even byte by byte, and of unknown length', async () => {
    const file = wavOf(tone(1000));
    file.writeUInt32LE(0xffffffff, 40);
    const stdin = Readable.from(Array.from(file, (byte) => Buffer.of(byte)));
    const { packets, frames, context } = await all({ files: '-' }, { stdin });
    expect(bytesOf(packets).equals(file)).toBe(true);
    expect(samplesOf(frames)).toHaveLength(1000);
    expect(packets[0].route.stream).toBe('stdin');
    expect(frames[0].us).toBe(0);
    expect(context.counters.toJSON()).toEqual({});
  });

  it('is raw audio otherwise, and the log says as what it is heard unless that was said', async () => {
    const raw = pcmOf(tone(5000, 440, 16_000, 2), 'f32le');
    const pcm = { channels: 2, format: 'f32le' };
    for (const [options, said] of [
      [{ files: '-', pcm }, [expect.stringMatching(/^warn .*without a header.*16000.*"channels":2,"format":"f32le"/)]],
      [{ files: '-', pcm, format: 'pcm' }, []],
    ] as const) {
      const { frames, context } = await all(options, { stdin: Readable.from([raw.subarray(0, 7), raw.subarray(7)]) });
      expect(samplesOf(frames)).toEqual([...new Float32Array(raw.buffer, raw.byteOffset, 10_000)]);
      expect(frames[0].us).toBe(0);
      expect(context.log.lines).toEqual(said);
    }
  });

  it.each([
    ['FLAC', Buffer.from('fLaC\x00\x00\x00\x22 and much more'), /standard input is a FLAC file, neither WAV nor raw/],
    ['text', Buffer.from('usage: arecord [options]\n'), /is text, neither/],
    ['nothing', Buffer.alloc(0), /standard input is empty/],
    ['a WAV file without audio', wavOf([]).subarray(0, 40), /ends before its audio/],
  ])('that is %s ends with an error', async (_what, content, message) => {
    const { source, collector } = audioFiles(
      { files: '-' },
      { stdin: Readable.from(content.length > 0 ? [content] : []) },
    );
    await source.start(goOn);
    source.credit(100);
    await expect(collector.done).rejects.toThrow(message);
    await expect(collector.done).rejects.toMatchObject({ code: 'AUDIO_INVALID' });
  });

  it('is handed on as it comes, without waiting for more', async () => {
    const stdin = new PassThrough();
    const { source, collector } = audioFiles({ files: '-' }, { stdin });
    await source.start(goOn);
    source.credit(1e6);
    stdin.write(wavOf(tone(160)).fill(0xff, 40, 44));
    await collector.count(2);
    stdin.write(Buffer.alloc(320));
    await collector.count(3);
    expect(bytesOf(collector.packets)).toHaveLength(44 + 640);
    stdin.end();
    await collector.done;
    expect(collector.packets.at(-1)?.mark).toBe('end');
  });

  it('is not read without credit: whoever writes has to wait', async () => {
    let read = 0;
    const stdin = Readable.from(
      (function* () {
        for (; read < 1000; read++) yield read === 0 ? wavOf(tone(1600)).fill(0xff, 40, 44) : Buffer.alloc(3200);
      })(),
      { highWaterMark: 1 },
    );
    const { source, collector } = audioFiles({ files: '-' }, { stdin });
    await source.start(goOn);
    await turns(20);
    expect(read).toBe(0);
    source.credit(5);
    await collector.count(5);
    await turns(20);
    expect(collector.packets).toHaveLength(5);
    expect(read).toBeLessThan(10);
  });

  it('is let go of when the source is stopped while it waits', async () => {
    const stdin = new PassThrough();
    const { source, collector } = audioFiles({ files: '-' }, { stdin });
    await source.start(goOn);
    source.credit(10);
    await turns(5);
    await source.stop();
    await collector.done;
    expect(stdin.destroyed).toBe(true);
  });
});

it('an hour of audio passes through source and decoder in the memory of a moment', async () => {
  const second = pcmOf(tone(48_000, 440, 48_000), 's16le');
  const header = wavOf([], { sampleRateHz: 48_000 }).fill(0xff, 40, 44);
  const stdin = Readable.from(
    (function* () {
      yield header;
      for (let i = 0; i < 3600; i++) yield second;
    })(),
  );
  const context = stageContext();
  const parsed = audioFilesKind.schema.parse({ kind: 'audio-files', files: '-' });
  const source = new AudioFilesSource(parsed, context, () => stdin);
  const decoder = wavKind.create({ kind: 'wav' }, context);
  let samples = 0;
  let end: Frame | undefined;
  let most = 0;
  const least = process.memoryUsage().rss;
  const done = new Promise<void>((resolve, reject) => {
    source.packets.subscribe({
      next: (batch) => {
        for (const packet of batch) {
          decoder.decode(packet, (frame) => {
            samples += frame.data.length;
            end = frame;
          });
        }
        most = Math.max(most, process.memoryUsage().rss);
        source.credit(batch.length);
      },
      error: reject,
      complete: resolve,
    });
  });
  await source.start(goOn);
  source.credit(64);
  await done;
  expect(samples).toBe(3600 * 48_000);
  expect(end).toMatchObject({ mark: 'end', us: 3600e6 });
  // The audio is 346 MB as it comes and 1.4 GB as samples.
  expect((most - least) / 1e6).toBeLessThan(120);
});
