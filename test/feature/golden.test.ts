/**
 * The same features as Kaldi's own programs and as torchaudio, streamed in random pieces. Tolerances: README of
 * ../shared/data/reference-features; those programs compute in float32, kioku in float64.
 */
import * as fc from 'fast-check';
import { describe, expect, it, type TestContext } from 'vitest';
import type { FrameExtractor } from '../../src/core/contracts.js';
import { FramedExtractor, type FrameTransform } from '../../src/feature/framed.js';
import { LogMel, recogniserFrames } from '../../src/feature/log-mel.js';
import { logMelOptions } from '../../src/feature/mel-options.js';
import { Mfcc } from '../../src/feature/mfcc.js';
import { needsSharedData } from '../support/needs.js';
import { mfccOptions, TORCHAUDIO } from './recipes.js';
import { difference, pieceSizes, readKaldiText, readNpy, readWav16, vectorsOf, type Matrix } from './reference.js';

const FILES = ['arctic_a0024', 'asc_seven_00000001_NO_01', 'fsdd_3_george_10'];
/** Kaldi reads 16-bit integers. */
const INTEGERS = { sampleScale: 32_768 };
const FBANK80 = { ...INTEGERS, melBins: 80 };

type Recipe = (rateHz: number) => FrameTransform;

const RECIPES: Readonly<Record<string, Recipe>> = {
  'kaldi-fbank80.snip': (rateHz) => new LogMel(logMelOptions(FBANK80), rateHz),
  'kaldi-fbank80.nosnip': (rateHz) => new LogMel(logMelOptions({ ...FBANK80, edges: 'mirror' }), rateHz),
  'kaldi-mfcc13.snip': (rateHz) => new Mfcc(mfccOptions(INTEGERS), rateHz),
  'kaldi-mfcc13.nosnip': (rateHz) => new Mfcc(mfccOptions({ ...INTEGERS, edges: 'mirror' }), rateHz),
  'torchaudio-melspec40': (rateHz) => new LogMel(logMelOptions({ ...TORCHAUDIO, melBins: 40, useLog: false }), rateHz),
  'torchaudio-mfcc13.logmels': (rateHz) => new Mfcc(mfccOptions({ ...TORCHAUDIO, melBins: 40 }), rateHz),
};

/** Kaldi's own binaries on a sweep of sines; all other defaults are Kaldi's. */
const BINARIES: Readonly<Record<string, Recipe>> = {
  test: (rateHz) => new LogMel(logMelOptions(INTEGERS), rateHz),
  'test-40': (rateHz) => new LogMel(logMelOptions({ ...INTEGERS, melBins: 40 }), rateHz),
  'test-40-no-snip-edges': (rateHz) => new LogMel(logMelOptions({ ...INTEGERS, melBins: 40, edges: 'mirror' }), rateHz),
  'test-with-energy': (rateHz) => new LogMel(logMelOptions({ ...INTEGERS, useEnergy: true }), rateHz),
  'test-mfcc': (rateHz) => new Mfcc(mfccOptions(INTEGERS), rateHz),
  'test-mfcc-no-snip-edges': (rateHz) => new Mfcc(mfccOptions({ ...INTEGERS, edges: 'mirror' }), rateHz),
};

const folder = (ctx: TestContext): string => needsSharedData(ctx, 'reference-features');

/** Streams the samples in one piece and in random ones, which must not differ in a single bit. */
function streamed(extractor: () => FrameExtractor, samples: Float64Array, reference: Matrix): Float32Array {
  const whole = vectorsOf(extractor(), samples, [samples.length]);
  expect([whole.length / reference.columns, extractor().width]).toEqual([reference.rows, reference.columns]);
  fc.assert(
    fc.property(pieceSizes, (pieces) => {
      expect(Buffer.from(vectorsOf(extractor(), samples, pieces).buffer)).toEqual(Buffer.from(whole.buffer));
    }),
    { numRuns: 5 },
  );
  return whole;
}

describe.each(Object.entries(RECIPES))('%s', (recipe, make) => {
  it.for(FILES)('equals torchaudio on %s', (file, ctx) => {
    const at = folder(ctx);
    const { rateHz, samples } = readWav16(`${at}/wav/${file}.wav`);
    const reference = readNpy(`${at}/${file}.${recipe}.npy`);
    const transform = make(rateHz);
    const whole = streamed(() => new FramedExtractor(transform), samples, reference);
    const { max, mean } = difference(whole, reference.data);
    expect(max).toBeLessThan(5e-3);
    expect(mean).toBeLessThan(2e-4);
  });
});

describe('sherpa-fbank80', () => {
  it.for(FILES)('equals the features that recognisers learnt from on %s', (file, ctx) => {
    const at = folder(ctx);
    const { rateHz, samples } = readWav16(`${at}/wav/${file}.wav`);
    const reference = readNpy(`${at}/${file}.sherpa-fbank80.npy`);
    const bands = { sampleRateHz: rateHz, melBins: 80, lowFrequencyHz: 20, highFrequencyHz: -400, sampleScale: 1 };
    const whole = streamed(recogniserFrames(bands), samples, reference);
    const { max, mean } = difference(whole, reference.data);
    expect(max).toBeLessThan(5e-3);
    expect(mean).toBeLessThan(2e-4);
  });
});

describe("Kaldi's own compute-fbank-feats and compute-mfcc-feats", () => {
  it.for(Object.entries(BINARIES))('%s', ([name, make], ctx) => {
    const at = `${folder(ctx)}/kaldi-binaries`;
    const { rateHz, samples } = readWav16(`${at}/test.wav`);
    const reference = readKaldiText(`${at}/${name}.txt`);
    const transform = make(rateHz);
    const whole = streamed(() => new FramedExtractor(transform), samples, reference);
    const { max, mean } = difference(whole, reference.data);
    // Bands beside a pure tone are at the floor of float32.
    expect(max).toBeLessThan(0.1);
    expect(mean).toBeLessThan(5e-3);
  });
});
