/** Changes to the bytes of an ONNX file that our writer has no use for: other metadata, weights in a file of their own. */
import { ProtobufWriter } from '../../src/onnx/protobuf.js';

interface Field {
  readonly number: number;
  /** With tag and length. */
  readonly whole: Uint8Array;
  readonly payload: Uint8Array;
}

/** Numbers in `onnx.proto`. */
const MODEL = { graph: 7, metadata: 14 };
const GRAPH = { initialiser: 5 };
const TENSOR = { rawData: 9, externalData: 13, dataLocation: 14 };
const EXTERNAL = 1;

/** Of a message that holds only varints and length-delimited fields, as our writer makes them. */
function fieldsOf(bytes: Uint8Array): Field[] {
  let at = 0;
  const varint = (): number => {
    let [value, shift] = [0, 1];
    for (; bytes[at] >= 0x80; at++, shift *= 128) value += (bytes[at] - 0x80) * shift;
    return value + bytes[at++] * shift;
  };
  const fields: Field[] = [];
  while (at < bytes.length) {
    const start = at;
    const tag = varint();
    const isMessage = tag % 8 === 2;
    const length = isMessage ? varint() : 0;
    const payload = at;
    if (isMessage) at += length;
    else varint();
    fields.push({
      number: Math.floor(tag / 8),
      whole: bytes.subarray(start, at),
      payload: bytes.subarray(payload, at),
    });
  }
  return fields;
}

function pair(writer: ProtobufWriter, field: number, key: string, value: string): void {
  writer.message(field, (entry) => {
    entry.string(1, key);
    entry.string(2, value);
  });
}

/** The model with these `metadata_props` and no others. */
export function withMetadata(model: Uint8Array, metadata: Readonly<Record<string, string>>): Uint8Array {
  const kept = fieldsOf(model).filter(({ number }) => number !== MODEL.metadata);
  const writer = new ProtobufWriter();
  for (const [key, value] of Object.entries(metadata)) pair(writer, MODEL.metadata, key, value);
  return Buffer.concat([...kept.map(({ whole }) => whole), writer.finish()]);
}

/**
 * The model with its larger weights moved out.
 * @param location name of the file that will hold them
 */
export function withExternalData(model: Uint8Array, location: string): { model: Uint8Array; data: Uint8Array } {
  const moved: Uint8Array[] = [];
  let offset = 0;
  const moveOut = (tensor: Uint8Array): Uint8Array => {
    const fields = fieldsOf(tensor);
    const raw = fields.find(({ number }) => number === TENSOR.rawData);
    // ONNX Runtime wants small tensors, such as shapes, inside.
    if (!raw || raw.payload.length < 1024) return tensor;
    const writer = new ProtobufWriter();
    pair(writer, TENSOR.externalData, 'location', location);
    pair(writer, TENSOR.externalData, 'offset', String(offset));
    pair(writer, TENSOR.externalData, 'length', String(raw.payload.length));
    writer.int(TENSOR.dataLocation, EXTERNAL);
    moved.push(raw.payload);
    offset += raw.payload.length;
    return Buffer.concat([...fields.filter((field) => field !== raw).map(({ whole }) => whole), writer.finish()]);
  };
  const changed = replaced(model, MODEL.graph, (graph) => replaced(graph, GRAPH.initialiser, moveOut));
  return { model: changed, data: Buffer.concat(moved) };
}

/** The message with every field of that number put through `change`. */
function replaced(message: Uint8Array, number: number, change: (payload: Uint8Array) => Uint8Array): Uint8Array {
  const parts = fieldsOf(message).map((field) => {
    if (field.number !== number) return field.whole;
    const writer = new ProtobufWriter();
    writer.bytes(number, change(field.payload));
    return writer.finish();
  });
  return Buffer.concat(parts);
}
