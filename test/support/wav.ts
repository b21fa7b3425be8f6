/** WAV files and raw audio made byte by byte, in tests; independent of what is under test. */
import type { SampleFormat } from '../../src/core/pcm-format.js';

const BITS: Readonly<Record<SampleFormat, number>> = { u8: 8, s16le: 16, s24le: 24, s32le: 32, f32le: 32, f64le: 64 };

/** Samples in [-1, 1] → bytes. */
export function pcmOf(samples: ArrayLike<number>, format: SampleFormat): Buffer {
  const width = BITS[format] / 8;
  const bytes = Buffer.alloc(samples.length * width);
  const whole = (sample: number): number => {
    const most = 2 ** (BITS[format] - 1);
    return Math.max(-most, Math.min(most - 1, Math.round(sample * most)));
  };
  for (let i = 0; i < samples.length; i++) {
    const at = i * width;
    if (format === 'f64le') bytes.writeDoubleLE(samples[i], at);
    else if (format === 'f32le') bytes.writeFloatLE(samples[i], at);
    else if (format === 'u8') bytes.writeUInt8(whole(samples[i]) + 128, at);
    else bytes.writeIntLE(whole(samples[i]), at, width);
  }
  return bytes;
}

export function chunk(id: string, body: Uint8Array, announced = body.length, padded = true): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, 'latin1');
  head.writeUInt32LE(announced, 4);
  return Buffer.concat([head, body, Buffer.alloc(padded && body.length % 2 === 1 ? 1 : 0)]);
}

/** [MS-RIFF] `fmt `, 16 bytes. */
export function fmtBody(tag: number, channels: number, sampleRateHz: number, bits: number): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt16LE(tag, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(sampleRateHz, 4);
  body.writeUInt32LE((sampleRateHz * channels * bits) / 8, 8);
  body.writeUInt16LE((channels * bits) / 8, 12);
  body.writeUInt16LE(bits, 14);
  return body;
}

/** The same, 40 bytes: WAVE_FORMAT_EXTENSIBLE with `tag` in its GUID. */
export function extensibleBody(tag: number, channels: number, sampleRateHz: number, bits: number): Buffer {
  const rest = Buffer.from('16000000000000000000000000001000800000aa00389b71', 'hex');
  rest.writeUInt16LE(bits, 2);
  rest.writeUInt16LE(tag, 8);
  return Buffer.concat([fmtBody(0xfffe, channels, sampleRateHz, bits), rest]);
}

export function riff(chunks: readonly Uint8Array[], magic = 'RIFF'): Buffer {
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  return chunk(magic, body, magic === 'RIFF' ? body.length : 0xffffffff);
}

export interface WavParts {
  readonly format?: SampleFormat;
  readonly sampleRateHz?: number;
  readonly channels?: number;
}

/** A plain WAV file. @param samples interleaved */
export function wavOf(
  samples: ArrayLike<number>,
  { format = 's16le', sampleRateHz = 16_000, channels = 1 }: WavParts = {},
): Buffer {
  const tag = format.startsWith('f') ? 3 : 1;
  return riff([
    chunk('fmt ', fmtBody(tag, channels, sampleRateHz, BITS[format])),
    chunk('data', pcmOf(samples, format)),
  ]);
}

/** A tone that fits any format. @param n samples (of each channel) */
export function tone(n: number, hz = 440, sampleRateHz = 16_000, channels = 1): Float64Array {
  const samples = new Float64Array(n * channels);
  for (let i = 0; i < samples.length; i++) {
    const at = Math.floor(i / channels);
    samples[i] = 0.5 * Math.sin((2 * Math.PI * hz * at) / sampleRateHz + (i % channels));
  }
  return samples;
}
