import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CELLS, OBJECTIVES } from '../../src/core/card.js';
import { float32Of, OrtSession, tensorOf, type Tensor } from '../../src/step/ort.js';
import { buildGradientGraph, buildLossGraph } from '../../src/train/graphs.js';
import { buildSequenceGraph } from '../../src/train/inference-graphs.js';
import {
  initialParameters,
  parameterCount,
  parameterLayout,
  stateWidth,
  type NetSpec,
} from '../../src/train/net-spec.js';
import { centralDifferences, relativeNormError } from './differences.js';
import { HEADS, nameOf } from './heads.js';
import { noise } from './noise.js';

const EVERY_NET = CELLS.flatMap((cell) =>
  [1, 2, 3].flatMap((layers) =>
    HEADS.map((head): [name: string, spec: NetSpec] => {
      const shape = { cell, inputs: 3, hidden: 4, layers, channels: 2, dropout: 0, skip: layers === 1 };
      return [`${cell}, ${layers} layers, ${nameOf(head)}`, { ...shape, ...head }];
    }),
  ),
);

/** Weights for a check by differences: not the initial ones, whose biases are 0. */
function someParameters(spec: NetSpec): Float32Array {
  const random = noise(parameterCount(spec), 11);
  const parameters = initialParameters(spec, 10).map((value, i) => value + 0.1 * random[i]);
  if (spec.cell !== 'rnn-relu') return parameters;
  // Half of the units clearly on, half clearly off: a difference across the kink of Relu is no derivative.
  for (const { name, offset, size } of parameterLayout(spec)) {
    for (let i = offset; i < offset + size; i++) {
      if (name.endsWith('.bias') && name.startsWith('layer')) parameters[i] = i % 2 === 0 ? 2 : -2;
      else parameters[i] *= 0.3;
    }
  }
  return parameters;
}

/**
 * Targets in the middle between two quantiles, or as far beyond the outer ones, by turns: a difference across the kink of
 * the pinball loss is no derivative.
 */
function amid(spec: NetSpec, parameters: Float32Array, { x, state }: Record<string, Tensor>): Float32Array {
  const session = new OrtSession(buildSequenceGraph(spec, parameters));
  const quantiles = float32Of(session.run({ x, state }, { quantiles: null }), 'quantiles');
  session.close();
  const { channels } = spec;
  return Float32Array.from({ length: quantiles.length / 3 }, (_, i) => {
    const first = Math.floor(i / channels) * 3 * channels + (i % channels);
    const [low, median, high] = [0, 1, 2].map((k) => quantiles[first + k * channels]);
    return [(3 * low - median) / 2, (low + median) / 2, (median + high) / 2, (3 * high - median) / 2][i % 4];
  });
}

describe('gradient of the whole net', () => {
  it.each(EVERY_NET)('%s: central differences agree within 1e-3', (_name, spec) => {
    const [T, B, N, S] = [6, 3, parameterCount(spec), stateWidth(spec)];
    const feeds: Record<string, Tensor> = {
      x: tensorOf(noise(T * B * 3, 1).map(Math.tanh), [T, B, 3]),
      weight: tensorOf(
        Float32Array.from({ length: T * B * 2 }, (_, i) => (i % 4 === 0 ? 0 : 1)),
        [T, B, 2],
      ),
      state: tensorOf(noise(B * S, 3).map(Math.tanh), [B, S]),
    };
    const at = someParameters(spec);
    feeds['target'] = tensorOf(spec.likelihood === 'pinball' ? amid(spec, at, feeds) : noise(T * B * 2, 2), [T, B, 2]);
    const analytic = new OrtSession(buildGradientGraph(spec));
    const result = analytic.run({ ...feeds, parameters: tensorOf(at, [N]) }, { gradient: null });
    analytic.close();
    const numeric = new OrtSession(buildLossGraph(spec));
    const lossAt = (parameters: Float32Array): number =>
      float32Of(numeric.run({ ...feeds, parameters: tensorOf(parameters, [N]) }, { loss: null }), 'loss')[0];
    const differences = centralDifferences(lossAt, at, 0.02);
    numeric.close();
    expect(relativeNormError(float32Of(result, 'gradient'), differences)).toBeLessThanOrEqual(1e-3);
  });
});

