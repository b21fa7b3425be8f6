/** How the samples of raw audio (PCM) are written, and where a sender says so. */
import { z } from 'zod';

/** Unsigned or signed integers and floats, little-endian. */
export const SAMPLE_FORMATS = ['u8', 's16le', 's24le', 's32le', 'f32le', 'f64le'] as const;
export type SampleFormat = (typeof SAMPLE_FORMATS)[number];

export const BYTES_PER_SAMPLE: Readonly<Record<SampleFormat, number>> = {
  u8: 1,
  s16le: 2,
  s24le: 3,
  s32le: 4,
  f32le: 4,
  f64le: 8,
};

export const MAX_CHANNELS = 64;
/** Beyond any sound card; vibration and ultrasound are below as well. */
export const MAX_SAMPLE_RATE_HZ = 4_000_000;

/** Options of whatever takes raw audio; the same keys say it in `Packet.properties`. */
export const pcmShape = {
  sampleRateHz: z.int().min(1).max(MAX_SAMPLE_RATE_HZ).default(16_000).meta({
    title: 'Sample rate',
    description: 'Samples of one channel in a second.',
    unit: 'Hz',
  }),
  channels: z.int().min(1).max(MAX_CHANNELS).default(1).meta({
    title: 'Channels',
    description: 'Channels that take turns, sample by sample.',
  }),
  format: z.enum(SAMPLE_FORMATS).default('s16le').meta({
    title: 'Sample format',
    description: 'u: unsigned, s: signed, f: float; bits of a sample; le: least significant byte first.',
  }),
};

const pcmSchema = z.strictObject(pcmShape);

/** zod fills in what is absent: exactly the keys of `pcmShape`. */
export type PcmFormat = Readonly<z.output<typeof pcmSchema>>;

export function bytesPerFrame({ channels, format }: PcmFormat): number {
  return channels * BYTES_PER_SAMPLE[format];
}

/**
 * What a sender says about its audio, on top of what is known without.
 * @param said numbers may be text, as in MQTT user properties; other keys are ignored
 * @returns undefined when a value is none that can be
 */
export function pcmFormatOf(said: Readonly<Record<string, unknown>>, otherwise: PcmFormat): PcmFormat | undefined {
  const { sampleRateHz, channels, format } = said;
  const parsed = pcmSchema.safeParse({
    sampleRateHz: numberOf(sampleRateHz ?? otherwise.sampleRateHz),
    channels: numberOf(channels ?? otherwise.channels),
    format: format ?? otherwise.format,
  });
  return parsed.success ? parsed.data : undefined;
}

function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,9}$/.test(value.trim()) ? Number(value) : value;
}
