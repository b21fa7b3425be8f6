import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { float32Of, OrtSession, tensorOf, type Tensor } from '../../src/step/ort.js';
import { buildGradientGraph, buildLossGraph } from '../../src/train/graphs.js';
import { buildSequenceGraph } from '../../src/train/inference-graphs.js';
import { initialParameters, parameterCount, stateWidth, type NetSpec } from '../../src/train/net-spec.js';
import { centralDifferences, relativeNormError } from './differences.js';
import { noise } from './noise.js';

interface Fixture {
  readonly torch: string;
  readonly steps: number;
  readonly rows: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly channels: number;
  readonly cases: readonly {
    readonly layers: number;
    readonly projection: number;
    readonly y: readonly number[];
    readonly stateNext: readonly number[];
    readonly loss: number;
    readonly gradient: readonly number[];
  }[];
}

const FIXTURE = JSON.parse(readFileSync(new URL('../fixtures/projection.json', import.meta.url), 'utf8')) as Fixture;

/** The numbers of `make-projection.py`. */
function wave(frequency: number, amplitude: number, shape: readonly number[]): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return tensorOf(
    Float32Array.from({ length: count }, (_, i) => amplitude * Math.sin(frequency * (i + 1))),
    shape,
  );
}

function runOnce(graph: Uint8Array, feeds: Record<string, Tensor>, outputs: readonly string[]): Float32Array[] {
  const session = new OrtSession(graph);
  const result = session.run(feeds, Object.fromEntries(outputs.map((name) => [name, null])));
  session.close();
  return outputs.map((name) => float32Of(result, name));
}

describe('LSTMs with a projection against torch.nn.LSTM(proj_size) in float64', () => {
  it.each(FIXTURE.cases)('$layers layers, projected to $projection of 6', (example) => {
    const { steps: T, rows: B, inputs, hidden, channels } = FIXTURE;
    const { layers, projection } = example;
    const net = { cell: 'lstm', inputs, hidden, projection, layers, channels } as const;
    const spec: NetSpec = { ...net, objective: 'mse', dropout: 0, skip: false };
    const N = parameterCount(spec);
    expect(example.gradient).toHaveLength(N);
    const parameters = wave(2.399, 0.6, [N]);
    const x = wave(1.731, 1, [T, B, inputs]);
    const state = wave(1.117, 0.8, [B, stateWidth(spec)]);
    const [y, stateNext] = runOnce(buildSequenceGraph(spec, parameters.data as Float32Array), { x, state }, [
      'y',
      'state_next',
    ]);
    expect(relativeNormError(y, example.y)).toBeLessThanOrEqual(1e-5);
    expect(relativeNormError(stateNext, example.stateNext)).toBeLessThanOrEqual(1e-5);
    const target = wave(0.913, 1.5, [T, B, channels]);
    const weight = tensorOf(new Float32Array(T * B * channels).fill(1), [T, B, channels]);
    const feeds = { parameters, x, state, target, weight };
    const [loss, gradient] = runOnce(buildGradientGraph(spec), feeds, ['loss', 'gradient']);
    expect(relativeNormError(loss, [example.loss])).toBeLessThanOrEqual(1e-5);
    expect(relativeNormError(gradient, example.gradient)).toBeLessThanOrEqual(1e-5);
  });
});

describe('the gradient of a net with a projection', () => {
  it('is what differences of the loss say, with dropout between the layers, a Gaussian head and a skip', () => {
    const net = { cell: 'lstm', inputs: 3, hidden: 5, projection: 2, layers: 2, channels: 2 } as const;
    const spec: NetSpec = { ...net, objective: 'gaussian', dropout: 0.5, skip: true };
    const [T, B, S, N] = [6, 3, stateWidth(spec), parameterCount(spec)];
    const keep = Float32Array.from({ length: T * B * 2 }, (_, i) => (i % 3 === 0 ? 0 : 2));
    const feeds = {
      x: tensorOf(noise(T * B * 3, 1), [T, B, 3]),
      target: tensorOf(noise(T * B * 2, 2), [T, B, 2]),
      weight: tensorOf(new Float32Array(T * B * 2).fill(1), [T, B, 2]),
      state: tensorOf(noise(B * S, 3), [B, S]),
      keep_1: tensorOf(keep, [T, B, 2]),
    };
    const session = new OrtSession(buildGradientGraph(spec));
    const lossAt = (at: Float32Array): number =>
      float32Of(session.run({ ...feeds, parameters: tensorOf(at, [N]) }, { loss: null }), 'loss')[0];
    const at = initialParameters(spec, 4);
    const gradient = float32Of(
      session.run({ ...feeds, parameters: tensorOf(at, [N]) }, { gradient: null }),
      'gradient',
    );
    expect(relativeNormError(gradient, centralDifferences(lossAt, at, 0.02))).toBeLessThanOrEqual(1e-3);
    session.close();
  });

  it('comes from a loss that over two runs, the projected state carried over, is that over one', () => {
    const net = { cell: 'lstm', inputs: 1, hidden: 6, projection: 4, layers: 2, channels: 1 } as const;
    const spec: NetSpec = { ...net, objective: 'mse', dropout: 0, skip: false };
    const [T, N, S] = [10, parameterCount(spec), stateWidth(spec)];
    const session = new OrtSession(buildLossGraph(spec));
    const parameters = tensorOf(initialParameters(spec, 4), [N]);
    const [x, target] = [noise(T, 1), noise(T, 2)];
    const run = (from: number, to: number, state: Tensor): Record<string, Tensor> => {
      const shape = [to - from, 1, 1];
      const cut = { x: tensorOf(x.slice(from, to), shape), target: tensorOf(target.slice(from, to), shape) };
      const weight = tensorOf(new Float32Array(to - from).fill(1), shape);
      return session.run({ ...cut, weight, parameters, state }, { loss: null, state_next: null });
    };
    const zeros = tensorOf(new Float32Array(S), [1, S]);
    const whole = run(0, T, zeros);
    const first = run(0, 4, zeros);
    const second = run(4, T, first['state_next']);
    const loss = 0.4 * float32Of(first, 'loss')[0] + 0.6 * float32Of(second, 'loss')[0];
    session.close();
    expect(loss).toBeCloseTo(float32Of(whole, 'loss')[0], 6);
    expect(relativeNormError(float32Of(second, 'state_next'), float32Of(whole, 'state_next'))).toBeLessThan(1e-6);
  });
});
