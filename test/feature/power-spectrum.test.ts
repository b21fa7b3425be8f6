import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { doubles } from '../../src/core/doubles.js';
import { normal } from '../../src/core/random.js';
import { PowerSpectrum } from '../../src/feature/power-spectrum.js';

/** By the definition. */
function powerByHand(x: readonly number[]): Float64Array {
  return Float64Array.from({ length: Math.floor(x.length / 2) + 1 }, (_, k) => {
    let re = 0;
    let im = 0;
    for (let i = 0; i < x.length; i++) {
      const angle = (2 * Math.PI * ((i * k) % x.length)) / x.length;
      re += x[i] * Math.cos(angle);
      im -= x[i] * Math.sin(angle);
    }
    return re ** 2 + im ** 2;
  });
}

function greatestDifference(size: number): number {
  const x = Array.from({ length: size }, (_, i) => normal(1, size, i));
  const spectrum = new PowerSpectrum(size);
  const power = doubles(spectrum.bins).fill(Number.NaN);
  spectrum.of(x, power);
  const expected = powerByHand(x);
  return Math.max(...expected.map((value, k) => Math.abs(value - power[k]))) / size;
}

describe('the power spectrum', () => {
  it('equals the definition for every length from 2 to 130, primes and powers of primes among them', () => {
    for (let size = 2; size <= 130; size++) expect(greatestDifference(size)).toBeLessThan(1e-11);
  });

  it('equals the definition for the lengths that recipes use, and odd ones', () => {
    for (const size of [200, 256, 400, 512, 551, 1024, 1102, 1103, 1200]) {
      expect(greatestDifference(size)).toBeLessThan(1e-10);
    }
  });

  it('keeps the energy (Parseval)', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 100 }), (x) => {
        const spectrum = new PowerSpectrum(x.length);
        const power = doubles(spectrum.bins);
        spectrum.of(x, power);
        let sum = 0;
        for (let k = 0; k < x.length; k++) sum += power[Math.min(k, x.length - k)];
        const energy = x.reduce((total, value) => total + value ** 2, 0);
        expect(sum / x.length).toBeCloseTo(energy, 10);
      }),
      { numRuns: 50 },
    );
  });
});
