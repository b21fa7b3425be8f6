/**
 * The float32 numbers that the nodes of an ONNX file of kioku work with, each where it is used: a small constant may be
 * shared by several nodes, so its name says less than its place.
 */
import { inMemory, type ByteSource } from './file-window.js';
import { fields, integer, invalid, text, type Field } from './wire.js';
import { ELEMENT_TYPE_CODES } from './ir.js';

export interface NodeConstants {
  readonly op: string;
  /** In the order of the node's inputs; undefined: computed, fed, absent, or not float32. */
  readonly inputs: readonly (Float32Array | undefined)[];
}

/**
 * @param model an ONNX file that holds its weights
 * @returns one entry a node of the outermost graph, in the order of the file
 * @throws UserError `MODEL_INVALID`
 */
export async function nodeConstants(model: Uint8Array): Promise<NodeConstants[]> {
  const file = inMemory(model);
  const nodes: { op: string; inputs: string[] }[] = [];
  const values = new Map<string, Float32Array>();
  for await (const field of fields(file, { start: 0, end: file.size })) {
    if (field.number !== 7) continue;
    for await (const part of fields(file, field)) {
      if (part.number === 1) nodes.push(await readNode(file, part));
      else if (part.number === 5) {
        const tensor = await readTensor(file, part);
        if (tensor !== undefined) values.set(tensor.name, tensor.values);
      }
    }
  }
  return nodes.map(({ op, inputs }) => ({ op, inputs: inputs.map((name) => values.get(name)) }));
}

async function readNode(file: ByteSource, span: Field): Promise<{ op: string; inputs: string[] }> {
  const inputs: string[] = [];
  let op = '';
  for await (const field of fields(file, span)) {
    if (field.number === 1) inputs.push(await text(file, field));
    else if (field.number === 4) op = await text(file, field);
  }
  return { op, inputs };
}

/** @returns undefined for other elements than float32 */
async function readTensor(file: ByteSource, span: Field): Promise<{ name: string; values: Float32Array } | undefined> {
  let [name, type] = ['', 0];
  let raw = new Uint8Array(0);
  for await (const field of fields(file, span)) {
    if (field.number === 2) type = integer(field);
    else if (field.number === 8) name = await text(file, field);
    else if (field.number === 9) raw = await file.bytes(field.start, field.end - field.start);
  }
  if (type !== ELEMENT_TYPE_CODES.float32) return undefined;
  if (raw.length % Float32Array.BYTES_PER_ELEMENT !== 0) invalid(`the tensor ${name} of ${raw.length} bytes`);
  return { name, values: new Float32Array(raw.buffer, 0, raw.length / 4) };
}
