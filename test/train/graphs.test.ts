import { describe, expect, it } from 'vitest';
import { OBJECTIVES } from '../../src/core/card.js';
import { float32Of, OrtSession, tensorOf, type Tensor } from '../../src/step/ort.js';
import { buildGradientGraph, buildLossGraph, buildTrainGraph } from '../../src/train/graphs.js';
import { buildSequenceGraph } from '../../src/train/inference-graphs.js';
import {
  initialParameters,
  outputWidth,
  parameterCount,
  parameterLayout,
  stateWidth,
  type NetSpec,
} from '../../src/train/net-spec.js';
import { relativeNormError } from './differences.js';
import { HEADS, nameOf } from './heads.js';
import { noise } from './noise.js';

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: false };

function netOf(changes: Partial<NetSpec> = {}): NetSpec {
  const base: NetSpec = {
    cell: 'lstm',
    inputs: 3,
    hidden: 6,
    layers: 2,
    channels: 2,
    objective: 'gaussian',
    dropout: 0,
    skip: true,
  };
  return { ...base, ...changes };
}

type Feeds = Record<string, Tensor>;

function series(spec: NetSpec, T: number, B: number): Feeds {
  return {
    x: tensorOf(noise(T * B * spec.inputs, 1), [T, B, spec.inputs]),
    target: tensorOf(noise(T * B * spec.channels, 2), [T, B, spec.channels]),
    weight: tensorOf(new Float32Array(T * B * spec.channels).fill(1), [T, B, spec.channels]),
    state: tensorOf(new Float32Array(B * stateWidth(spec)), [B, stateWidth(spec)]),
    parameters: tensorOf(initialParameters(spec, 5), [parameterCount(spec)]),
  };
}

/** Opens, runs once and closes. */
function runOnce(graph: Uint8Array, feeds: Feeds, outputs: readonly string[]): Record<string, Float32Array> {
  const session = new OrtSession(graph);
  const result = session.run(feeds, Object.fromEntries(outputs.map((name) => [name, null])));
  session.close();
  return Object.fromEntries(outputs.map((name) => [name, float32Of(result, name)]));
}

function masksOf(spec: NetSpec): readonly string[] {
  const session = new OrtSession(buildTrainGraph(spec, ADAM));
  session.close();
  return session.inputs.map((input) => input.name).filter((name) => name.startsWith('keep'));
}

const optimiserInputs = (N: number): Feeds => ({
  m: tensorOf(new Float32Array(N), [N]),
  v: tensorOf(new Float32Array(N), [N]),
  schedule: tensorOf(Float32Array.of(0.01, 1, 1, 0), [4]),
});

