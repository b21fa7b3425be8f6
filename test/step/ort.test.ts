import { describe, expect, it } from 'vitest';
import { BugError } from '../../src/core/errors.js';
import { TensorGraph } from '../../src/onnx/tensor-graph.js';
import { float32Of, OrtSession, tensorOf } from '../../src/step/ort.js';

/** y [B, 2] = 2 · x [B, 2] */
function doubling(): Uint8Array {
  const g = new TensorGraph();
  const x = g.input(['B', 2], 'x');
  g.output(g.mul(x, g.scalar(2)), 'y');
  return g.encode();
}

describe('OrtSession', () => {
  it('reports the signature and runs any batch size', () => {
    const session = new OrtSession(doubling());
    expect(session.inputs).toMatchObject([{ name: 'x', shape: [-1, 2], symbolicDimensions: ['B', ''] }]);
    expect(session.outputs.map(({ name }) => name)).toEqual(['y']);
    const one = session.run({ x: tensorOf(Float32Array.of(1, 2), [1, 2]) }, { y: null });
    expect([...float32Of(one, 'y')]).toEqual([2, 4]);
    const two = session.run({ x: tensorOf(Float32Array.of(1, 2, 3, 4), [2, 2]) }, { y: null });
    expect([...float32Of(two, 'y')]).toEqual([2, 4, 6, 8]);
    session.close();
  });

  it('writes into a tensor that it is given, and takes its own results as input', () => {
    const session = new OrtSession(doubling());
    const y = new Float32Array(2);
    const result = session.run({ x: tensorOf(Float32Array.of(1, 2), [1, 2]) }, { y: tensorOf(y, [1, 2]) });
    expect([...y]).toEqual([2, 4]);
    expect([...float32Of(session.run({ x: result['y'] }, { y: null }), 'y')]).toEqual([4, 8]);
    session.close();
  });

  it('says MODEL_INVALID for bytes that are no model', () => {
    const model = doubling();
    for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3), model.subarray(0, model.length >> 1)]) {
      expect(() => new OrtSession(bytes)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
    }
  });

  it('says ENGINE when a run fails', () => {
    const session = new OrtSession(doubling());
    const wide = tensorOf(new Float32Array(3), [1, 3]);
    expect(() => session.run({ x: wide }, { y: null })).toThrow(expect.objectContaining({ code: 'ENGINE' }));
    expect(() => session.run({}, { y: null })).toThrow(expect.objectContaining({ code: 'ENGINE' }));
    session.close();
  });

  it('refuses a shape that does not fit the data, and an output that is not there', () => {
    expect(() => tensorOf(new Float32Array(3), [2, 2])).toThrow(BugError);
    expect(() => float32Of({}, 'y')).toThrow(BugError);
  });
});
