/**
 * The derivative of a loop: back-propagation through time (Werbos 1990). The backward body runs over the same steps from
 * the last to the first; what it needs of the forward steps, the forward loop stacks as additional outputs.
 */
import { BugError } from '../core/errors.js';
import type { Node, Value } from '../onnx/graph.js';
import { TensorGraph } from '../onnx/tensor-graph.js';
import { backpropagate, type Rule, type Rules } from './autodiff.js';
import { GRADIENT_RULES } from './gradient-rules.js';
import { emitScan } from './scan.js';

/** The rule of `Scan`: forward loops only, whose body holds no loop of its own. */
const scanRule: Rule = ({ graph, node, adjoints, needs, contribute }) => {
  const forward = bodyOf(node);
  const states = node.inputs.length - Number(node.attributes['num_scan_inputs']);
  const backward = new TensorGraph(graph);
  const seeds: (readonly [Value, Value])[] = [];
  const feeds: Value[] = [];
  forward.outputs.forEach(({ value }, i) => {
    const adjoint = adjoints[i] ?? (i < states ? graph.zeros(value.shape) : undefined);
    if (!adjoint) return;
    seeds.push([value, backward.input(value.shape)]);
    feeds.push(adjoint);
  });

  const products = weightProducts(forward, needs);
  const targets = [
    ...forward.inputs.filter((_, i) => i < states || needs(node.inputs[i])),
    ...products.map((product) => product.outputs[0]),
  ];
  const found = backpropagate({ graph: backward, nodes: [...forward.nodes], seeds, targets, rules: GRADIENT_RULES });
  const saved = new SavedValues(graph, node, forward, backward, states);
  // A projection that a Gemm merely adds has the adjoint of the product itself: stacked once, used twice.
  const stackedAt = new Map<Value, number>();
  found.forEach((adjoint, i) => {
    if (i < states) backward.output(saved.inBackward(adjoint ?? backward.zeros(targets[i].shape)));
    else if (adjoint && !stackedAt.has(adjoint)) {
      stackedAt.set(adjoint, backward.outputs.length);
      backward.output(saved.inBackward(adjoint));
    }
  });
  for (const used of backward.liveNodes()) used.inputs = used.inputs.map((value) => saved.inBackward(value));

  const outputs = emitScan(graph, backward, [...feeds, ...saved.feeds], states, 'backward');
  const stackedAdjoint = (value: Value): Value | undefined => {
    const adjoint = found[targets.indexOf(value)];
    return adjoint && outputs[stackedAt.get(adjoint) ?? -1];
  };
  forward.inputs.forEach((input, i) => {
    const adjoint = i < states ? outputs[i] : stackedAdjoint(input);
    if (adjoint) contribute(node.inputs[i], () => adjoint);
  });
  for (const product of products) {
    const adjoint = stackedAdjoint(product.outputs[0]);
    if (!adjoint) continue;
    const [factor, weight, bias] = product.inputs;
    const d = graph.rows(adjoint);
    // The weight's adjoint is a sum over steps: one large product over all of them instead of one for each.
    contribute(weight, () => {
      const all = graph.rows(saved.stacked(factor));
      const transposed = product.attributes['transB'] === 1;
      return transposed ? graph.gemm(d, all, { transA: true }) : graph.gemm(all, d, { transA: true });
    });
    if (bias) contribute(bias, () => d);
  }
};

/** Rules for graphs with loops. */
export const RULES: Rules = { ...GRADIENT_RULES, Scan: scanRule };

/** Values of the forward body, as seen from outside (stacked over the steps) and from the backward body (one step). */
class SavedValues {
  /** Stacked values, in the order of the backward body's inputs for them. */
  readonly feeds: Value[] = [];
  readonly #slices = new Map<Value, Value>();

  constructor(
    readonly graph: TensorGraph,
    readonly node: Node,
    readonly forward: TensorGraph,
    readonly backward: TensorGraph,
    readonly states: number,
  ) {}

  /** [T, …] */
  stacked(value: Value): Value {
    const input = this.forward.inputs.indexOf(value);
    if (input >= this.states) return this.node.inputs[input];
    const output = this.forward.outputs.findIndex((candidate, i) => i >= this.states && candidate.value === value);
    if (output >= 0) return this.node.outputs[output];
    this.forward.output(value);
    const length = this.node.inputs[this.states].shape[0];
    return this.graph.extend(this.node, [length, ...value.shape], value.elementType);
  }

  inBackward(value: Value): Value {
    if (value.graph !== this.forward) return value;
    const known = this.#slices.get(value);
    if (known) return known;
    const slice = this.backward.input(value.shape, undefined, value.elementType);
    this.#slices.set(value, slice);
    this.feeds.push(this.stacked(value));
    return slice;
  }
}

/**
 * The Gemms of a body whose weight or bias comes from outside and needs a gradient.
 * @throws BugError when such a value is used in another way
 */
function weightProducts(body: TensorGraph, needs: (value: Value) => boolean): readonly Node[] {
  return body.nodes.filter((node) => {
    const captured = node.inputs.flatMap((value, i) => (value.graph !== body && needs(value) ? [i] : []));
    if (captured.length === 0) return false;
    if (node.op !== 'Gemm' || captured.includes(0) || node.attributes['transA'] === 1) {
      throw new BugError(
        `a loop body uses a weight in ${node.op}; only the right side and the bias of a Gemm may be one`,
      );
    }
    return true;
  });
}

function bodyOf(node: Node): TensorGraph {
  if (node.body instanceof TensorGraph) return node.body;
  throw new BugError(`${node.op} without a body`);
}
