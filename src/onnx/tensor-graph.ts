/** The operators that kioku's graphs are made of, with their shapes (https://onnx.ai/onnx/operators, opset 17). */
import { BugError } from '../core/errors.js';
import { Graph, type Node, type Value } from './graph.js';
import type { Dimension, ElementType, Shape } from './ir.js';
import { broadcast, elements, sameShape, shapeText } from './shape.js';

type Elementwise = 'Sigmoid' | 'Tanh' | 'Relu' | 'Exp' | 'Log' | 'Sqrt' | 'Neg' | 'Sign';

export class TensorGraph extends Graph {
  scalar(value: number): Value {
    return this.constant([value], []);
  }

  add(a: Value, b: Value): Value {
    return this.#binary('Add', a, b);
  }

  sub(a: Value, b: Value): Value {
    return this.#binary('Sub', a, b);
  }

  mul(a: Value, b: Value): Value {
    return this.#binary('Mul', a, b);
  }

  div(a: Value, b: Value): Value {
    return this.#binary('Div', a, b);
  }

  max(a: Value, b: Value): Value {
    return this.#binary('Max', a, b);
  }

  /** @returns bool */
  greater(a: Value, b: Value): Value {
    return this.#binary('Greater', a, b, 'bool');
  }

  map(op: Elementwise, a: Value): Value {
    return this.#one(op, [a], a.shape);
  }

  /** y = a − ln Σ exp(a), along the last axis. */
  logSoftmax(a: Value): Value {
    return this.#one('LogSoftmax', [a], a.shape, { axis: a.shape.length - 1 });
  }

  /** `a` as a constant of differentiation: nothing is passed back through it. */
  detached(a: Value): Value {
    return this.#one('Identity', [a], a.shape, {}, a.elementType);
  }

  /** `a` where `condition` holds, else `b`; the value that is not chosen may be NaN. */
  where(condition: Value, a: Value, b: Value): Value {
    return this.#one('Where', [condition, a, b], broadcast(condition.shape, broadcast(a.shape, b.shape)));
  }

