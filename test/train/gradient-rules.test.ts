import { describe, expect, it } from 'vitest';
import { BugError } from '../../src/core/errors.js';
import type { Value } from '../../src/onnx/graph.js';
import { TensorGraph } from '../../src/onnx/tensor-graph.js';
import { float32Of, OrtSession, tensorOf } from '../../src/step/ort.js';
import { backpropagate } from '../../src/train/autodiff.js';
import { RULES } from '../../src/train/scan-gradient.js';
import { scan } from '../../src/train/scan.js';
import { centralDifferences, relativeNormError } from './differences.js';
import { noise } from './noise.js';

type Shapes = readonly (readonly number[])[];

interface Case {
  readonly op: string;
  readonly name: string;
  /** Shapes of the inputs that are differentiated. */
  readonly shapes: Shapes;
  readonly build: (g: TensorGraph, inputs: readonly Value[]) => readonly Value[];
}

const CASES: readonly Case[] = [
  { op: 'Add', name: 'with broadcasting', shapes: [[2, 3], [3]], build: (g, [a, b]) => [g.add(a, b)] },
  { op: 'Sub', name: 'with broadcasting', shapes: [[3], [2, 3]], build: (g, [a, b]) => [g.sub(a, b)] },
  {
    op: 'Mul',
    name: 'with broadcasting',
    shapes: [
      [2, 3],
      [2, 1],
    ],
    build: (g, [a, b]) => [g.mul(a, b)],
  },
  { op: 'Mul', name: 'of a value with itself', shapes: [[4]], build: (g, [a]) => [g.mul(a, a)] },
  { op: 'Div', name: 'with broadcasting', shapes: [[2, 3], []], build: (g, [a, b]) => [g.div(a, b)] },
  { op: 'Neg', name: '', shapes: [[4]], build: (g, [a]) => [g.map('Neg', a)] },
  { op: 'Exp', name: '', shapes: [[4]], build: (g, [a]) => [g.map('Exp', a)] },
  { op: 'Log', name: '', shapes: [[4]], build: (g, [a]) => [g.map('Log', g.add(g.scalar(1), g.mul(a, a)))] },
  { op: 'Sqrt', name: '', shapes: [[4]], build: (g, [a]) => [g.map('Sqrt', g.add(g.scalar(1), g.mul(a, a)))] },
  { op: 'Tanh', name: '', shapes: [[4]], build: (g, [a]) => [g.map('Tanh', a)] },
  { op: 'Sigmoid', name: '', shapes: [[4]], build: (g, [a]) => [g.map('Sigmoid', a)] },
  { op: 'Relu', name: '', shapes: [[8]], build: (g, [a]) => [g.map('Relu', a)] },
  {
    op: 'Where',
    name: 'with broadcasting',
    shapes: [[2, 3], [3]],
    build: (g, [a, b]) => [g.where(g.greater(g.constant([1, 0, 0, 0, 1, 0], [2, 3]), g.scalar(0.5)), a, b)],
  },
  ...[false, true].flatMap((transA) =>
    [false, true].map((transB) => ({
      op: 'Gemm',
      name: `A${transA ? 'ᵀ' : ''} · B${transB ? 'ᵀ' : ''} + c`,
      shapes: [transA ? [4, 2] : [2, 4], transB ? [3, 4] : [4, 3], [3]],
      build: (g: TensorGraph, [a, b, c]: readonly Value[]) => [g.gemm(a, b, { c, transA, transB })],
    })),
  ),
  { op: 'Reshape', name: '', shapes: [[2, 3]], build: (g, [a]) => [g.reshape(a, [3, 2])] },
  {
    op: 'Split',
    name: 'with a piece that is not used',
    shapes: [[2, 6]],
    build: (g, [a]) => g.split(a, 1, [1, 2, 3]).slice(1),
  },
  {
    op: 'Concat',
    name: '',
    shapes: [
      [2, 1],
      [2, 3],
    ],
    build: (g, [a, b]) => [g.concat([a, b], 1)],
  },
  {
    op: 'Expand',
    name: 'along a new and a stretched axis',
    shapes: [[3, 1]],
    build: (g, [a]) => [g.expand(a, [2, 3, 4])],
  },
  { op: 'ReduceSum', name: 'over everything', shapes: [[2, 3]], build: (g, [a]) => [g.mul(g.sum(a), g.sum(a))] },
  { op: 'ReduceSum', name: 'over one axis', shapes: [[2, 3]], build: (g, [a]) => [g.sum(a, [1], true)] },
  { op: 'LogSoftmax', name: '', shapes: [[2, 3, 4]], build: (g, [a]) => [g.logSoftmax(a)] },
  {
    op: 'GatherElements',
    name: 'with an entry that is picked twice and one that is not',
    shapes: [[2, 3]],
    build: (g, [a]) => [g.pick(a, g.constant([0, 2, 0, 1, 1, 2, 2, 2], [2, 4], 'int64'))],
  },
  {
    op: 'Identity',
    name: 'of what the result does not depend on: the largest term of ln Σ exp',
    shapes: [[2, 3]],
    build: (g, [a]) => {
      const largest = g.detached(g.largest(a, 1));
      return [g.add(largest, g.map('Log', g.sum(g.map('Exp', g.sub(a, largest)), [1], true)))];
    },
  },
  {
    op: 'Scan',
    name: 'with weight, bias, two states and two sequences',
    shapes: [[2, 3], [2, 3], [5, 2, 3], [5, 2, 3], [3, 3], [3]],
    build: (g, [h0, c0, xs, ys, w, b]) => {
      const { finalStates, stacked } = scan(g, [h0, c0], [xs, ys], (body, [h, c], [x, y]) => {
        const next = body.map('Tanh', body.add(body.gemm(h, w, { c: b }), body.mul(x, c)));
        return { next: [next, body.add(c, body.mul(h, y))], give: [next, body.mul(next, y)] };
      });
      return [...finalStates, ...stacked];
    },
  },
  {
    op: 'Scan',
    name: 'with a condition that the backward loop needs again',
    shapes: [
      [2, 3],
      [5, 2, 3],
    ],
    build: (g, [h0, xs]) => {
      const gates = g.constant([1, 0, 1, 1, 0, 1, 0, 1, 1, 0], [5, 2, 1]);
      const { finalStates } = scan(g, [h0], [xs, gates], (body, [h], [x, gate]) => ({
        next: [body.where(body.greater(gate, body.scalar(0.5)), body.mul(h, x), h)],
        give: [],
      }));
      return finalStates;
    },
  },
  {
    op: 'Scan',
    name: 'with a transposed weight, a state that only passes and an output that nobody uses',
    shapes: [
      [2, 3],
      [2, 3],
      [4, 2, 3],
      [3, 3],
    ],
    build: (g, [h0, c0, xs, w]) => {
      const result = scan(g, [h0, c0], [xs], (body, [h, c], [x]) => {
        const next = body.map('Sigmoid', body.gemm(body.mul(h, c), w, { c: x, transB: true }));
        return { next: [next, c], give: [body.mul(h, h), next] };
      });
      return [result.finalStates[0], result.stacked[1]];
    },
  },
];

