import { describe, expect, it } from 'vitest';
import { CELLS } from '../../src/core/card.js';
import {
  initialParameters,
  matrixMask,
  outputWidth,
  parameterCount,
  parameterLayout,
  stateWidth,
  type NetSpec,
} from '../../src/train/net-spec.js';
import { HEADS } from './heads.js';

function netOf(changes: Partial<NetSpec>): NetSpec {
  const base: NetSpec = {
    cell: 'lstm',
    inputs: 8,
    hidden: 16,
    layers: 2,
    channels: 3,
    objective: 'mse',
    dropout: 0,
    skip: true,
  };
  return { ...base, ...changes };
}

describe('parameterLayout', () => {
  it('covers the vector without holes', () => {
    for (const cell of CELLS) {
      for (const head of HEADS) {
        const spec = netOf({ cell, ...head, layers: 3 });
        let end = 0;
        for (const { offset, size, shape } of parameterLayout(spec)) {
          expect(offset).toBe(end);
          expect(size).toBe(shape.reduce((a, b) => a * b));
          end += size;
        }
        expect(parameterCount(spec)).toBe(end);
      }
    }
  });

  it('has the sizes of the textbook', () => {
    const [H, I, C] = [16, 8, 3];
    const head = C * H + C;
    expect(parameterCount(netOf({ cell: 'rnn-tanh', layers: 1 }))).toBe(H * (I + H + 1) + head);
    expect(parameterCount(netOf({ cell: 'lstm', layers: 1 }))).toBe(4 * H * (I + H + 1) + head);
    expect(parameterCount(netOf({ cell: 'gru', layers: 1 }))).toBe(3 * H * (I + H + 1) + H + head);
    expect(parameterCount(netOf({ layers: 2 }))).toBe(4 * H * (I + H + 1) + 4 * H * (2 * H + 1) + head);
    const P = 6;
    const projected = 4 * H * (I + P + 1) + P * H + 4 * H * (2 * P + 1) + P * H;
    expect(parameterCount(netOf({ layers: 2, projection: P }))).toBe(projected + C * P + C);
  });

  it('gives widths of state and output', () => {
    expect(stateWidth(netOf({ cell: 'lstm', layers: 2 }))).toBe(64);
    expect(stateWidth(netOf({ cell: 'gru', layers: 3 }))).toBe(48);
    expect(stateWidth(netOf({ cell: 'lstm', layers: 2, projection: 5 }))).toBe(2 * (5 + 16));
    expect(outputWidth(netOf({ objective: 'mse' }))).toBe(3);
    expect(outputWidth(netOf({ objective: 'gaussian' }))).toBe(6);
    expect(outputWidth(netOf({ objective: 'gaussian', likelihood: 'pinball' }))).toBe(6);
  });
});

describe('matrixMask', () => {
  it('marks the weights of matrices, a projection among them, and no bias', () => {
    const spec = netOf({ projection: 6 });
    const mask = matrixMask(spec);
    for (const { name, offset, size } of parameterLayout(spec)) {
      const expected = Array<number>(size).fill(name.endsWith('bias') ? 0 : 1);
      expect([...mask.subarray(offset, offset + size)]).toEqual(expected);
    }
  });
});

describe('initialParameters', () => {
  it('depends on the seed alone', () => {
    const spec = netOf({});
    expect(initialParameters(spec, 7)).toEqual(initialParameters(spec, 7));
    expect(initialParameters(spec, 7)).not.toEqual(initialParameters(spec, 8));
  });

  it.each(CELLS)('spreads the weights of %s evenly in ±1/√H', (cell) => {
    const spec = netOf({ cell });
    const bound = 1 / Math.sqrt(spec.hidden);
    const parameters = initialParameters(spec, 1);
    for (const { offset, size } of parameterLayout(spec).filter((block) => block.shape.length > 1)) {
      const block = parameters.subarray(offset, offset + size);
      expect(Math.max(...block.map(Math.abs))).toBeLessThanOrEqual(bound);
      const variance = block.reduce((sum, value) => sum + value * value, 0) / size;
      expect(variance / (bound ** 2 / 3)).toBeGreaterThan(0.6);
      expect(variance / (bound ** 2 / 3)).toBeLessThan(1.4);
    }
  });

  it('spreads them in ±1/√P with a projection, itself in ±1/√H', () => {
    const spec = netOf({ hidden: 64, projection: 16 });
    const parameters = initialParameters(spec, 1);
    for (const { name, offset, size } of parameterLayout(spec).filter((block) => block.shape.length > 1)) {
      const bound = name.endsWith('.projection') ? 1 / 8 : 1 / 4;
      const largest = Math.max(...parameters.subarray(offset, offset + size).map(Math.abs));
      expect(largest).toBeLessThanOrEqual(bound);
      expect(largest).toBeGreaterThan(0.9 * bound);
    }
  });

  it.each(CELLS)('starts the biases of %s at 0, but at 1 for the forget gate of an LSTM', (cell) => {
    const spec = netOf({ cell });
    const parameters = initialParameters(spec, 1);
    for (const { name, offset, size } of parameterLayout(spec).filter((block) => block.shape.length === 1)) {
      const [from, to] = cell === 'lstm' && name.startsWith('layer') ? [32, 48] : [0, 0];
      const expected = Array.from({ length: size }, (_, i) => (i >= from && i < to ? 1 : 0));
      expect([...parameters.subarray(offset, offset + size)]).toEqual(expected);
    }
  });
});
