import { describe, expect, it } from 'vitest';
import { SAMPLE_FORMATS } from '../../src/core/pcm-format.js';
import { wavKind } from '../../src/decode/wav.js';
import { audioDecoderContract } from '../contracts/audio-decoder.contract.js';
import { channelsOf, cut, framesOf, rateOf, samplesOf } from '../support/audio.js';
import { stageContext } from '../support/stages.js';
import { chunk, extensibleBody, fmtBody, pcmOf, riff, tone, wavOf } from '../support/wav.js';

const HEADER_BYTES = 44;
const LEVELS = [-1, -0.5, -1 / 128, 0, 1 / 128, 0.5, 127 / 128];

function wav() {
  const context = stageContext();
  return { decoder: wavKind.create(wavKind.schema.parse({ kind: 'wav' }), context), context };
}

/** What a whole file becomes, cut in the middle of everything. */
function read(file: Uint8Array) {
  const { decoder, context } = wav();
  const frames = framesOf(decoder, cut(file, [3, 17, 45, 101]));
  return { frames, samples: samplesOf(frames), counted: context.counters.toJSON(), log: context.log.lines };
}

const fmt16 = chunk('fmt ', fmtBody(1, 1, 16_000, 16));
const data16 = pcmOf(tone(400), 's16le');
const samples16 = read(wavOf(tone(400))).samples;

audioDecoderContract(
  'wav',
  (context) => wavKind.create({ kind: 'wav' }, context),
  wavOf(tone(8001, 440, 22_050, 3), {
    format: 'f32le',
    channels: 3,
    sampleRateHz: 22_050,
  }),
);

describe('WAV', () => {
  it.each(SAMPLE_FORMATS)('with samples of %s is read to the last bit', (format) => {
    const { samples, frames, counted } = read(wavOf(LEVELS, { format, sampleRateHz: 44_100 }));
    expect(samples).toEqual(LEVELS);
    expect(rateOf(frames[0])).toBe(44_100);
    expect(counted).toEqual({});
  });

  it.each([
    [16, 1, 's16le'],
    [24, 1, 's24le'],
    [32, 1, 's32le'],
    [32, 3, 'f32le'],
    [64, 3, 'f64le'],
  ] as const)('EXTENSIBLE, as sox and ffmpeg write %i bits (tag %i), is read', (bits, tag, format) => {
    const file = riff([chunk('fmt ', extensibleBody(tag, 1, 48_000, bits)), chunk('data', pcmOf(LEVELS, format))]);
    expect(read(file).samples).toEqual(LEVELS);
  });

  it('takes 20 bits from the three bytes that they lie in', () => {
    const body = fmtBody(1, 1, 16_000, 24);
    body.writeUInt16LE(20, 14);
    expect(read(riff([chunk('fmt ', body), chunk('data', pcmOf(LEVELS, 's24le'))])).samples).toEqual(LEVELS);
  });

  it('does without the bytes a frame that some writers leave 0', () => {
    const body = fmtBody(1, 1, 16_000, 16);
    body.writeUInt16LE(0, 12);
    expect(read(riff([chunk('fmt ', body), chunk('data', data16)])).samples).toEqual(samples16);
  });

  it('of three channels in float keeps them side by side', () => {
    const three = tone(50, 440, 16_000, 3);
    const { frames, samples } = read(wavOf(three, { format: 'f64le', channels: 3 }));
    expect(channelsOf(frames[0])).toBe(3);
    expect(samples).toEqual([...three]);
  });
});

