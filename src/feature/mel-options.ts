/** Options of log-mel spectra and MFCC, by Kaldi's names and with its defaults; torchaudio's recipes set others. */
import { z } from 'zod';
import { MAX_SAMPLE_RATE_HZ } from '../core/pcm-format.js';
import { EDGES } from './framing.js';
import { MEL_TRIANGLES } from './mel-bank.js';
import { WINDOWS } from './window.js';

/** How samples become frames; the same for every kind of feature. */
export const frameShape = {
  frameLengthMs: z.number().positive().max(10_000).default(25).meta({
    title: 'Frame length',
    description: 'How much of the signal one vector describes.',
    unit: 'ms',
  }),
  frameShiftMs: z.number().positive().max(10_000).default(10).meta({
    title: 'Frame shift',
    description: 'Time from one vector to the next.',
    unit: 'ms',
  }),
  edges: z.enum(EDGES).default('snip').meta({
    title: 'Edges',
    description:
      "What the first and last frames see. snip: whole frames only (Kaldi's snip_edges); mirror: frame k is centred on hop k, the signal mirrored beyond its ends (no snip_edges); centre: frame k is centred on sample k · hop (torchaudio).",
  }),
};

/** How frames become energies in mel bands. */
const melShape = {
  ...frameShape,
  sampleScale: z.number().positive().max(1e9).default(1).meta({
    title: 'Sample scale',
    description: 'Samples, which are within [-1, 1], are multiplied by this; 32768 makes them 16-bit integers.',
  }),
  removeDc: z.boolean().default(true).meta({
    title: 'Remove the mean',
    description: 'Whether the mean of each frame (the direct current) is subtracted.',
  }),
  preEmphasis: z.number().min(0).max(1).default(0.97).meta({
    title: 'Pre-emphasis',
    description: 'Each sample minus this share of the one before it: raises high frequencies; 0: off.',
  }),
  window: z.enum(WINDOWS).default('povey').meta({
    title: 'Window',
    description: 'How a frame is faded in and out.',
  }),
  windowPeriodic: z.boolean().default(false).meta({
    title: 'Periodic window',
    description: 'Whether the window lacks its last sample, as in torchaudio.',
  }),
  roundToPowerOfTwo: z.boolean().default(true).meta({
    title: 'Round to a power of two',
    description: 'Whether frames are padded with zeros to the next power of two before the spectrum is taken.',
  }),
  usePower: z.boolean().default(true).meta({
    title: 'Power',
    description: 'Whether bands add up powers (true) or amplitudes.',
  }),
  melBins: z.int().min(1).max(512).default(23).meta({
    title: 'Mel bands',
    description: 'How many bands, equally wide on the mel scale.',
    unit: 'bands',
  }),
  lowFrequencyHz: z.number().min(0).max(MAX_SAMPLE_RATE_HZ).default(20).meta({
    title: 'Lowest frequency',
    description: 'Where the first band begins.',
    unit: 'Hz',
  }),
  highFrequencyHz: z.number().min(-2_000_000).max(2_000_000).default(0).meta({
    title: 'Highest frequency',
    description: 'Where the last band ends; 0 or negative: below half the sample rate by as much.',
    unit: 'Hz',
  }),
  melTriangles: z.enum(MEL_TRIANGLES).default('mel').meta({
    title: 'Sides of the bands',
    description: 'Scale on which the sides of a band are straight: mel (Kaldi) or hz (HTK, torchaudio).',
  }),
  logOffset: z.number().min(0).max(1).default(0).meta({
    title: 'Log offset',
    description: 'Added to an energy before its logarithm (torchaudio: 1e-6). Never below 1.19e-7 in any case.',
  }),
  rawEnergy: z.boolean().default(true).meta({
    title: 'Raw energy',
    description: "Whether a frame's own log energy is taken before pre-emphasis and window.",
  }),
  energyFloor: z.number().min(0).default(0).meta({
    title: 'Energy floor',
    description: "Least value of a frame's own energy before its logarithm; 0: 1.19e-7.",
  }),
};

export const logMelShape = {
  ...melShape,
  useLog: z.boolean().default(true).meta({
    title: 'Logarithm',
    description: 'Whether bands are logarithms (natural) or plain energies.',
  }),
  useEnergy: z.boolean().default(false).meta({
    title: 'Log energy',
    description: "Whether the frame's own log energy comes before the bands.",
  }),
};

export const mfccShape = {
  ...melShape,
  numCeps: z.int().min(1).max(512).default(13).meta({
    title: 'Coefficients',
    description: 'How many; at most as many as bands.',
  }),
  cepstralLifter: z.number().min(0).max(1000).default(22).meta({
    title: 'Cepstral lifter',
    description: 'Coefficient k is scaled by 1 + L/2 · sin(πk/L); 0: off.',
  }),
  useEnergy: z.boolean().default(true).meta({
    title: 'Log energy',
    description: "Whether the frame's own log energy takes the place of coefficient 0.",
  }),
};

const frameSchema = z.object(frameShape);
const melSchema = z.object(melShape);
const logMelSchema = z.object(logMelShape);
const mfccSchema = z.object(mfccShape);

export type FrameOptions = z.output<typeof frameSchema>;
export type MelOptions = z.output<typeof melSchema>;
export type LogMelOptions = z.output<typeof logMelSchema>;
export type MfccOptions = z.output<typeof mfccSchema>;

/** @param changes what differs from Kaldi's defaults */
export const logMelOptions = (changes: z.input<typeof logMelSchema> = {}): LogMelOptions => logMelSchema.parse(changes);
