/** A sound ONNX file whose step takes longer than anybody lives. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { StepModel } from '../../src/core/step-model.js';
import { Graph } from '../../src/onnx/graph.js';
import { TensorGraph } from '../../src/onnx/tensor-graph.js';

const WIDTH = 2;

/** x [B, 2], doubled 2^53 times. */
export async function writeEndlessModel(path: string): Promise<StepModel> {
  const g = new TensorGraph();
  const x = g.input(['B', WIDTH], 'x');
  const body = new Graph(g);
  body.input([], 'turn', 'int64');
  const goesOn = body.input([], 'goes_on', 'bool');
  const value = body.input(['B', WIDTH], 'value');
  body.output(goesOn, 'goes_on_next');
  body.output(body.emit('Add', [value, value], [['B', WIDTH]]).outputs[0], 'value_next');
  const [turns, yes] = [g.constant([2 ** 53], [], 'int64'), g.constant([1], [], 'bool')];
  g.output(g.emit('Loop', [turns, yes, x], [['B', WIDTH]], { body }).outputs[0], 'y');
  const onnx = g.encode();
  await writeFile(path, onnx);
  return {
    path,
    sha256: createHash('sha256').update(onnx).digest('hex'),
    inputs: [{ name: 'x', elementType: 'float32', shape: ['B', WIDTH] }],
    outputs: [{ name: 'y', elementType: 'float32', shape: ['B', WIDTH] }],
    states: [],
    constants: [],
  };
}
