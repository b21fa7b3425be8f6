import { describe, expect, it } from 'vitest';
import { SAMPLE_FORMATS } from '../../src/core/pcm-format.js';
import { pcmKind } from '../../src/decode/pcm.js';
import { audioDecoderContract } from '../contracts/audio-decoder.contract.js';
import { channelsOf, cut, framesOf, rateOf, samplesOf, type Sent } from '../support/audio.js';
import { stageContext } from '../support/stages.js';
import { pcmOf, tone } from '../support/wav.js';

const ARRIVED = 1_700_000_000_000_000;

function pcm(options: Record<string, unknown> = {}, context = stageContext()) {
  return { decoder: pcmKind.create(pcmKind.schema.parse({ kind: 'pcm', ...options }), context), context };
}

audioDecoderContract(
  'pcm, 24 bits in stereo',
  (context) => {
    const options = pcmKind.schema.parse({ kind: 'pcm', format: 's24le', channels: 2, sampleRateHz: 8000 });
    return pcmKind.create(options, context);
  },
  pcmOf(tone(2801, 300, 8000, 2), 's24le'),
);

describe('raw samples', () => {
  it.each(SAMPLE_FORMATS)('of %s are read to the last bit', (format) => {
    const levels = [-1, -0.5, -1 / 128, 0, 1 / 128, 0.5, 127 / 128];
    const { decoder } = pcm({ format });
    expect(samplesOf(framesOf(decoder, cut(pcmOf(levels, format))))).toEqual(levels);
  });

  it.each([
    ['s16le', '0080 ff7f ffff', [-1, 32_767 / 32_768, -1 / 32_768]],
    ['s24le', '000080 ffff7f ffffff', [-1, 8_388_607 / 8_388_608, -1 / 8_388_608]],
    ['s32le', '00000080 ffffff7f ffffffff', [-1, 2_147_483_647 / 2_147_483_648, -1 / 2_147_483_648]],
    ['u8', '00 ff 7f', [-1, 127 / 128, -1 / 128]],
  ])('of %s reach from -1 to just below 1', (format, hex, expected) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(samplesOf(framesOf(pcm({ format }).decoder, cut(bytes)))).toEqual(expected);
  });

  it('that are floats beyond all bounds are made harmless and counted', () => {
    const { decoder, context } = pcm({ format: 'f32le' });
    const wild = pcmOf([0.5, 3, -7, Number.NaN, Number.POSITIVE_INFINITY], 'f32le');
    expect(samplesOf(framesOf(decoder, cut(wild)))).toEqual([0.5, 1, -1, 0, 0]);
    expect(context.counters.toJSON()).toEqual({ 'decode.clipped': 2, 'decode.not-finite': 2 });
  });
});

describe('a lost piece', () => {
  it('begins anew: whole samples, the time of arrival', () => {
    const { decoder, context } = pcm();
    const audio = pcmOf(tone(1600), 's16le');
    const frames = framesOf(decoder, [
      { bytes: audio.subarray(0, 1601), arrivedUs: ARRIVED },
      { bytes: audio.subarray(1600), arrivedUs: ARRIVED + 5e6, mark: 'gap' },
    ]);
    expect(frames.map(({ mark }) => mark)).toEqual(['start', 'gap']);
    expect(frames[1].us).toBe(ARRIVED + 5e6 - 50_000);
    expect(samplesOf(frames)).toEqual(samplesOf(framesOf(pcm().decoder, cut(audio))));
    expect(context.counters.get('decode.partial-sample')).toBe(1);
  });

  it('may be told before the next one comes', () => {
    const frames = framesOf(pcm().decoder, [
      { bytes: Buffer.alloc(3200), arrivedUs: ARRIVED },
      { bytes: Buffer.alloc(0), arrivedUs: ARRIVED + 1e6, mark: 'gap' },
      { bytes: Buffer.alloc(3200), arrivedUs: ARRIVED + 2e6 },
    ]);
    expect(frames.map(({ mark, us }) => [mark, us - ARRIVED])).toEqual([
      ['start', -100_000],
      ['gap', 1_900_000],
    ]);
  });
});

