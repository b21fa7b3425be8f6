/** What an ONNX file says, as plain data: model, graph, node, tensor. Field numbers are in `encode.ts`. */

/** Element types that kioku writes, with their codes in `TensorProto.DataType`. */
export const ELEMENT_TYPE_CODES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof ELEMENT_TYPE_CODES;

/** A size, or the name of one that is known only when the graph runs (`T` steps, `B` rows). */
export type Dimension = number | string;
export type Shape = readonly Dimension[];

export interface ValueInfo {
  readonly name: string;
  readonly elementType: ElementType;
  readonly shape: Shape;
}

export interface TensorIr {
  readonly name: string;
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  /** Little-endian, row-major. */
  readonly data: Uint8Array;
}

/** An integer, a list of integers, a word, or the body of a loop. */
export type Attribute = number | readonly number[] | string | GraphIr;

export interface NodeIr {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface GraphIr {
  readonly name: string;
  /** In topological order. */
  readonly nodes: readonly NodeIr[];
  readonly initialisers: readonly TensorIr[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface ModelIr {
  readonly graph: GraphIr;
  /** Becomes `metadata_props`. */
  readonly metadata: Readonly<Record<string, string>>;
}
