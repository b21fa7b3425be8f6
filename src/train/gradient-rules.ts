/** The derivative of every operator that a loss may pass through. y is the output, d its adjoint. */
import type { Value } from '../onnx/graph.js';
import type { Rules } from './autodiff.js';

export const GRADIENT_RULES: Rules = {
  Add: ({ node, adjoint, contribute }) => {
    for (const input of node.inputs) contribute(input, () => adjoint);
  },
  Sub: ({ graph, node: { inputs }, adjoint, contribute }) => {
    contribute(inputs[0], () => adjoint);
    contribute(inputs[1], () => graph.map('Neg', adjoint));
  },
  Mul: ({ graph, node: { inputs }, adjoint, contribute }) => {
    contribute(inputs[0], () => graph.mul(adjoint, inputs[1]));
    contribute(inputs[1], () => graph.mul(adjoint, inputs[0]));
  },
  /** d/b and −(d/b)·y */
  Div: ({ graph, node: { inputs, outputs }, adjoint, contribute }) => {
    contribute(inputs[0], () => graph.div(adjoint, inputs[1]));
    contribute(inputs[1], () => graph.map('Neg', graph.mul(graph.div(adjoint, inputs[1]), outputs[0])));
  },
  Neg: ({ graph, node: { inputs }, adjoint, contribute }) => {
    contribute(inputs[0], () => graph.map('Neg', adjoint));
  },
  Exp: ({ graph, node: { inputs, outputs }, adjoint, contribute }) => {
    contribute(inputs[0], () => graph.mul(adjoint, outputs[0]));
  },
  Log: ({ graph, node: { inputs }, adjoint, contribute }) => {
    contribute(inputs[0], () => graph.div(adjoint, inputs[0]));
  },
  /** d / 2y */
  Sqrt: ({ graph, node: { inputs, outputs }, adjoint, contribute }) => {
    contribute(inputs[0], () => graph.div(adjoint, graph.mul(graph.scalar(2), outputs[0])));
  },
  /** d·(1 − y²) */
  Tanh: ({ graph, node, adjoint, contribute }) => {
    const [y] = node.outputs;
    contribute(node.inputs[0], () => graph.mul(adjoint, graph.sub(graph.scalar(1), graph.mul(y, y))));
  },
  /** d·y·(1 − y) */
  Sigmoid: ({ graph, node, adjoint, contribute }) => {
    const [y] = node.outputs;
    contribute(node.inputs[0], () => graph.mul(adjoint, graph.mul(y, graph.sub(graph.scalar(1), y))));
  },
  /** d where y > 0 */
  Relu: ({ graph, node: { inputs, outputs }, adjoint, contribute }) => {
    contribute(inputs[0], () => graph.mul(adjoint, graph.map('Sign', outputs[0])));
  },
  /** d − eʸ·Σd */
  LogSoftmax: ({ graph, node: { inputs, outputs }, adjoint, contribute }) => {
    const [y] = outputs;
    const total = (): Value => graph.sum(adjoint, [y.shape.length - 1], true);
    contribute(inputs[0], () => graph.sub(adjoint, graph.mul(graph.map('Exp', y), total())));
  },
  /** What was picked several times is summed. */
  GatherElements: ({ graph, node: { inputs }, adjoint, contribute }) => {
    contribute(inputs[0], () => graph.putBack(adjoint, inputs[1], inputs[0].shape));
  },
  /** Made by `detached` only: nothing is passed back. */
  Identity: () => {},
  /** The adjoint goes to the value that was chosen; the condition has none. */
  Where: ({ graph, node, adjoint, contribute }) => {
    const [condition, a, b] = node.inputs;
    contribute(a, () => graph.where(condition, adjoint, graph.scalar(0)));
    contribute(b, () => graph.where(condition, graph.scalar(0), adjoint));
  },
  /** y = A·B + C with A, B transposed or not: dA = d·Bᵀ, dB = Aᵀ·d, dC = d. */
  Gemm: ({ graph, node, adjoint, contribute }) => {
    const [a, b, c] = node.inputs;
    const transA = node.attributes['transA'] === 1;
    const transB = node.attributes['transB'] === 1;
    contribute(a, () =>
      transA ? graph.gemm(b, adjoint, { transA: transB, transB: true }) : graph.gemm(adjoint, b, { transB: !transB }),
    );
    contribute(b, () =>
      transB ? graph.gemm(adjoint, a, { transA: true, transB: transA }) : graph.gemm(a, adjoint, { transA: !transA }),
    );
    if (c) contribute(c, () => adjoint);
  },
  Reshape: ({ graph, node: { inputs }, adjoint, contribute }) => {
    contribute(inputs[0], () => graph.reshape(adjoint, inputs[0].shape));
  },
  Split: ({ graph, node, adjoints, contribute }) => {
    const parts = node.outputs.map((output, i) => adjoints[i] ?? graph.zeros(output.shape));
    contribute(node.inputs[0], () => graph.concat(parts, Number(node.attributes['axis'])));
  },
  Concat: ({ graph, node: { inputs, attributes }, adjoint, contribute }) => {
    const axis = Number(attributes['axis']);
    const sizes = inputs.map((input) => Number(input.shape[axis]));
    const parts = graph.split(adjoint, axis, sizes);
    inputs.forEach((input, i) => contribute(input, () => parts[i]));
  },
  /** What was repeated is summed by `contribute`. */
  Expand: ({ node: { inputs }, adjoint, contribute }) => {
    contribute(inputs[0], () => adjoint);
  },
  /** Every summand gets the sum's adjoint. */
  ReduceSum: ({ graph, node: { inputs, outputs }, adjoint, contribute }) => {
    const { shape } = inputs[0];
    // Only sums over all axes, or with the axes kept, are part of a loss: both broadcast back without a new axis.
    const kept = outputs[0].shape.length === shape.length ? outputs[0].shape : shape.map(() => 1);
    contribute(inputs[0], () => graph.expand(graph.reshape(adjoint, kept), shape));
  },
};
