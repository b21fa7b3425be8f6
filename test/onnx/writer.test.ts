import { describe, expect, it } from 'vitest';
import { BugError } from '../../src/core/errors.js';
import { TensorGraph } from '../../src/onnx/tensor-graph.js';
import { float32Of, OrtSession, tensorOf } from '../../src/step/ort.js';

describe('TensorGraph', () => {
  it('writes a model that ONNX Runtime runs for any size of a named dimension', () => {
    const g = new TensorGraph();
    const x = g.input(['T', 'B', 3], 'x');
    const w = g.constant([1, 0, -1, 2, 2, 2], [2, 3]);
    const y = g.gemm(g.rows(x), w, { c: g.constant([10, 20], [2]), transB: true });
    g.output(g.reshape(y, ['T', 'B', 2]), 'y');
    const session = new OrtSession(g.encode());
    for (const [t, b] of [
      [1, 1],
      [2, 3],
    ] as const) {
      const data = Float32Array.from({ length: t * b * 3 }, (_, i) => i);
      const result = session.run({ x: tensorOf(data, [t, b, 3]) }, { y: null });
      expect(result['y']?.dims).toEqual([t, b, 2]);
      const expected = Array.from({ length: t * b }, (_, r) => [10 - 2, 20 + 2 * (9 * r + 3)]).flat();
      expect([...float32Of(result, 'y')]).toEqual(expected);
    }
    session.close();
  });

  it('leaves out nodes and constants that no output needs', () => {
    const g = new TensorGraph();
    const x = g.input([2], 'x');
    g.mul(x, g.constant([3, 4], [2]));
    g.output(g.add(x, g.scalar(1)), 'y');
    expect(g.liveNodes().map((node) => node.op)).toEqual(['Add']);
    const withoutDead = new TensorGraph();
    withoutDead.output(withoutDead.add(withoutDead.input([2], 'x'), withoutDead.scalar(1)), 'y');
    expect(Math.abs(g.encode().length - withoutDead.encode().length)).toBeLessThanOrEqual(4); // names only
  });

  it('copies an output that is an input, or that is asked for twice', () => {
    const g = new TensorGraph();
    const x = g.input([1], 'x');
    const y = g.map('Neg', x);
    g.output(x, 'same');
    g.output(y, 'first');
    g.output(y, 'second');
    const session = new OrtSession(g.encode());
    const result = session.run({ x: tensorOf(Float32Array.of(5), [1]) }, { same: null, first: null, second: null });
    expect(['same', 'first', 'second'].map((name) => float32Of(result, name)[0])).toEqual([5, -5, -5]);
    session.close();
  });

  it('refuses shapes that do not fit', () => {
    const g = new TensorGraph();
    const x = g.input(['B', 3], 'x');
    expect(() => g.add(x, g.constant([1, 2], [2]))).toThrow(BugError);
    expect(() => g.reshape(x, ['T', 3])).toThrow(BugError);
    expect(() => g.gemm(x, x)).toThrow(BugError);
    expect(() => g.split(x, 1, [1, 1])).toThrow(BugError);
    expect(() => g.zeros(['Q'])).toThrow(BugError);
  });
});
