import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QUANTILE_FIELDS, type QuantileRule, learnQuantile, quantile, seen } from '../../src/core/quantile.js';
import { normals, uniforms } from '../decide/signals.js';

const RULE: QuantileRule = { fraction: 0.95, horizon: 10_000, floor: 1e-6 };

/** The P² algorithm (Jain & Chlamtac 1985), to compare with. */
class PSquare {
  readonly #heights: number[] = [];
  #positions = [1, 2, 3, 4, 5];
  #wanted: number[];
  readonly #moves: readonly number[];

  constructor(p: number) {
    this.#moves = [0, p / 2, p, (1 + p) / 2, 1];
    this.#wanted = this.#moves.map((move) => 1 + 4 * move);
  }

  get value(): number {
    return this.#heights[2];
  }

  learn(v: number): void {
    const h = this.#heights;
    const n = this.#positions;
    if (h.length < 5) {
      h.push(v);
      h.sort((a, b) => a - b);
      return;
    }
    h[0] = Math.min(h[0], v);
    h[4] = Math.max(h[4], v);
    const cell = Math.max(
      0,
      Math.min(
        3,
        h.findLastIndex((height) => height <= v),
      ),
    );
    for (let i = cell + 1; i < 5; i++) n[i]++;
    this.#wanted = this.#wanted.map((wanted, i) => wanted + this.#moves[i]);
    for (let i = 1; i < 4; i++) {
      const lag = this.#wanted[i] - n[i];
      if (!((lag >= 1 && n[i + 1] - n[i] > 1) || (lag <= -1 && n[i - 1] - n[i] < -1))) continue;
      const d = Math.sign(lag);
      const up = ((n[i] - n[i - 1] + d) * (h[i + 1] - h[i])) / (n[i + 1] - n[i]);
      const down = ((n[i + 1] - n[i] - d) * (h[i] - h[i - 1])) / (n[i] - n[i - 1]);
      const parabolic = h[i] + (d / (n[i + 1] - n[i - 1])) * (up + down);
      const linear = h[i] + (d * (h[i + d] - h[i])) / (n[i + d] - n[i]);
      h[i] = h[i - 1] < parabolic && parabolic < h[i + 1] ? parabolic : linear;
      n[i] += d;
    }
  }
}

type Draw = () => number;

const DRAWS: Readonly<Record<string, (seed: number) => Draw>> = {
  normal: (seed) => normals(uniforms(seed)),
  exponential: (seed) => {
    const uniform = uniforms(seed);
    return () => -Math.log(uniform());
  },
  /** Infinite variance. */
  'Pareto 1.5': (seed) => {
    const uniform = uniforms(seed);
    return () => uniform() ** (-1 / 1.5);
  },
  'log-normal 2': (seed) => {
    const normal = normals(uniforms(seed));
    return () => Math.exp(2 * normal());
  },
};

/** The share of new values at or below an estimate: what an estimate is for, whatever the scale. */
function coverage(estimate: number, draw: Draw): number {
  let below = 0;
  for (let i = 0; i < 20_000; i++) if (draw() <= estimate) below++;
  return below / 20_000;
}

function learnt(values: number, draw: Draw, rule = RULE): Float32Array {
  const state = new Float32Array(QUANTILE_FIELDS);
  for (let i = 0; i < values; i++) learnQuantile(state, 0, draw(), rule);
  return state;
}

describe('streaming quantile', () => {
  it.each(Object.keys(DRAWS))('covers its fraction of %s values, about as well as P²', (name) => {
    for (const [n, tolerance] of [
      [300, 0.02],
      [5000, 0.01],
    ] as const) {
      let error = 0;
      let peer = 0;
      for (let seed = 1; seed <= 20; seed++) {
        const draw = DRAWS[name](seed);
        const square = new PSquare(RULE.fraction);
        const state = new Float32Array(QUANTILE_FIELDS);
        for (let i = 0; i < n; i++) {
          const v = draw();
          learnQuantile(state, 0, v, RULE);
          square.learn(v);
        }
        error += Math.abs(coverage(quantile(state, 0), draw) - RULE.fraction) / 20;
        peer += Math.abs(coverage(square.value, draw) - RULE.fraction) / 20;
      }
      console.log(`${name}, ${n} values: mean error of coverage ${error.toFixed(4)}, P² ${peer.toFixed(4)}`);
      expect(error).toBeLessThan(tolerance);
      expect(error).toBeLessThan(2 * peer + 0.005);
    }
  });

  it.each([
    [1, 10_000],
    [-1, 30_000],
  ])('follows a distribution that moved by %d σ, within %d values, where P² keeps the past', (shift, after) => {
    const normal = normals(uniforms(7));
    const square = new PSquare(RULE.fraction);
    const state = new Float32Array(QUANTILE_FIELDS);
    for (let i = 0; i < 30_000 + after; i++) {
      const v = normal() + (i < 30_000 ? 0 : shift);
      learnQuantile(state, 0, v, RULE);
      square.learn(v);
    }
    const now = 1.645 + shift;
    console.log(`moved to ${now}: estimate ${quantile(state, 0).toFixed(2)}, P² ${square.value.toFixed(2)}`);
    expect(Math.abs(quantile(state, 0) - now)).toBeLessThan(0.2);
    expect(Math.abs(square.value - now)).toBeGreaterThan(0.2);
  });

  it('stays at the value of a channel that has only one', () => {
    expect(
      quantile(
        learnt(5000, () => 3),
        0,
      ),
    ).toBeCloseTo(3, 4);
  });

  it('does not depend on the unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: -10, max: 10 }), (seed, power) => {
        const unit = 2 ** power;
        const draw = DRAWS['exponential'](seed);
        const scaled = DRAWS['exponential'](seed);
        const a = learnt(200, draw);
        const b = learnt(200, () => unit * scaled(), { ...RULE, floor: unit * RULE.floor });
        expect(quantile(b, 0)).toBeCloseTo(unit * quantile(a, 0), 3 - Math.ceil(Math.log10(unit)));
      }),
      { numRuns: 50 },
    );
  });

  it('keeps to its own numbers in the slab, and its count to the horizon', () => {
    const slab = new Float32Array(3 * QUANTILE_FIELDS).fill(7);
    slab.fill(0, QUANTILE_FIELDS, 2 * QUANTILE_FIELDS);
    for (let i = 0; i < 200; i++) learnQuantile(slab, QUANTILE_FIELDS, i % 13, { ...RULE, horizon: 100 });
    expect(slab.subarray(0, QUANTILE_FIELDS).every((v) => v === 7)).toBe(true);
    expect(slab.subarray(2 * QUANTILE_FIELDS).every((v) => v === 7)).toBe(true);
    expect(seen(slab, QUANTILE_FIELDS)).toBe(100);
  });
});