describe('train graph', () => {
  it.each([
    [0.05, 0, 5],
    [100, 0, 0],
    [100, 0.5, 0],
  ])(
    'takes the steps of Adam(W) in double precision (clipNorm %d, decay %d)',
    (clipNorm, weightDecay, clippedSteps) => {
      const spec = netOf();
      const N = parameterCount(spec);
      const learningRate = 0.02;
      const decays = parameterLayout(spec).flatMap(({ shape, size }) => Array<boolean>(size).fill(shape.length === 2));
      const train = new OrtSession(buildTrainGraph(spec, { ...ADAM, weightDecay: weightDecay > 0 }));
      const gradients = new OrtSession(buildGradientGraph(spec));
      const feeds = series(spec, 8, 3);
      const expected = {
        parameters: Float64Array.from(initialParameters(spec, 5)),
        m: new Float64Array(N),
        v: new Float64Array(N),
      };
      let state: Feeds = { parameters: feeds['parameters'], ...optimiserInputs(N) };
      let clipped = 0;
      for (let t = 1; t <= 5; t++) {
        const corrections = [learningRate / (1 - ADAM.beta1 ** t), 1 / (1 - ADAM.beta2 ** t)];
        const schedule = Float32Array.of(...corrections, clipNorm, learningRate * weightDecay);
        const all = { ...feeds, ...state, schedule: tensorOf(schedule, [4]) };
        const gradient = float32Of(
          gradients.run({ ...feeds, parameters: state['parameters'] }, { gradient: null }),
          'gradient',
        );
        const norm = Math.hypot(...gradient);
        if (norm > clipNorm) clipped++;
        const factor = Math.min(1, clipNorm / norm);
        for (let i = 0; i < N; i++) {
          const g = gradient[i] * factor;
          expected.m[i] = ADAM.beta1 * expected.m[i] + (1 - ADAM.beta1) * g;
          expected.v[i] = ADAM.beta2 * expected.v[i] + (1 - ADAM.beta2) * g * g;
          const mHat = expected.m[i] / (1 - ADAM.beta1 ** t);
          const vHat = expected.v[i] / (1 - ADAM.beta2 ** t);
          if (decays[i]) expected.parameters[i] *= 1 - learningRate * weightDecay;
          expected.parameters[i] -= (learningRate * mHat) / (Math.sqrt(vHat) + ADAM.epsilon);
        }
        const out = train.run(all, { gradient_norm: null, parameters_next: null, m_next: null, v_next: null });
        expect(float32Of(out, 'gradient_norm')[0] / norm).toBeCloseTo(1, 5);
        expect(relativeNormError(float32Of(out, 'm_next'), expected.m)).toBeLessThan(1e-5);
        expect(relativeNormError(float32Of(out, 'v_next'), expected.v)).toBeLessThan(1e-5);
        expect(relativeNormError(float32Of(out, 'parameters_next'), expected.parameters)).toBeLessThan(1e-5);
        state = { parameters: out['parameters_next'], m: out['m_next'], v: out['v_next'] };
      }
      train.close();
      gradients.close();
      expect(clipped).toBe(clippedSteps);
    },
  );

  it('asks for dropout masks between layers only', () => {
    expect(masksOf(netOf({ layers: 3, dropout: 0.2 }))).toEqual(['keep_1', 'keep_2']);
    expect(masksOf(netOf({ layers: 1, dropout: 0.2 }))).toEqual([]);
    expect(masksOf(netOf({ layers: 3, dropout: 0 }))).toEqual([]);
  });

  it('gives the same bits for the same feeds', () => {
    const spec = netOf();
    const feeds = { ...series(spec, 8, 3), ...optimiserInputs(parameterCount(spec)) };
    const outputs = ['loss', 'gradient_norm', 'parameters_next', 'm_next', 'v_next', 'state_next'];
    expect(runOnce(buildTrainGraph(spec, ADAM), feeds, outputs)).toEqual(
      runOnce(buildTrainGraph(spec, ADAM), feeds, outputs),
    );
  });

  it.each(HEADS.map((head) => [nameOf(head), head] as const))(
    'does nothing and stays finite when nothing counts (%s)',
    (_name, head) => {
      const spec = netOf(head);
      const feeds = { ...series(spec, 4, 2), ...optimiserInputs(parameterCount(spec)) };
      feeds['weight'] = tensorOf(new Float32Array(4 * 2 * 2), [4, 2, 2]);
      feeds['target'] = tensorOf(new Float32Array(4 * 2 * 2).fill(NaN), [4, 2, 2]);
      const out = runOnce(buildTrainGraph(spec, ADAM), feeds, ['loss', 'gradient_norm', 'parameters_next']);
      expect([out['loss'][0], out['gradient_norm'][0]]).toEqual([0, 0]);
      expect(out['parameters_next']).toEqual(initialParameters(spec, 5));
    },
  );

  it.each(HEADS.map((head) => [nameOf(head), head] as const))(
    'does not look at a target that does not count (%s)',
    (_name, head) => {
      const spec = netOf(head);
      const feeds = { ...series(spec, 4, 2), ...optimiserInputs(parameterCount(spec)) };
      const weight = Float32Array.from({ length: 16 }, (_, i) => (i % 3 === 0 ? 0 : 1));
      feeds['weight'] = tensorOf(weight, [4, 2, 2]);
      const outputs = ['loss', 'parameters_next'];
      const clean = runOnce(buildTrainGraph(spec, ADAM), feeds, outputs);
      const target = noise(16, 2).map((value, i) => (weight[i] === 0 ? NaN : value));
      feeds['target'] = tensorOf(target, [4, 2, 2]);
      expect(runOnce(buildTrainGraph(spec, ADAM), feeds, outputs)).toEqual(clean);
    },
  );

  it.each(HEADS.map((head) => [nameOf(head), head] as const))(
    'survives outliers and tiny values (%s)',
    (_name, head) => {
      const spec = netOf(head);
      for (const size of [1e15, 1e-42]) {
        const feeds = { ...series(spec, 4, 2), ...optimiserInputs(parameterCount(spec)) };
        feeds['target'] = tensorOf(
          noise(16, 2).map((value) => value * size),
          [4, 2, 2],
        );
        const out = runOnce(buildTrainGraph(spec, ADAM), feeds, ['loss', 'parameters_next', 'v_next']);
        for (const values of Object.values(out)) expect(values.every(Number.isFinite)).toBe(true);
      }
    },
  );
});

