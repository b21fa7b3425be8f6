/** Model → ONNX file. Field numbers from onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). */
import type { Attribute, GraphIr, ModelIr, NodeIr, TensorIr, ValueInfo } from './ir.js';
import { ELEMENT_TYPE_CODES } from './ir.js';
import { ProtobufWriter } from './protobuf.js';

/** The file format that goes with opset 17. */
const IR_VERSION = 8;
/** Opset 18 moves the axes of reductions and changes Split; every runtime since 2022 reads 17. */
const OPSET = 17;

/** `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPE = { int: 2, string: 3, graph: 5, ints: 7 } as const;

/** The bytes of an ONNX file, with all tensors inside. */
export function encodeModel(model: ModelIr): Uint8Array {
  const writer = new ProtobufWriter();
  writer.int(1, IR_VERSION);
  writer.string(2, 'kioku');
  writer.message(7, (graph) => writeGraph(graph, model.graph));
  writer.message(8, (opset) => {
    opset.string(1, '');
    opset.int(2, OPSET);
  });
  for (const [key, value] of Object.entries(model.metadata)) {
    writer.message(14, (entry) => {
      entry.string(1, key);
      entry.string(2, value);
    });
  }
  return writer.finish();
}

function writeGraph(writer: ProtobufWriter, graph: GraphIr): void {
  for (const node of graph.nodes) writer.message(1, (nested) => writeNode(nested, node));
  writer.string(2, graph.name);
  for (const tensor of graph.initialisers) writer.message(5, (nested) => writeTensor(nested, tensor));
  for (const input of graph.inputs) writer.message(11, (nested) => writeValueInfo(nested, input));
  for (const output of graph.outputs) writer.message(12, (nested) => writeValueInfo(nested, output));
}

function writeNode(writer: ProtobufWriter, node: NodeIr): void {
  for (const input of node.inputs) writer.string(1, input);
  for (const output of node.outputs) writer.string(2, output);
  writer.string(4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    writer.message(5, (nested) => writeAttribute(nested, name, attribute));
  }
}

function writeAttribute(writer: ProtobufWriter, name: string, attribute: Attribute): void {
  writer.string(1, name);
  if (typeof attribute === 'number') {
    writer.int(3, attribute);
    writer.int(20, ATTRIBUTE_TYPE.int);
  } else if (typeof attribute === 'string') {
    writer.string(4, attribute);
    writer.int(20, ATTRIBUTE_TYPE.string);
  } else if ('nodes' in attribute) {
    writer.message(6, (nested) => writeGraph(nested, attribute));
    writer.int(20, ATTRIBUTE_TYPE.graph);
  } else {
    for (const value of attribute) writer.int(8, value);
    writer.int(20, ATTRIBUTE_TYPE.ints);
  }
}

function writeTensor(writer: ProtobufWriter, tensor: TensorIr): void {
  for (const size of tensor.dims) writer.int(1, size);
  writer.int(2, ELEMENT_TYPE_CODES[tensor.elementType]);
  writer.string(8, tensor.name);
  writer.bytes(9, tensor.data);
}

function writeValueInfo(writer: ProtobufWriter, value: ValueInfo): void {
  writer.string(1, value.name);
  writer.message(2, (type) => {
    type.message(1, (tensorType) => {
      tensorType.int(1, ELEMENT_TYPE_CODES[value.elementType]);
      tensorType.message(2, (shape) => {
        for (const size of value.shape) {
          shape.message(1, (dimension) => {
            if (typeof size === 'number') dimension.int(1, size);
            else dimension.string(2, size);
          });
        }
      });
    });
  });
}
