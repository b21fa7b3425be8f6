import Meyda from 'meyda';
import { describe, expect, it } from 'vitest';
import { normal } from '../../src/core/random.js';
import { type Descriptor, DESCRIPTORS, Descriptors } from '../../src/feature/descriptors.js';
import { FramedExtractor } from '../../src/feature/framed.js';
import { frameExtractorContract } from '../contracts/frame-extractor.contract.js';
import { vectorsOf } from './reference.js';

const RATE_HZ = 16_000;

interface Meydas {
  bufferSize: number;
  sampleRate: number;
  windowingFunction: string;
  barkScale: Float32Array | undefined;
  extract(feature: string, signal: Float32Array): number | { readonly total: number };
}
const meyda = Meyda as unknown as Meydas;

/** Frames of `size` samples, one after the other. */
function extractor(
  size: number,
  rateHz = RATE_HZ,
  descriptors: readonly Descriptor[] = DESCRIPTORS,
  removeDc = true,
): FramedExtractor {
  const ms = (1000 * size) / rateHz;
  const options = { frameLengthMs: ms, frameShiftMs: ms, edges: 'snip', descriptors, removeDc } as const;
  return new FramedExtractor(new Descriptors(options, rateHz));
}

/** Descriptors of each frame of `size` samples. */
function describeFrames(samples: Float64Array, size: number, rateHz = RATE_HZ): Record<Descriptor, number>[] {
  const vectors = vectorsOf(extractor(size, rateHz), samples, [samples.length]);
  return Array.from({ length: vectors.length / DESCRIPTORS.length }, (_, frame) => {
    const entries = DESCRIPTORS.map((name, i) => [name, vectors[frame * DESCRIPTORS.length + i]] as const);
    return Object.fromEntries(entries) as Record<Descriptor, number>;
  });
}

const sine = (hz: number, size: number, rateHz = RATE_HZ): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / rateHz));
const noise = (size: number): Float64Array => Float64Array.from({ length: size }, (_, i) => 0.1 * normal(3, 0, i));

