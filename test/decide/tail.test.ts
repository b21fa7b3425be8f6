import { describe, expect, it } from 'vitest';
import { quantile } from '../../src/core/quantile.js';
import { TAIL_FIELDS, learnTail, tailExponent, tailRule, tailValue } from '../../src/decide/tail.js';
import { normals, uniforms } from './signals.js';

/** Durations do not count: exponents are those of the height alone, as for independent values. */
const HEIGHT = tailRule(0.01, false);
const LASTING = tailRule(0.01);
const MOST = 5;

type Draw = () => number;

function learnt(n: number, draw: Draw, rule = HEIGHT): Float32Array {
  const state = new Float32Array(TAIL_FIELDS);
  for (let i = 0; i < n; i++) {
    const v = draw();
    learnTail(state, 0, v, tailExponent(state, 0, v, rule), MOST, rule);
  }
  return state;
}

const DRAWS: Readonly<Record<string, (seed: number) => Draw>> = {
  'half-normal': (seed) => {
    const normal = normals(uniforms(seed));
    return () => Math.abs(normal());
  },
  exponential: (seed) => {
    const uniform = uniforms(seed);
    return () => -Math.log(uniform());
  },
  'Pareto 3': (seed) => {
    const uniform = uniforms(seed);
    return () => uniform() ** (-1 / 3);
  },
};

describe('tail', () => {
  it.each(Object.keys(DRAWS))('calls %s values about as rare as they are', (name) => {
    for (const n of [300, 5000, 50_000]) {
      const draws = 200_000;
      const draw = DRAWS[name](n);
      const state = learnt(n, draw);
      const beyond = [0, 0, 0, 0];
      for (let i = 0; i < draws; i++) {
        const exponent = tailExponent(state, 0, draw(), HEIGHT);
        for (let e = 1; e <= 4; e++) if (exponent >= e) beyond[e - 1]++;
      }
      const found = beyond.map((count) => -Math.log10(Math.max(count, 0.5) / draws));
      console.log(`${name} after ${n}: real exponents of 1, 2, 3, 4: ${found.map((e) => e.toFixed(1)).join(' ')}`);
      for (const [i, exponent] of found.entries()) expect(exponent).toBeGreaterThan(i + 1 - 0.6);
      expect(found[1]).toBeLessThan(3);
    }
  });

  it('rises with the value, and tailValue is its inverse', () => {
    const state = learnt(2000, DRAWS['exponential'](1));
    let before = 0;
    for (let exponent = 1.5; exponent < 12; exponent += 0.5) {
      const v = tailValue(state, 0, exponent, HEIGHT);
      expect(v).toBeGreaterThan(before);
      expect(tailExponent(state, 0, v, HEIGHT)).toBeCloseTo(exponent, 5);
      before = v;
    }
    expect(tailExponent(state, 0, quantile(state, 0), HEIGHT)).toBe(0);
  });

  it('is more careful the shorter the past', () => {
    const exponents = [50, 300, 5000].map((n) => tailExponent(learnt(n, DRAWS['exponential'](2)), 0, 30, HEIGHT));
    expect(exponents).toEqual(exponents.toSorted((a, b) => a - b));
    expect(exponents[2]).toBeGreaterThan(exponents[0] + 1);
    expect(tailExponent(new Float32Array(TAIL_FIELDS), 0, 30, HEIGHT)).toBe(0);
  });

  it('is not widened by a monstrous value more than by one at the limit', () => {
    const monster = learnt(2000, DRAWS['exponential'](3));
    const limit = monster.slice();
    const v = tailValue(limit, 0, MOST, HEIGHT);
    learnTail(monster, 0, 1e6, tailExponent(monster, 0, 1e6, HEIGHT), MOST, HEIGHT);
    learnTail(limit, 0, v, MOST, MOST, HEIGHT);
    expect(tailExponent(monster, 0, 20, HEIGHT)).toBeCloseTo(tailExponent(limit, 0, 20, HEIGHT), 4);
  });

  it('counts lasting as evidence where values are independent', () => {
    const state = learnt(5000, DRAWS['exponential'](4), LASTING);
    const v = quantile(state, 0) + 3;
    const exponents: number[] = [];
    for (let i = 0; i < 5; i++) {
      exponents.push(tailExponent(state, 0, v, LASTING));
      learnTail(state, 0, v, exponents[i], MOST, LASTING);
    }
    expect(exponents[4]).toBeGreaterThan(exponents[0] + 0.7);
    const hair = tailExponent(state, 0, quantile(state, 0) + 0.01, LASTING);
    expect(hair).toBeLessThan(1.4);
  });

  it('finds a fault that grows slowly instead of learning it', () => {
    const draw = DRAWS['half-normal'](5);
    const state = learnt(3000, draw, LASTING);
    const before = quantile(state, 0);
    let highest = 0;
    for (let i = 0; i < 200; i++) {
      const v = draw() / 4 + 2 + i / 50;
      const exponent = tailExponent(state, 0, v, LASTING);
      highest = Math.max(highest, exponent);
      learnTail(state, 0, v, exponent, MOST, LASTING);
    }
    expect(highest).toBeGreaterThan(MOST);
    expect(quantile(state, 0) - before).toBeLessThan(0.3);
  });
});