  /** a · b + c with optional transposition; a and b are matrices, c broadcasts. */
  gemm(a: Value, b: Value, options: { c?: Value; transA?: boolean; transB?: boolean } = {}): Value {
    const { c, transA = false, transB = false } = options;
    const [rows, inner] = transA ? [a.shape[1], a.shape[0]] : a.shape;
    const [inner2, columns] = transB ? [b.shape[1], b.shape[0]] : b.shape;
    if (rows === undefined || columns === undefined || inner !== inner2 || a.shape.length + b.shape.length !== 4) {
      throw new BugError(`Gemm of ${shapeText(a.shape)} and ${shapeText(b.shape)}`);
    }
    return this.#one('Gemm', c ? [a, b, c] : [a, b], [rows, columns], {
      transA: Number(transA),
      transB: Number(transB),
    });
  }

  /** Same elements in the same order, another shape. */
  reshape(a: Value, shape: Shape): Value {
    if (sameShape(a.shape, shape)) return a;
    if (elements(a.shape) !== elements(shape))
      throw new BugError(`${shapeText(a.shape)} cannot become ${shapeText(shape)}`);
    const symbolic = shape.filter((size) => typeof size === 'string');
    const target =
      symbolic.length > 1
        ? this.shapeTensor(shape)
        : this.constant(
            shape.map((size) => (typeof size === 'string' ? -1 : size)),
            [shape.length],
            'int64',
          );
    return this.#one('Reshape', [a, target], shape);
  }

  /** [T, B, n] → [T·B, n]: all axes but the last become rows. */
  rows(a: Value): Value {
    return this.reshape(a, [elements(a.shape.slice(0, -1)), ...a.shape.slice(-1)]);
  }

  /** Without an axis of size 1. */
  squeeze(a: Value, axis: number): Value {
    const shape = a.shape.filter((_, i) => i !== axis);
    return this.#one('Squeeze', [a, this.constant([axis], [1], 'int64')], shape);
  }

  expand(a: Value, shape: Shape): Value {
    return sameShape(a.shape, shape) ? a : this.#one('Expand', [a, this.shapeTensor(shape)], shape, {}, a.elementType);
  }

  zeros(shape: Shape): Value {
    return this.expand(this.scalar(0), shape);
  }

  /** Cuts an axis into pieces of the given sizes. */
  split(a: Value, axis: number, sizes: readonly number[]): readonly Value[] {
    if (sizes.length === 1) return [a];
    if (sizes.reduce((sum, size) => sum + size, 0) !== a.shape[axis]) {
      throw new BugError(`${shapeText(a.shape)} does not split into ${sizes.join(' + ')} at axis ${axis}`);
    }
    const shapes = sizes.map((size) => a.shape.with(axis, size));
    return this.emit('Split', [a, this.constant(sizes, [sizes.length], 'int64')], shapes, { attributes: { axis } })
      .outputs;
  }

  /** Joins values along an axis whose sizes are numbers. */
  concat(values: readonly Value[], axis: number): Value {
    const [first] = values;
    if (!first) throw new BugError('Concat of nothing');
    if (values.length === 1) return first;
    const size = values.reduce((sum, value) => sum + this.#fixedSize(value, axis), 0);
    return this.#one('Concat', values, first.shape.with(axis, size), { axis });
  }

  /** @param axes all when left out; they stay with size 1 when `keep` is set */
  sum(a: Value, axes: readonly number[] = a.shape.map((_, axis) => axis), keep = false): Value {
    const shape = keep
      ? a.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
      : a.shape.filter((_, axis) => !axes.includes(axis));
    return this.#one('ReduceSum', [a, this.constant(axes, [axes.length], 'int64')], shape, { keepdims: Number(keep) });
  }

  /** The largest along an axis, which stays with size 1. */
  largest(a: Value, axis: number): Value {
    return this.#one('ReduceMax', [a], a.shape.with(axis, 1), { axes: [axis], keepdims: 1 });
  }

  /**
   * Picks from each row of the last axis: y[…, k] = a[…, index[…, k]].
   * @param index int64, of the rank of `a`, which may differ in the last size only; 0 ≤ index < size of a's last axis
   */
  pick(a: Value, index: Value): Value {
    return this.#one('GatherElements', [a, index], index.shape, { axis: a.shape.length - 1 });
  }

  /** The transpose of `pick`: y[…, index[…, k]] += a[…, k], from zeros of the given shape. */
  putBack(a: Value, index: Value, shape: Shape): Value {
    const inputs = [this.zeros(shape), index, a];
    return this.#one('ScatterElements', inputs, shape, { axis: shape.length - 1, reduction: 'add' });
  }

  /** Euclidean norm over all elements, a scalar. */
  norm(a: Value): Value {
    return this.#one('ReduceL2', [a], [], { keepdims: 0 });
  }

  /** The inverse of broadcasting: sums over what was repeated. */
  unbroadcast(a: Value, shape: Shape): Value {
    if (sameShape(a.shape, shape)) return a;
    const added = a.shape.length - shape.length;
    const axes = a.shape.flatMap((size, axis) => (axis < added || shape[axis - added] !== size ? [axis] : []));
    return this.reshape(this.sum(a, axes, true), shape);
  }

  /** The shape as an int64 vector; names are looked up at run time in the inputs that have them. */
  shapeTensor(shape: Shape): Value {
    const sizes = shape.map((size) =>
      typeof size === 'number' ? this.constant([size], [1], 'int64') : this.#runtimeSize(size),
    );
    if (shape.every((size) => typeof size === 'number')) return this.constant(shape, [shape.length], 'int64');
    const [first] = sizes;
    if (sizes.length === 1 && first) return first;
    return this.#one('Concat', sizes, [shape.length], { axis: 0 }, 'int64');
  }

  /** Always in the outermost graph: loop bodies see its values. */
  #runtimeSize(name: Dimension): Value {
    const root = this.root;
    const known = root.nodes.find((node) => node.op === 'Shape' && node.inputs[0]?.shape[sizeAxis(node)] === name);
    if (known) return known.outputs[0];
    for (const input of root.inputs) {
      const start = input.shape.indexOf(name);
      if (start < 0) continue;
      const attributes = { start, end: start + 1 };
      return root.emit('Shape', [input], [[1]], { attributes, elementType: 'int64' }).outputs[0];
    }
    throw new BugError(`no input has the dimension ${name}`);
  }

  #fixedSize(value: Value, axis: number): number {
    const size = value.shape[axis];
    if (typeof size !== 'number') throw new BugError(`axis ${axis} of ${shapeText(value.shape)} has no fixed size`);
    return size;
  }

  #binary(op: string, a: Value, b: Value, elementType: ElementType = 'float32'): Value {
    return this.#one(op, [a, b], broadcast(a.shape, b.shape), {}, elementType);
  }

  #one(
    op: string,
    inputs: readonly Value[],
    shape: Shape,
    attributes: Node['attributes'] = {},
    elementType: ElementType = 'float32',
  ): Value {
    return this.emit(op, inputs, [shape], { attributes, elementType }).outputs[0];
  }
}

/** The axis that a `Shape` node of this file reads. */
function sizeAxis(node: Node): number {
  return Number(node.attributes['start']);
}