interface Fixture {
  readonly torch: string;
  readonly steps: number;
  readonly rows: number;
  readonly cases: readonly {
    readonly spec: NetSpec;
    readonly loss: number;
    readonly gradient: readonly number[];
    readonly stateNext: readonly number[];
  }[];
}

const FIXTURE = JSON.parse(readFileSync(new URL('../fixtures/gradients.json', import.meta.url), 'utf8')) as Fixture;

/** The inputs of `make-gradients.py`. */
function wave(frequency: number, amplitude: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => amplitude * Math.sin(frequency * (i + 1)));
}

describe('gradient of the whole net against PyTorch in float64', () => {
  const cases = FIXTURE.cases.map((example) => ({ ...example, head: nameOf(example.spec) }));

  it.each(cases)('$spec.cell, $spec.layers layers, $head, dropout $spec.dropout', (example) => {
    const { spec } = example;
    const [T, B, N, S] = [FIXTURE.steps, FIXTURE.rows, parameterCount(spec), stateWidth(spec)];
    const entries = T * B * spec.channels;
    const feeds: Record<string, Tensor> = {
      parameters: tensorOf(wave(2.399, 0.45, N), [N]),
      x: tensorOf(wave(1.731, 1, T * B * spec.inputs), [T, B, spec.inputs]),
      target: tensorOf(wave(0.913, 1.5, entries), [T, B, spec.channels]),
      weight: tensorOf(
        Float32Array.from({ length: entries }, (_, i) => (i % 5 === 0 ? 0 : 1)),
        [T, B, spec.channels],
      ),
      state: tensorOf(wave(1.117, 0.8, B * S), [B, S]),
    };
    const kept = Math.fround(1 / (1 - spec.dropout));
    const mask = Float32Array.from({ length: T * B * spec.hidden }, (_, i) => (i % 5 >= 2 ? kept : 0));
    const masks: Record<string, Tensor> = {};
    for (let layer = 1; spec.dropout > 0 && layer < spec.layers; layer++) {
      masks[`keep_${layer}`] = tensorOf(mask, [T, B, spec.hidden]);
    }
    const session = new OrtSession(buildGradientGraph(spec));
    const result = session.run({ ...feeds, ...masks }, { loss: null, gradient: null });
    session.close();
    expect(example.gradient).toHaveLength(N);
    expect(relativeNormError(float32Of(result, 'gradient'), example.gradient)).toBeLessThanOrEqual(1e-5);
    expect(relativeNormError(float32Of(result, 'loss'), [example.loss])).toBeLessThanOrEqual(1e-5);
    if (spec.dropout > 0) return; // the loss graph, which also gives the state, knows no dropout
    const lossSession = new OrtSession(buildLossGraph(spec));
    const validation = lossSession.run(feeds, { loss: null, state_next: null });
    lossSession.close();
    expect(relativeNormError(float32Of(validation, 'loss'), [example.loss])).toBeLessThanOrEqual(1e-5);
    expect(relativeNormError(float32Of(validation, 'state_next'), example.stateNext)).toBeLessThanOrEqual(1e-5);
  });

  it('covers every cell, depth and objective, and every other head', () => {
    const covered = new Set(FIXTURE.cases.map(({ spec }) => `${spec.cell} ${spec.layers} ${spec.objective}`));
    expect(covered.size).toBe(CELLS.length * 3 * OBJECTIVES.length);
    expect(new Set(FIXTURE.cases.map(({ spec }) => nameOf(spec)))).toEqual(new Set(HEADS.map(nameOf)));
  });
});
