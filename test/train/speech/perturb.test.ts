import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PowerSpectrum } from '../../../src/feature/power-spectrum.js';
import { Draws } from '../../../src/train/speech/draws.js';
import { pinkNoise } from '../../../src/train/speech/noise.js';
import { drawRoom, inRoom } from '../../../src/train/speech/room.js';
import { stretched } from '../../../src/train/speech/speed.js';
import { RATE_HZ } from './words.js';

describe('speed', () => {
  it('changes length and pitch by the factor', () => {
    const hz = 400;
    const tone = Float32Array.from({ length: 4000 }, (_, i) => Math.sin((2 * Math.PI * hz * i) / RATE_HZ));
    for (const speed of [0.85, 0.97, 1.18]) {
      const out = stretched(tone, speed);
      expect(out).toHaveLength(Math.round(4000 / speed));
      const errors = Array.from(out.subarray(2, -2), (value, k) =>
        Math.abs(value - Math.sin((2 * Math.PI * hz * speed * (k + 2)) / RATE_HZ)),
      );
      expect(Math.max(...errors)).toBeLessThan(0.01);
    }
  });

  it('of 1 changes nothing; of nothing makes nothing', () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true, min: -1, max: 1 }), (samples) => {
        expect(Array.from(stretched(samples, 1), (value) => value + 0)).toEqual(
          Array.from(samples, (value) => value + 0),
        );
      }),
    );
  });
});

describe('pink noise', () => {
  it('falls by 3 dB an octave and has no offset', () => {
    const noise = pinkNoise(1, 2 ** 17);
    const size = 4096;
    const spectrum = new PowerSpectrum(size);
    const octaves = new Float64Array(7);
    const frame: number[] = [];
    const powers: number[] = [];
    for (let from = 0; from + size <= noise.length; from += size) {
      for (let i = 0; i < size; i++) frame[i] = noise[from + i] * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
      spectrum.of(frame, powers);
      for (let k = 8; k < 1024; k++) octaves[Math.floor(Math.log2(k / 8))] += powers[k];
    }
    const decibels = Array.from(octaves, (power) => 10 * Math.log10(power));
    // Equal power in every octave.
    const mean = decibels.reduce((a, b) => a + b) / decibels.length;
    for (const value of decibels) expect(Math.abs(value - mean)).toBeLessThan(1.5);
    const offset = noise.reduce((a, b) => a + b) / noise.length;
    expect(Math.abs(offset)).toBeLessThan(0.5);
  });

  it('of another seed is another, of the same the same', () => {
    expect(pinkNoise(1, 100)).toEqual(pinkNoise(1, 1000).slice(0, 100));
    expect(pinkNoise(2, 100)).not.toEqual(pinkNoise(1, 100));
  });
});

describe('a room', () => {
  it('adds one reflection after the other, however long they are and whatever they come to', () => {
    const reflection = fc.record({
      delay: fc.integer({ min: 1, max: 40 }),
      gain: fc.double({ min: -1, max: 1, noNaN: true }),
    });
    const signal = fc.float64Array({ min: -1, max: 1, noNaN: true, maxLength: 60 });
    fc.assert(
      fc.property(signal, fc.array(reflection, { maxLength: 11 }), (samples, reflections) => {
        const expected = samples.map((sample, i) =>
          reflections.reduce((sum, { delay, gain }) => (i < delay ? sum : sum + gain * samples[i - delay]), sample),
        );
        expect(inRoom(samples, reflections)).toEqual(expected);
      }),
    );
  });

  it('never sounds before the direct sound, dies away, and has the energy it should', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const room = drawRoom(RATE_HZ, new Draws(seed, 0, 0));
        const impulse = new Float64Array(RATE_HZ);
        impulse[1000] = 1;
        const heard = inRoom(impulse, room);
        expect(heard.subarray(0, 1000).every((value) => value === 0)).toBe(true);
        expect(heard[1000]).toBe(1);
        const energy = (from: number, to: number): number =>
          heard.subarray(from, to).reduce((sum, value) => sum + value * value, 0);
        const reverberantDb = -10 * Math.log10(energy(1001, heard.length));
        expect(reverberantDb).toBeGreaterThan(-1);
        expect(reverberantDb).toBeLessThan(18);
        expect(energy(1001 + 0.3 * RATE_HZ, heard.length)).toBe(0);
        expect(energy(1001, 1401)).toBeGreaterThan(energy(1401, 1801));
      }),
      { numRuns: 100 },
    );
  });
});