describe('other chunks', () => {
  const titles = Buffer.from('INFOISFT\x06\x00\x00\x00Lavf58');

  it.each([
    ['before the audio', [fmt16, chunk('LIST', titles), chunk('data', data16)]],
    ['before the format', [chunk('LIST', titles), fmt16, chunk('fact', Buffer.alloc(4)), chunk('data', data16)]],
    ['after the audio', [fmt16, chunk('data', data16), chunk('LIST', titles)]],
    ['of odd length, padded', [fmt16, chunk('LIST', titles.subarray(1)), chunk('data', data16)]],
    ['of odd length, not padded', [fmt16, chunk('LIST', titles.subarray(1), undefined, false), chunk('data', data16)]],
    [
      'of odd length, before one that nobody knows',
      [
        fmt16,
        chunk('LIST', titles.subarray(1)),
        chunk('qwer', Buffer.alloc(5)),
        chunk('asdf', Buffer.alloc(7), undefined, false),
        chunk('data', data16),
      ],
    ],
    ['that are empty', [chunk('JUNK', Buffer.alloc(0)), fmt16, chunk('data', data16)]],
    ['that are large', [chunk('id3 ', Buffer.alloc(300_001, 'data')), fmt16, chunk('data', data16)]],
  ])('%s are passed over', (_where, chunks) => {
    const { samples, counted } = read(riff(chunks));
    expect(samples).toEqual(samples16);
    expect(counted).toEqual({});
  });

  it('are passed over behind an odd number of bytes of audio', () => {
    const file = riff([chunk('fmt ', fmtBody(1, 1, 16_000, 8)), chunk('data', Buffer.alloc(7)), chunk('LIST', titles)]);
    expect(read(file).samples).toHaveLength(7);
  });
});

/** A file of 400 samples that announces another number of bytes. */
function withSize(size: number): Buffer {
  const file = wavOf(tone(400));
  file.writeUInt32LE(size, HEADER_BYTES - 4);
  return file;
}

describe('the length of the audio', () => {
  it.each([
    ['0 (never filled in)', 0],
    ['0xFFFFFFFF (ffmpeg into a pipe)', 0xffffffff],
    ['0x7FFFF000 (sox into a pipe)', 0x7ffff000],
    ['0x80000000 (arecord into a pipe)', 0x80000000],
  ])('announced as %s reaches until the end', (_what, size) => {
    const { samples, counted, log, frames } = read(withSize(size));
    expect(samples).toEqual(samples16);
    expect(frames.at(-1)?.mark).toBe('end');
    expect([counted, log]).toEqual([{}, []]);
  });

  it('announced as 4 GB is what is there, with a warning of what is missing', () => {
    const { samples, counted, log } = read(withSize(0xfffffff0));
    expect(samples).toEqual(samples16);
    expect(counted).toEqual({ 'decode.wav-truncated': 1 });
    expect(log).toEqual([expect.stringMatching(/ends before.*"missingBytes":4294966480,"missingSeconds":134217\.7/)]);
  });

  it('of RF64 is in ds64', () => {
    const sizes = Buffer.alloc(28);
    sizes.writeBigUInt64LE(BigInt(data16.length), 8);
    const chunks = [chunk('ds64', sizes), fmt16, chunk('data', data16, 0xffffffff), chunk('LIST', Buffer.alloc(10))];
    for (const magic of ['RF64', 'BW64']) {
      const { samples, counted } = read(riff(chunks, magic));
      expect(samples).toEqual(samples16);
      expect(counted).toEqual({});
    }
  });

  it.each([1, 2, 401, 799])('cut short by %i bytes is what is there, with a warning', (missing) => {
    const file = wavOf(tone(400));
    const { samples, counted, log, frames } = read(file.subarray(0, file.length - missing));
    expect(samples).toEqual(samples16.slice(0, Math.floor((800 - missing) / 2)));
    expect(counted['decode.wav-truncated']).toBe(1);
    expect(frames.at(-1)?.mark).toBe('end');
    expect(log).toEqual([expect.stringContaining(`"missingBytes":${missing}`)]);
  });

  it('none at all: a header alone is an empty stream', () => {
    const { frames, counted } = read(wavOf([]));
    expect(frames.map(({ mark, data }) => [mark, data.length])).toEqual([['end', 0]]);
    expect(counted).toEqual({});
  });
});