describe('loss graph', () => {
  it('runs any length: two windows with the state carried over are one long window', () => {
    const spec = netOf({ cell: 'gru' });
    const [T, B, S] = [12, 3, stateWidth(spec)];
    const feeds = series(spec, T, B);
    const session = new OrtSession(buildLossGraph(spec));
    const outputs = { loss: null, state_next: null };
    const whole = session.run(feeds, outputs);
    let state = feeds['state'];
    let loss = 0;
    for (const [from, to] of [
      [0, 5],
      [5, 12],
    ]) {
      const cut = (name: string): Tensor => {
        const width = name === 'x' ? spec.inputs : spec.channels;
        const data = float32Of(feeds, name).slice(from * B * width, to * B * width);
        return tensorOf(data, [to - from, B, width]);
      };
      const part = { ...feeds, x: cut('x'), target: cut('target'), weight: cut('weight'), state };
      const out = session.run(part, outputs);
      loss += (float32Of(out, 'loss')[0] * (to - from)) / T;
      state = tensorOf(float32Of(out, 'state_next'), [B, S]);
    }
    session.close();
    expect(relativeNormError([loss], float32Of(whole, 'loss'))).toBeLessThan(1e-6);
    expect(relativeNormError(float32Of({ state }, 'state'), float32Of(whole, 'state_next'))).toBeLessThan(1e-6);
  });

  it("gives the negative logarithm of the density of Student's t with 3 degrees of freedom, scaled to its variance", () => {
    const spec = netOf({ likelihood: 'student-t' });
    const feeds = series(spec, 7, 2);
    const { x, state } = feeds;
    const { y } = runOnce(buildSequenceGraph(spec, initialParameters(spec, 5)), { x, state }, ['y']);
    const target = float32Of(feeds, 'target');
    const logDensities = Array.from(target, (value, i) => {
      const at = Math.floor(i / 2) * outputWidth(spec) + (i % 2);
      const scale = Math.sqrt(Math.exp(y[at + 2]) / 3);
      const t = (value - y[at]) / scale;
      // Γ(2) / (Γ(3/2) √(3π)) · (1 + t² / 3)⁻², with Γ(2) = 1 and Γ(3/2) = √π / 2.
      return Math.log(1 / ((Math.sqrt(Math.PI) / 2) * Math.sqrt(3 * Math.PI)) / (1 + (t * t) / 3) ** 2 / scale);
    });
    const expected = -logDensities.reduce((sum, one) => sum + one, 0) / target.length;
    expect(runOnce(buildLossGraph(spec), feeds, ['loss'])['loss'][0]).toBeCloseTo(expected, 5);
  });

  it('gives the pinball loss of the quantiles, which lie in order around a mean and variance of their own', () => {
    const spec = netOf({ likelihood: 'pinball', channels: 1, inputs: 1 });
    const parameters = initialParameters(spec, 5).map((value) => 4 * value);
    const feeds = { ...series(spec, 50, 2), parameters: tensorOf(parameters, [parameters.length]) };
    const { x, state } = feeds as Feeds;
    const { y, quantiles } = runOnce(buildSequenceGraph(spec, parameters), { x, state }, ['y', 'quantiles']);
    const target = float32Of(feeds, 'target');
    let loss = 0;
    for (let i = 0; i < target.length; i++) {
      const points = quantiles.subarray(3 * i, 3 * i + 3);
      expect(points).toEqual(points.toSorted());
      const chances = [0.185, 0.63, 0.185];
      const mean = points.reduce((sum, q, k) => sum + chances[k] * q, 0);
      const variance = points.reduce((sum, q, k) => sum + chances[k] * (q - mean) ** 2, 0);
      expect(y[2 * i]).toBeCloseTo(mean, 5);
      expect(y[2 * i + 1]).toBeCloseTo(Math.log(variance), 4);
      [0.05, 0.5, 0.95].forEach((level, k) => {
        const under = target[i] < points[k];
        loss += Math.abs(target[i] - points[k]) * (under ? 1 - level : level);
      });
    }
    expect(runOnce(buildLossGraph(spec), feeds, ['loss'])['loss'][0]).toBeCloseTo(loss / (3 * target.length), 5);
  });

  it.each(OBJECTIVES)('gives the squared error of the mean forecast (%s)', (objective) => {
    const spec = netOf({ objective });
    const [T, B, O] = [7, 2, outputWidth(spec)];
    const feeds = series(spec, T, B);
    const { x, state } = feeds;
    const { y } = runOnce(buildSequenceGraph(spec, initialParameters(spec, 5)), { x, state }, ['y']);
    const target = float32Of(feeds, 'target');
    let [sum, likelihood] = [0, 0];
    for (let i = 0; i < target.length; i++) {
      const at = Math.floor(i / 2) * O + (i % 2);
      const squared = (y[at] - target[i]) ** 2;
      sum += squared;
      likelihood += 0.5 * (Math.log(2 * Math.PI) + y[at + 2] + squared / Math.exp(y[at + 2]));
    }
    const out = runOnce(buildLossGraph(spec), feeds, ['loss', 'squared_error']);
    expect(out['squared_error'][0]).toBeCloseTo(sum / target.length, 5);
    expect(out['loss'][0]).toBeCloseTo((objective === 'mse' ? sum : likelihood) / target.length, 5);
  });
});
