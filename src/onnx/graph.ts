/** A graph under construction: values, nodes, constants, nested bodies; unused nodes are left out of the file. */
import { BugError } from '../core/errors.js';
import { encodeModel } from './encode.js';
import type { Attribute, ElementType, GraphIr, NodeIr, Shape, TensorIr } from './ir.js';

/** The result of a node, an input or a constant. */
export interface Value {
  readonly graph: Graph;
  readonly name: string;
  readonly shape: Shape;
  readonly elementType: ElementType;
  /** Absent for inputs and constants. */
  readonly producer?: Node;
}

export interface Node {
  readonly op: string;
  /** May be replaced while a backward body is wired to the values that its forward body saved. */
  inputs: readonly Value[];
  /** Grows when a loop is asked to output more of what it computed. */
  readonly outputs: Value[];
  readonly attributes: Readonly<Record<string, number | readonly number[] | string>>;
  /** The body of a `Scan`. */
  readonly body?: Graph;
}

interface Output {
  readonly name: string;
  readonly value: Value;
}

const DATA = {
  float32: Float32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
};

/** Constants above this are told apart by identity only: they are weights. */
const SHARED_CONSTANT_ELEMENTS = 64;

export class Graph {
  readonly nodes: Node[] = [];
  readonly inputs: Value[] = [];
  readonly outputs: Output[] = [];
  readonly #constants = new Map<Value, TensorIr>();
  readonly #shared = new Map<string, Value>();
  #names = 0;

  /** @param parent the graph whose values a loop body may use */
  constructor(readonly parent?: Graph) {}

  /** The outermost graph: owner of names and constants. */
  get root(): Graph {
    return this.parent?.root ?? this;
  }

  /** @param name unique in the model; a loop body lets the graph choose */
  input(shape: Shape, name = this.#freshName('in'), elementType: ElementType = 'float32'): Value {
    const value: Value = { graph: this, name, shape, elementType };
    this.inputs.push(value);
    return value;
  }

  /** In the place of an optional input of a node that is not given, where others follow it. */
  absent(): Value {
    return { graph: this.root, name: '', shape: [], elementType: 'float32' };
  }

  /** @param name as for an input. The outputs of a loop body are in the order in which they are declared. */
  output(value: Value, name = this.#freshName('out')): void {
    this.outputs.push({ name, value });
  }

  /** Values known when the graph is written; in row-major order. A small one that is there already is used again. */
  constant(values: ArrayLike<number>, shape: readonly number[], elementType: ElementType = 'float32'): Value {
    if (this.parent) return this.root.constant(values, shape, elementType);
    const expected = shape.reduce((a, b) => a * b, 1);
    if (expected !== values.length) throw new BugError(`${values.length} values where the shape has ${expected}`);
    const small = values.length <= SHARED_CONSTANT_ELEMENTS;
    const key = small ? `${elementType}[${shape.join()}]${Array.from(values).join(',')}` : '';
    const existing = this.#shared.get(key);
    if (existing) return existing;
    const value: Value = { graph: this, name: this.#freshName('constant'), shape, elementType };
    const data =
      elementType === 'int64' ? BigInt64Array.from(Array.from(values, BigInt)) : DATA[elementType].from(values);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#constants.set(value, { name: value.name, elementType, dims: shape, data: bytes });
    if (small) this.#shared.set(key, value);
    return value;
  }

  /** Appends a node. @param outputs shape of each output; all are of `elementType` */
  emit(
    op: string,
    inputs: readonly Value[],
    outputs: readonly Shape[],
    options: { attributes?: Node['attributes']; elementType?: ElementType; body?: Graph } = {},
  ): Node {
    const { attributes = {}, elementType = 'float32', body } = options;
    const node: Node = { op, inputs, outputs: [], attributes, ...(body && { body }) };
    for (const shape of outputs) this.extend(node, shape, elementType);
    this.nodes.push(node);
    return node;
  }

  /** One more output of a node that is already there. */
  extend(node: Node, shape: Shape, elementType: ElementType = 'float32'): Value {
    const value: Value = { graph: this, name: this.#freshName(node.op), shape, elementType, producer: node };
    node.outputs.push(value);
    return value;
  }

  #freshName(prefix: string): string {
    const root = this.root;
    return `${prefix}_${root.#names++}`;
  }

  /** The ONNX file. @param metadata becomes `metadata_props` */
  encode(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    return encodeModel({ graph: this.#toIr('kioku', new Map()), metadata });
  }

  /** Nodes that an output needs, in order. */
  liveNodes(): readonly Node[] {
    const live = new Set<Node>();
    const pending = this.outputs.map((output) => output.value);
    for (let value = pending.pop(); value; value = pending.pop()) {
      const node = value.producer;
      if (!node || value.graph !== this || live.has(node)) continue;
      live.add(node);
      pending.push(...node.inputs, ...(node.body?.capturedValues() ?? []));
    }
    return this.nodes.filter((node) => live.has(node));
  }

  /** What a loop body uses from outside. */
  capturedValues(): readonly Value[] {
    return [...this.#usedValues()].filter((value) => value.graph !== this);
  }

  #usedValues(): ReadonlySet<Value> {
    const used = new Set(this.outputs.map((output) => output.value));
    for (const node of this.liveNodes()) {
      for (const value of node.inputs) used.add(value);
      for (const value of node.body?.capturedValues() ?? []) used.add(value);
    }
    return used;
  }

  #toIr(name: string, names: Map<Value, string>): GraphIr {
    const nameOf = (value: Value): string => names.get(value) ?? value.name;
    const nodes: NodeIr[] = [];
    const copies: NodeIr[] = [];
    // An output must be made in this very graph and only once; then its node can write it directly, without a copy.
    for (const output of this.outputs) {
      const { value } = output;
      if (value.producer && value.graph === this && !names.has(value)) names.set(value, output.name);
      else copies.push({ op: 'Identity', inputs: [nameOf(value)], outputs: [output.name], attributes: {} });
    }
    for (const node of this.liveNodes()) {
      const attributes: Record<string, Attribute> = { ...node.attributes };
      if (node.body) attributes['body'] = node.body.#toIr(node.op, names);
      nodes.push({ op: node.op, inputs: node.inputs.map(nameOf), outputs: node.outputs.map(nameOf), attributes });
    }
    const used = this.#usedValues();
    return {
      name,
      nodes: [...nodes, ...copies],
      initialisers: [...this.#constants].filter(([value]) => used.has(value)).map(([, tensor]) => tensor),
      inputs: this.inputs.map(({ name, elementType, shape }) => ({ name, elementType, shape })),
      outputs: this.outputs.map(({ name, value }) => ({ name, elementType: value.elementType, shape: value.shape })),
    };
  }
}
