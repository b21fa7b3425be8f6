/** Options of features that references were computed with. */
import { z } from 'zod';
import { type MfccOptions, mfccShape } from '../../src/feature/mel-options.js';

const mfccSchema = z.object(mfccShape);

/** @param changes what differs from Kaldi's defaults */
export const mfccOptions = (changes: z.input<typeof mfccSchema> = {}): MfccOptions => mfccSchema.parse(changes);

/** What torchaudio's MelSpectrogram does differently (n_fft = frame length, center, reflect, HTK mels, no norm). */
export const TORCHAUDIO = {
  edges: 'centre',
  removeDc: false,
  preEmphasis: 0,
  window: 'hann',
  windowPeriodic: true,
  roundToPowerOfTwo: false,
  lowFrequencyHz: 0,
  melTriangles: 'hz',
  logOffset: 1e-6,
  cepstralLifter: 0,
  useEnergy: false,
} as const;