describe('what is no WAV file that can be read', () => {
  const withTag = (tag: number): Buffer => riff([chunk('fmt ', fmtBody(tag, 1, 8000, 8)), chunk('data', data16)]);

  it.each([
    ['is empty', Buffer.alloc(0)],
    ['is text, not WAV', Buffer.from('Dear diary, today I renamed a file to .wav\n')],
    ['is an MP3 file, not WAV', Buffer.from('ID3\x03\x00\x00\x00\x00\x0f\x76TIT2')],
    ['is an MP3 file, not WAV', Buffer.from('fffb9064000000000000000000000000', 'hex')],
    ['is an AAC file, not WAV', Buffer.from('fff15080000000000000000000000000', 'hex')],
    ['is a FLAC file, not WAV', Buffer.from('fLaC\x00\x00\x00\x22\x10\x00\x10\x00')],
    ['is an Ogg file (Opus or Vorbis), not WAV', Buffer.from('OggS\x00\x02\x00\x00\x00\x00\x00\x00')],
    ['is a RIFF file of type AVI , not WAV', Buffer.from('RIFF\x00\x00\x01\x00AVI LIST')],
    ['is a big-endian WAV file (RIFX), not WAV', Buffer.from('RIFX\x00\x00\x01\x00WAVEfmt ')],
    ['does not begin like a WAV file', Buffer.alloc(100)],
    ['is a WAV file that ends before its audio', wavOf([]).subarray(0, 30)],
    ['holds A-law, not plain samples', withTag(6)],
    ['holds mu-law, not plain samples', withTag(7)],
    ['holds IMA ADPCM, not plain samples', withTag(0x11)],
    ['holds codec 0x1234, not plain samples', withTag(0x1234)],
    [
      'has integer samples of 12 bits in 12 bytes',
      riff([chunk('fmt ', Buffer.from('0100010080bb0000007701000c000c00', 'hex')), chunk('data', data16)]),
    ],
    [
      'says that it has 0 channels at 16000 Hz',
      riff([chunk('fmt ', fmtBody(1, 0, 16_000, 16)), chunk('data', data16)]),
    ],
    ['its chunks do not follow each other', riff([fmt16, Buffer.from('\x00\x01\x02\x03\x04\x05\x06\x07')])],
    ['does not say its format', riff([chunk('data', data16)])],
    ['its format is cut short', riff([chunk('fmt ', Buffer.alloc(14)), chunk('data', data16)])],
  ])('is dropped, and the log says that it %s', (what, file) => {
    const { frames, counted, log } = read(file);
    expect(frames).toEqual([]);
    expect(counted['decode.not-wav']).toBeGreaterThan(0);
    expect(Object.keys(counted)).toHaveLength(1);
    expect(log).toEqual([expect.stringContaining(what)]);
    expect(log[0]).toMatch(/"hint":"(convert it: `ffmpeg |record or copy it again)/);
  });
});

it('takes a file a message, one after the other, in one stream', () => {
  const { decoder, context } = wav();
  const [a, b] = [wavOf(tone(320)), wavOf(tone(160, 880, 8000), { sampleRateHz: 8000 })];
  const frames = framesOf(decoder, [
    { bytes: a, arrivedUs: 10e6 },
    { bytes: Buffer.from('not a WAV file at all, for once') },
    { bytes: b, arrivedUs: 20e6 },
  ]);
  expect(frames.map((frame) => [frame.mark, rateOf(frame), frame.data.length, frame.us])).toEqual([
    ['start', 16_000, 320, 9_980_000],
    ['end', 16_000, 0, 10e6],
    ['start', 8000, 160, 19_980_000],
    ['end', 8000, 0, 20e6],
  ]);
  expect(context.counters.toJSON()).toEqual({});
});

it('takes raw audio from a source that says so', () => {
  const { decoder } = wav();
  const properties = { sampleRateHz: '8000', channels: '1', format: 's16le' };
  const frames = framesOf(decoder, cut(data16, [101, 202], { properties }));
  expect(samplesOf(frames)).toEqual(samples16);
  expect([rateOf(frames[0]), frames.at(-1)?.mark]).toEqual([8000, 'end']);
});