/** Values away from 0, where Relu has its kink and division its pole. */
function clearOfZero(length: number, seed: number): Float32Array {
  return noise(length, seed).map((value) => Math.sign(value) * (0.4 + Math.abs(value) / 2));
}

/** loss = Σ outputs · noise, and its gradient in every input. */
function differentiate({ shapes, build }: Case): { gradients: Float32Array[]; differences: Float64Array[] } {
  const g = new TensorGraph();
  const inputs = shapes.map((shape, i) => g.input(shape, `x${i}`));
  const terms = build(g, inputs).map((output, i) => {
    const sizes = output.shape.map(Number);
    return g.sum(
      g.mul(
        output,
        g.constant(
          noise(
            sizes.reduce((a, b) => a * b, 1),
            50 + i,
          ),
          sizes,
        ),
      ),
    );
  });
  const loss = terms.reduce((a, b) => g.add(a, b));
  const seeds = [[loss, g.scalar(1)]] as const;
  const adjoints = backpropagate({ graph: g, nodes: [...g.nodes], seeds, targets: inputs, rules: RULES });
  g.output(loss, 'loss');
  adjoints.forEach((adjoint, i) => {
    expect(adjoint?.shape).toEqual(shapes[i]);
    if (adjoint) g.output(adjoint, `d${i}`);
  });
  const session = new OrtSession(g.encode());
  const points = shapes.map((shape, i) =>
    clearOfZero(
      shape.reduce((a, b) => a * b, 1),
      i,
    ),
  );
  const feeds = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, tensorOf(points[i], shape)]));
  const fetches = Object.fromEntries(shapes.map((_, i) => [`d${i}`, null]));
  const result = session.run(feeds, fetches);
  const differences = points.map((point, i) =>
    centralDifferences(
      (at) => float32Of(session.run({ ...feeds, [`x${i}`]: tensorOf(at, shapes[i]) }, { loss: null }), 'loss')[0],
      point,
      0.03,
    ),
  );
  session.close();
  return { gradients: shapes.map((_, i) => float32Of(result, `d${i}`)), differences };
}

describe('gradient rules', () => {
  it.each(CASES)('$op $name', (entry) => {
    const { gradients, differences } = differentiate(entry);
    gradients.forEach((gradient, i) => expect(relativeNormError(gradient, differences[i])).toBeLessThanOrEqual(1e-4));
  });

  it('are all tested here', () => {
    expect([...new Set(CASES.map((entry) => entry.op))].toSorted()).toEqual(Object.keys(RULES).toSorted());
  });

  it('give nothing for what the output does not depend on', () => {
    const g = new TensorGraph();
    const [a, b] = [g.input([2], 'a'), g.input([2], 'b')];
    const loss = g.sum(a);
    const [da, db] = backpropagate({
      graph: g,
      nodes: [...g.nodes],
      seeds: [[loss, g.scalar(1)]],
      targets: [a, b],
      rules: RULES,
    });
    expect(da?.shape).toEqual([2]);
    expect(db).toBeUndefined();
  });

  it('refuse an operator without a rule, and a weight that a loop uses by itself', () => {
    const g = new TensorGraph();
    const a = g.input([2], 'a');
    const gradientOf = (loss: Value): unknown =>
      backpropagate({ graph: g, nodes: [...g.nodes], seeds: [[loss, g.scalar(1)]], targets: [a], rules: RULES });
    expect(() => gradientOf(g.norm(a))).toThrow(BugError);
    const xs = g.constant([1, 2, 3, 4], [2, 2]);
    const { stacked } = scan(g, [g.zeros([2])], [xs], (body, [h], [x]) => {
      const next = body.add(body.mul(h, a), x);
      return { next: [next], give: [next] };
    });
    expect(() => gradientOf(g.sum(stacked[0]))).toThrow(/only the right side and the bias of a Gemm/);
  });
});
