import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { normal } from '../../src/core/random.js';
import { FramedExtractor } from '../../src/feature/framed.js';
import { LogMel, recogniserFrames } from '../../src/feature/log-mel.js';
import { logMelOptions } from '../../src/feature/mel-options.js';
import { FLT_EPSILON } from '../../src/feature/mel-spectrum.js';
import { Mfcc } from '../../src/feature/mfcc.js';
import { frameExtractorContract } from '../contracts/frame-extractor.contract.js';
import { mfccOptions, TORCHAUDIO } from './recipes.js';
import { vectorsOf } from './reference.js';

const SPEECH = { sampleRateHz: 16_000, melBins: 80, lowFrequencyHz: 20, highFrequencyHz: -400, sampleScale: 1 };

function sine(hz: number, rateHz: number, samples: number, amplitude = 0.5): Float64Array {
  return Float64Array.from({ length: samples }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / rateHz));
}

/** The number of the largest value of a vector. */
function loudest(vectors: Float32Array, width: number, vector: number): number {
  const row = vectors.subarray(vector * width, (vector + 1) * width);
  return row.indexOf(Math.max(...row));
}

const make = (changes: object, rateHz: number) => (): LogMel => new LogMel(logMelOptions(changes), rateHz);

describe('log-mel', () => {
  it('shows a tone in the band that is named after it, at any rate', () => {
    for (const rateHz of [3200, 8000, 16_000, 44_100, 48_000]) {
      const transform = new LogMel(logMelOptions({ melBins: 20, lowFrequencyHz: 50, highFrequencyHz: 1500 }), rateHz);
      for (const [band, name] of transform.names.entries()) {
        const hz = Number(/^mel\.(\d+)Hz$/.exec(name)?.[1]);
        const vectors = vectorsOf(new FramedExtractor(transform), sine(hz, rateHz, rateHz / 4), [rateHz]);
        expect(loudest(vectors, 20, 5)).toBe(band);
      }
    }
  });

  it('has the same names at every rate when the range is given in Hz', () => {
    const options = logMelOptions({ melBins: 16, lowFrequencyHz: 100, highFrequencyHz: 4000 });
    expect(new LogMel(options, 16_000).names).toEqual(new LogMel(options, 44_100).names);
  });

  it('numbers bands that are closer than 1 Hz', () => {
    const names = new LogMel(logMelOptions({ melBins: 30, lowFrequencyHz: 50, highFrequencyHz: 60 }), 16_000).names;
    expect(new Set(names).size).toBe(30);
    expect(names[0]).toBe('mel.50Hz.0');
  });

  it('is the logarithm of the float32 epsilon in silence, whatever the scale', () => {
    const vectors = vectorsOf(recogniserFrames(SPEECH)(), new Float64Array(1600), [160]);
    expect([...vectors]).toEqual(Array.from(vectors, () => Math.fround(Math.log(FLT_EPSILON))));
  });

  it('counts a sample that is not a number as silence instead of handing it on', () => {
    const samples = sine(440, 16_000, 1600);
    samples[700] = Number.NaN;
    expect(vectorsOf(recogniserFrames(SPEECH)(), samples, [160]).every(Number.isFinite)).toBe(true);
  });

  it('gives floor((n + 80) / 160) vectors of n samples to a recogniser, none of nothing', () => {
    for (const n of [0, 1, 79, 80, 239, 240, 400, 16_000]) {
      expect(vectorsOf(recogniserFrames(SPEECH)(), sine(440, 16_000, n), [n + 1]).length / 80).toBe(
        Math.floor((n + 80) / 160),
      );
    }
  });

  it('takes energies and amplitudes instead of logarithms when it is told so', () => {
    const samples = Float64Array.from({ length: 400 }, (_, i) => 0.1 * normal(1, 0, i));
    const values = (changes: object): Float32Array =>
      vectorsOf(new FramedExtractor(new LogMel(logMelOptions(changes), 16_000)), samples, [400]);
    values({}).forEach((value, i) => expect(value).toBeCloseTo(Math.log(values({ useLog: false })[i]), 4));
    expect(values({ useLog: false, usePower: false })[3]).not.toBeCloseTo(values({ useLog: false })[3], 2);
    values({ sampleScale: 2 }).forEach((value, i) => expect(value).toBeCloseTo(values({})[i] + Math.log(4), 4));
  });

  it('says why bands or frames do not fit the rate', () => {
    expect(make({ highFrequencyHz: 4000 }, 3200)).toThrow(/20 to 4000 Hz do not fit .* goes up to 1600 Hz/);
    expect(make({ lowFrequencyHz: 2000 }, 3200)).toThrow(UserError);
    expect(make({ highFrequencyHz: -1600 }, 3200)).toThrow(UserError);
    expect(make({ frameLengthMs: 0.5 }, 3200)).toThrow(/1 and 32 samples at 3200 Hz/);
    expect(make({ frameShiftMs: 0.1 }, 3200)).toThrow(UserError);
    expect(() => new Mfcc(mfccOptions({ numCeps: 30 }), 16_000)).toThrow(/30 coefficients .* 23 mel bands/);
  });
});

const energyOf = (changes: object): number => {
  const options = logMelOptions({ useEnergy: true, ...changes });
  const samples = sine(400, 16_000, 400).map((sample) => sample + 0.25);
  return vectorsOf(new FramedExtractor(new LogMel(options, 16_000)), samples, [400])[0];
};

describe("a frame's own energy", () => {
  it('is that of the signal without its mean, before pre-emphasis and window', () => {
    expect(energyOf({})).toBeCloseTo(Math.log(400 * 0.125), 5);
    expect(energyOf({ removeDc: false })).toBeCloseTo(Math.log(400 * (0.125 + 0.0625)), 5);
  });

  it('is that of what the spectrum is taken of, when it is told so', () => {
    expect(energyOf({ rawEnergy: false, preEmphasis: 0, window: 'rectangular' })).toBeCloseTo(Math.log(50), 5);
    expect(energyOf({ rawEnergy: false })).toBeLessThan(Math.log(50) - 1);
  });

  it('has a floor', () => {
    expect(energyOf({ energyFloor: 1000 })).toBeCloseTo(Math.log(1000), 5);
  });
});

frameExtractorContract('LogMel of a recogniser', recogniserFrames(SPEECH), 2500);

const mirrored = new Mfcc(mfccOptions({ edges: 'mirror', frameLengthMs: 20 }), 8000);
frameExtractorContract('Mfcc', () => new FramedExtractor(mirrored), 1200);

const centred = new Mfcc(mfccOptions({ ...TORCHAUDIO, frameLengthMs: 25.125 }), 8000);
frameExtractorContract("Mfcc by torchaudio's recipe, frames of odd length", () => new FramedExtractor(centred), 1200);

const snipped = new LogMel(logMelOptions({ frameLengthMs: 5, frameShiftMs: 12, useEnergy: true }), 8000);
frameExtractorContract('LogMel with time between its frames', () => new FramedExtractor(snipped), 1200);
