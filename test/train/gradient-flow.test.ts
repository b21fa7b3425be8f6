import { describe, expect, it } from 'vitest';
import { float32Of, OrtSession, tensorOf } from '../../src/step/ort.js';
import type { BatchSource } from '../../src/train/batches.js';
import { gradientFlow } from '../../src/train/gradient-flow.js';
import { buildLossGraph } from '../../src/train/graphs.js';
import { initialParameters, parameterLayout, stateWidth, type NetSpec } from '../../src/train/net-spec.js';
import { relativeNormError } from './differences.js';
import { noise } from './noise.js';

const LENGTH = 6;

function netOf(changes: Partial<NetSpec>): NetSpec {
  const base = { cell: 'rnn-tanh', inputs: 1, hidden: 1, layers: 1, channels: 1, objective: 'mse' } as const;
  return { ...base, dropout: 0, skip: false, ...changes };
}

/** One window of noise; `counted` says whether its last step counts, which all the others do. */
function oneWindow(lanes: number, counted = true): BatchSource {
  return {
    length: LENGTH,
    lanes,
    inputs: 1,
    channels: 1,
    perEpoch: 1,
    fill(_epoch, _index, batch) {
      batch.x.set(noise(batch.x.length, 1));
      batch.target.set(noise(batch.target.length, 2));
      batch.weight.fill(1);
      if (!counted) batch.weight.fill(0, (LENGTH - 1) * lanes);
      batch.restart.fill(1);
      batch.counted = batch.weight.filter((weight) => weight === 1).length;
    },
  };
}

/** A net of one unit: input, recurrent weight, bias, head and its bias. */
function oneUnit(recurrent: number): Float32Array {
  return Float32Array.of(0.1, recurrent, 0, 0.7, 0);
}

describe('gradientFlow', () => {
  it('is, for one unit, the product of slopes and recurrent weights that the chain rule gives', () => {
    const spec = netOf({});
    expect(parameterLayout(spec).map(({ name }) => name)).toEqual([
      'layer0.input',
      'layer0.recurrent',
      'layer0.bias',
      'head.weight',
      'head.bias',
    ]);
    const [x, target] = [noise(LENGTH, 1), noise(LENGTH, 2)];
    const [w, r, , head] = oneUnit(0.9);
    const h = [0];
    for (let t = 0; t < LENGTH; t++) h.push(Math.tanh(w * x[t] + r * h[t]));
    // d(head·h − y)²/dh at the last step, then back: dh(t + 1)/dh(t) = r·(1 − h(t + 1)²).
    const expected = [Math.abs(2 * (head * h[LENGTH] - target[LENGTH - 1]) * head)];
    for (let t = LENGTH; t > 1; t--) expected.push(Math.abs(expected[LENGTH - t] * r * (1 - h[t] ** 2)));
    const [norms] = gradientFlow(spec, oneWindow(1), oneUnit(0.9));
    expect(norms).toHaveLength(LENGTH);
    expect(relativeNormError(norms, expected)).toBeLessThan(1e-6);
  });

  it('vanishes under a small recurrent weight and explodes under a large one', () => {
    const [small] = gradientFlow(netOf({}), oneWindow(1), oneUnit(0.1));
    const [large] = gradientFlow(netOf({ cell: 'rnn-relu' }), oneWindow(1), Float32Array.of(0.1, 4, 2, 0.7, 0));
    expect(small[LENGTH - 1] / small[0]).toBeLessThan(1e-4);
    expect(large[LENGTH - 1] / large[0]).toBeCloseTo(4 ** (LENGTH - 1), 1);
  });

  it.each([
    ['vanishes', 0.5, 0, 0.01],
    ['explodes', 4, 10, Infinity],
  ] as const)(
    'of a layer of tanh units %s when its recurrent weights are %d times the initial ones',
    (_what, factor, least, most) => {
      const spec = netOf({ hidden: 32 });
      const parameters = initialParameters(spec, 1);
      for (const { name, offset, size } of parameterLayout(spec)) {
        // A small input: units that are full on or off pass nothing back, however large the weights are.
        const scale = name === 'layer0.recurrent' ? factor : name === 'layer0.input' ? 0.01 : 1;
        for (let i = offset; i < offset + size; i++) parameters[i] *= scale;
      }
      const [norms] = gradientFlow(spec, oneWindow(4), parameters);
      const left = norms[LENGTH - 1] / norms[0];
      expect(left).toBeGreaterThan(least);
      expect(left).toBeLessThan(most);
    },
  );

  it.each<Partial<NetSpec>>([{ cell: 'lstm' }, { cell: 'lstm', projection: 2 }, { cell: 'gru' }, { cell: 'rnn-tanh' }])(
    '%j: is what differences of the loss say when the state between two steps is changed, over all lanes',
    (kind) => {
      const spec = netOf({ ...kind, hidden: 3, layers: 2, objective: 'gaussian' });
      const lanes = 2;
      const parameters = initialParameters(spec, 3);
      const [, top] = gradientFlow(spec, oneWindow(lanes), parameters);
      const session = new OrtSession(buildLossGraph(spec));
      const [x, target] = [noise(LENGTH * lanes, 1), noise(LENGTH * lanes, 2)];
      const width = stateWidth(spec);
      const run = (from: number, to: number, state: Float32Array): { loss: number; next: Float32Array } => {
        const shape = [to - from, lanes, 1];
        const weight = new Float32Array((to - from) * lanes).fill(1, (to - from - 1) * lanes);
        const out = session.run(
          {
            parameters: tensorOf(parameters, [parameters.length]),
            x: tensorOf(x.slice(from * lanes, to * lanes), shape),
            target: tensorOf(target.slice(from * lanes, to * lanes), shape),
            weight: tensorOf(weight, shape),
            state: tensorOf(state, [lanes, width]),
          },
          { loss: null, state_next: null },
        );
        return { loss: float32Of(out, 'loss')[0], next: float32Of(out, 'state_next').slice() };
      };
      // The upper layer's half of the state: what it holds reaches the loss through later steps only.
      const upper = Array.from({ length: lanes * width }, (_, i) => i).filter((i) => i % width >= width / 2);
      for (const back of [1, 3, 5]) {
        const from = LENGTH - back;
        const { next: state } = run(0, from, new Float32Array(lanes * width));
        const slopes = upper.map((i) => {
          const [up, down] = [0.01, -0.01].map((change) => run(from, LENGTH, state.with(i, state[i] + change)).loss);
          return (up - down) / 0.02;
        });
        expect(Math.abs(Math.hypot(...slopes) / top[back] - 1)).toBeLessThan(5e-3);
      }
      session.close();
    },
  );

  it('is 0 where no window counts its last step', () => {
    expect(gradientFlow(netOf({}), oneWindow(2, false), oneUnit(0.9))).toEqual([Array<number>(LENGTH).fill(0)]);
  });
});