describe('descriptors', () => {
  it('equal those of meyda where those are right, once its global settings are', () => {
    for (const size of [256, 1024]) {
      const mixed = noise(size).map((value, i) => value + 0.3 * Math.sin((2 * Math.PI * 40 * i) / size));
      const mean = mixed.reduce((sum, value) => sum + value, 0) / size;
      const samples = mixed.map((value) => value - mean);
      const [ours] = describeFrames(samples, size);
      const theirs = (feature: string, window = 'hanning'): number => {
        Object.assign(meyda, { bufferSize: size, sampleRate: RATE_HZ, barkScale: undefined });
        meyda.windowingFunction = window;
        const value = meyda.extract(feature, Float32Array.from(samples));
        return typeof value === 'number' ? value : value.total;
      };
      const binHz = RATE_HZ / size;
      const expected = {
        rms: theirs('rms', 'rect'),
        energy: theirs('energy', 'rect'),
        zeroCrossingRateHz: (theirs('zcr', 'rect') * RATE_HZ) / (size - 1),
        spectralCentroidHz: theirs('spectralCentroid') * binHz,
        spectralSpreadHz: theirs('spectralSpread') * binHz,
        spectralSkewness: theirs('spectralSkewness'),
        spectralKurtosis: theirs('spectralKurtosis'),
        spectralFlatness: theirs('spectralFlatness'),
        spectralCrest: theirs('spectralCrest'),
        loudness: theirs('loudness'),
        perceptualSpread: theirs('perceptualSpread'),
      };
      const ratios = Object.entries(expected).map(([name, value]) => [name, ours[name as Descriptor] / value] as const);
      expect(ratios.filter(([, ratio]) => !(Math.abs(ratio - 1) < 1e-4))).toEqual([]);
    }
  });

  it('do not depend on what else uses meyda, nor disturb it', () => {
    Object.assign(meyda, { bufferSize: 512, sampleRate: 44_100, windowingFunction: 'rect', barkScale: undefined });
    const before = JSON.stringify(describeFrames(noise(1024), 1024));
    meyda.extract('loudness', Float32Array.from(noise(512)));
    expect(JSON.stringify(describeFrames(noise(1024), 1024))).toBe(before);
    expect([meyda.bufferSize, meyda.sampleRate, meyda.windowingFunction]).toEqual([512, 44_100, 'rect']);
  });

  it('tell the frequency of a tone in Hz, whatever the frame and the rate', () => {
    for (const [size, rateHz] of [
      [512, 16_000],
      [400, 16_000],
      [551, 3200],
      [2048, 48_000],
    ]) {
      const hz = rateHz / 8;
      const [{ spectralCentroidHz, spectralSpreadHz, spectralRolloffHz, zeroCrossingRateHz }] = describeFrames(
        sine(hz, size, rateHz),
        size,
        rateHz,
      );
      expect(Math.abs(spectralCentroidHz / hz - 1)).toBeLessThan(0.02);
      expect(spectralSpreadHz).toBeLessThan(0.2 * hz);
      expect(Math.abs(spectralRolloffHz - hz)).toBeLessThan((4 * rateHz) / size);
      expect(Math.abs(zeroCrossingRateHz / (2 * hz) - 1)).toBeLessThan(0.02);
    }
  });

  it('give the rolloff as the frequency of a bin below the Nyquist frequency', () => {
    for (const size of [64, 101]) {
      for (const { spectralRolloffHz } of describeFrames(noise(20 * size), size)) {
        const bin = (spectralRolloffHz * size) / RATE_HZ;
        expect(bin).toBeCloseTo(Math.round(bin), 3);
        expect(spectralRolloffHz).toBeLessThan(RATE_HZ / 2);
      }
    }
  });

  it('of a sine are its textbook values', () => {
    const [values] = describeFrames(sine(1000, 1600), 1600);
    expect(values.rms).toBeCloseTo(0.5 / Math.SQRT2, 6);
    expect(values.energy).toBeCloseTo(1600 * 0.125, 4);
    expect(values.crestFactor).toBeCloseTo(Math.SQRT2, 4);
    expect(values.kurtosis).toBeCloseTo(1.5, 4);
    expect(values.spectralFlatness).toBeLessThan(0.05);
  });

  it('of noise are those of noise: flat, falling nowhere, kurtosis 3', () => {
    const [values] = describeFrames(noise(16_000), 16_000);
    expect(values.kurtosis).toBeCloseTo(3, 0);
    expect(values.spectralFlatness).toBeGreaterThan(0.8);
    expect(Math.abs(values.spectralCentroidHz / 4000 - 1)).toBeLessThan(0.03);
    // The line falls or rises by little of the mean amplitude, 1 / 8000 bins, over 8000 Hz.
    expect(Math.abs(values.spectralSlopePerHz) * 8000).toBeLessThan(0.1 / 8000);
  });

  it('measure the slope of a spectrum that falls in a straight line', () => {
    // One sample of the click has all frequencies alike, its neighbour half as strong makes amplitudes fall with frequency.
    const size = 512;
    const click = new Float64Array(size);
    click[255] = 0.5;
    click[256] = 0.5;
    const [{ spectralSlopePerHz }] = describeFrames(click, size);
    const amplitudes = Array.from({ length: 256 }, (_, k) => (k === 0 ? 0 : Math.cos((Math.PI * k) / size)));
    const total = amplitudes.reduce((sum, a) => sum + a, 0);
    const hz = amplitudes.map((_, k) => (k * RATE_HZ) / size);
    const meanHz = hz.reduce((sum, f) => sum + f, 0) / 256;
    const above = amplitudes.reduce((sum, a, k) => sum + (a / total) * (hz[k] - meanHz), 0);
    const slope = above / hz.reduce((sum, f) => sum + (f - meanHz) ** 2, 0);
    expect(spectralSlopePerHz / slope).toBeCloseTo(1, 1);
  });

  it('notice a sudden sound by the flux, and none in the first frame or while nothing changes', () => {
    const samples = new Float64Array(4 * 512);
    samples.set(sine(1000, 1024), 1024);
    const flux = describeFrames(samples, 512).map(({ spectralFlux }) => spectralFlux);
    expect(flux[0]).toBe(0);
    expect(flux[1]).toBe(0);
    expect(flux[2]).toBeGreaterThan(10);
    expect(flux[3]).toBeLessThan(1e-3);
  });

  it('of silence are 0, also when it has an offset', () => {
    for (const offset of [0, 0.1, -1 / 3]) {
      for (const values of describeFrames(new Float64Array(2048).fill(offset), 512)) {
        expect(Object.values(values)).toEqual(DESCRIPTORS.map(() => 0));
      }
    }
  });

  it('are finite for what is hardly a signal: one click, full scale, not a number', () => {
    const click = new Float64Array(512);
    click[17] = 1;
    const broken = noise(512).map((value, i) => (i === 5 ? Number.NaN : value));
    const full = Float64Array.from({ length: 512 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    for (const samples of [click, broken, full, click.map((x) => x * 1e-7)]) {
      for (const size of [512, 8, 3, 2]) {
        for (const values of describeFrames(samples, size)) {
          expect(Object.values(values).every(Number.isFinite)).toBe(true);
        }
      }
    }
  });
});

frameExtractorContract('Descriptors', () => extractor(100), 1000);
frameExtractorContract('Descriptors with an offset and without memory', () => extractor(64, 3200, ['rms'], false), 500);