describe('the wire format over MQTT', () => {
  const audio = pcmOf(tone(4000, 440, 8000, 2), 's24le');
  const said = { sampleRateHz: 8000, channels: 2, format: 's24le' };
  const expected = samplesOf(framesOf(pcm({ sampleRateHz: 8000, channels: 2, format: 's24le' }).decoder, cut(audio)));
  const empty = Buffer.alloc(0);

  it('takes the format of a start message on a channel of its own, and ends with an end message', () => {
    const { decoder, context } = pcm();
    const frames = framesOf(decoder, [
      { channel: 'start', bytes: Buffer.from(JSON.stringify({ ...said, by: 'a device' })) },
      { channel: 'data', bytes: audio.subarray(0, 1000) },
      { channel: 'data', bytes: audio.subarray(1000) },
      { channel: 'end', bytes: empty },
    ]);
    expect(samplesOf(frames)).toEqual(expected);
    expect([rateOf(frames[0]), channelsOf(frames[0])]).toEqual([8000, 2]);
    expect([frames[0].mark, frames.at(-1)?.mark]).toEqual(['start', 'end']);
    expect(context.counters.toJSON()).toEqual({});
  });

  it('takes the format and the marks of user properties (MQTT 5)', () => {
    const text = { sampleRateHz: '8000', channels: '2', format: 's24le' };
    const messages: Sent[] = [
      { bytes: audio.subarray(0, 999), properties: { ...text, mark: 'start' } },
      { bytes: audio.subarray(999, 5000), properties: text },
      { bytes: audio.subarray(5000), properties: { mark: 'end' } },
    ];
    const frames = framesOf(pcm().decoder, messages);
    expect(samplesOf(frames)).toEqual(expected);
    expect(frames.at(-1)?.mark).toBe('end');
  });

  it('ends what was begun and never ended when another start comes', () => {
    const frames = framesOf(pcm().decoder, [
      { channel: 'start', bytes: empty },
      { channel: 'data', bytes: Buffer.alloc(320) },
      { channel: 'start', bytes: Buffer.from('{"sampleRateHz":48000}') },
      { channel: 'data', bytes: Buffer.alloc(320) },
    ]);
    expect(frames.map((frame) => [frame.mark, rateOf(frame)])).toEqual([
      ['start', 16_000],
      ['end', 16_000],
      ['start', 48_000],
    ]);
  });

  it('goes on after a gap when a device changes its format in between', () => {
    const frames = framesOf(pcm().decoder, [
      { bytes: Buffer.alloc(320), properties: { sampleRateHz: '16000' } },
      { bytes: Buffer.alloc(320), properties: { sampleRateHz: '8000' } },
    ]);
    expect(frames.map((frame) => [frame.mark, rateOf(frame)])).toEqual([
      ['start', 16_000],
      ['gap', 8000],
    ]);
  });

  it.each([
    ['a rate in words', '{"sampleRateHz":"fast"}'],
    ['no channels', '{"channels":0}'],
    ['an unknown format', '{"format":"mp3"}'],
    ['no JSON', 'sampleRateHz=16000'],
  ])('drops, and counts, what follows a start message with %s, until another comes', (_what, payload) => {
    const { decoder, context } = pcm();
    const frames = framesOf(decoder, [
      { channel: 'start', bytes: Buffer.from(payload) },
      { channel: 'data', bytes: audio },
      { channel: 'data', bytes: audio },
      { channel: 'end', bytes: empty },
      { channel: 'data', bytes: Buffer.alloc(320) },
    ]);
    expect(frames).toHaveLength(1);
    expect(context.counters.toJSON()).toEqual({ 'decode.bad-format': 3 });
    expect(context.log.lines).toEqual([expect.stringContaining('cannot be')]);
  });
});

it('wonders about raw audio that begins like a WAV file', () => {
  const { decoder, context } = pcm();
  framesOf(decoder, cut(Buffer.from('RIFF....WAVEfmt ')));
  expect(context.log.lines).toEqual([expect.stringContaining('decode: wav')]);
});

it('remembers a bounded number of streams', () => {
  const { decoder, context } = pcm();
  framesOf(
    decoder,
    Array.from({ length: 1100 }, (_, i) => ({ stream: `s${i}`, bytes: Buffer.alloc(2) })),
  );
  expect(context.counters.toJSON()).toEqual({ 'decode.stream-forgotten': 76 });
});
