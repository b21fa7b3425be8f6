/** Reverse-mode differentiation of a graph: from an output backwards, one rule per operator (Griewank & Walther 2008). */
import { BugError } from '../core/errors.js';
import type { Node, Value } from '../onnx/graph.js';
import type { TensorGraph } from '../onnx/tensor-graph.js';

/** What a rule works with. The adjoint of a value is the derivative of the seeded sum with respect to it. */
export interface RuleContext {
  /** Where the adjoints are computed. */
  readonly graph: TensorGraph;
  readonly node: Node;
  /** Adjoint of the first output, the only one of most operators. */
  readonly adjoint: Value;
  /** Adjoint of every output; undefined where nothing depends on it. */
  readonly adjoints: readonly (Value | undefined)[];
  /** Whether a target depends on this value's adjoint. */
  readonly needs: (value: Value) => boolean;
  /** Adds to the adjoint of an input, if it is needed; what broadcasting repeated is summed. */
  readonly contribute: (input: Value, adjoint: () => Value) => void;
}

export type Rule = (context: RuleContext) => void;

/** Operator → rule. */
export type Rules = Readonly<Record<string, Rule>>;

interface Backpropagation {
  /** Where adjoints are computed; may be another graph than that of the nodes (the backward body of a loop). */
  readonly graph: TensorGraph;
  /** The nodes to differentiate, in topological order. */
  readonly nodes: readonly Node[];
  /** Outputs with their adjoints, which have the same shapes. */
  readonly seeds: readonly (readonly [output: Value, adjoint: Value])[];
  readonly targets: readonly Value[];
  readonly rules: Rules;
}

/**
 * @returns the adjoint of each target, of its shape; undefined where no seeded output depends on it
 * @throws BugError when an operator on the way has no rule
 */
export function backpropagate({
  graph,
  nodes,
  seeds,
  targets,
  rules,
}: Backpropagation): readonly (Value | undefined)[] {
  const needed = dependents(nodes, targets);
  const contributions = new Map<Value, Value[]>();
  const contribute = (value: Value, adjoint: Value): void => {
    const known = contributions.get(value);
    if (known) known.push(adjoint);
    else contributions.set(value, [adjoint]);
  };
  const total = (value: Value): Value | undefined => {
    const parts = contributions.get(value);
    if (!parts) return undefined;
    const sum = parts.reduce((a, b) => graph.add(a, b));
    contributions.set(value, [sum]);
    return sum;
  };
  for (const [output, adjoint] of seeds) if (needed.has(output)) contribute(output, adjoint);
  for (const node of nodes.toReversed()) {
    const adjoints = node.outputs.map(total);
    const adjoint = adjoints.find((value) => value !== undefined);
    if (!adjoint) continue;
    const rule = rules[node.op];
    if (!rule) throw new BugError(`${node.op} has no gradient`);
    rule({
      graph,
      node,
      adjoint,
      adjoints,
      needs: (value) => needed.has(value),
      contribute: (input, compute) => {
        if (needed.has(input)) contribute(input, graph.unbroadcast(compute(), input.shape));
      },
    });
  }
  return targets.map(total);
}

/** The targets and everything that is computed from them; a size is not: it has no derivative. */
function dependents(nodes: readonly Node[], targets: readonly Value[]): ReadonlySet<Value> {
  const found = new Set(targets);
  for (const node of nodes) {
    if (node.op === 'Shape') continue;
    const sources = [...node.inputs, ...(node.body?.capturedValues() ?? [])];
    if (sources.some((value) => found.has(value))) for (const output of node.outputs) found.add(output);
  }
  return found;
}
