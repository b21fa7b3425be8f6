/**
 * What an ONNX file says about itself, without loading its weights: signature, shapes, metadata. ONNX Runtime for Node
 * does not tell the metadata. Field numbers from onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
import { open } from 'node:fs/promises';
import { messageOf, UserError } from '../core/errors.js';
import { FileWindow } from './file-window.js';
import { fields, integer, integers, invalid, text, type Field } from './wire.js';

/** `TensorProto.DataType`, by code. */
// prettier-ignore
const ELEMENT_TYPES = [
  'undefined', 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16', 'float64',
  'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16',
];

const MOST_DIMENSIONS = 64;

export interface TensorInfo {
  readonly name: string;
  /** `float32`, `int64`, …; `undefined` for what is not a tensor. */
  readonly elementType: string;
  /** Sizes; a name where the size is free, `?` where it has none. */
  readonly shape: readonly (number | string)[];
}

export interface InitialiserInfo {
  readonly name: string;
  readonly elementType: string;
  readonly dims: readonly number[];
  /** Whether the values lie in this file. */
  readonly location: 'inline' | 'external';
  /** Where external values lie, relative to this file's folder. */
  readonly externalFile?: string;
}

export interface ModelInfo {
  readonly irVersion: number;
  /** Of the standard operators; 0 when the model uses none. */
  readonly opset: number;
  readonly producer: string;
  /** What has to be fed; initialisers that old files list here too are left out. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly initialisers: readonly InitialiserInfo[];
  /** `metadata_props` */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads a file of any size with a few kilobytes of memory.
 * @throws UserError `MODEL_MISSING` when it cannot be read, `MODEL_INVALID` when it is damaged or no ONNX file
 */
export async function readModelInfo(path: string): Promise<ModelInfo> {
  const handle = await open(path, 'r').catch((error: unknown) => unreadable(path, error));
  try {
    const { size } = await handle.stat();
    if (size === 0) invalid('it is empty');
    return await readModel(new FileWindow(handle, size));
  } catch (error) {
    if (error instanceof UserError) {
      const hint = error.hint ?? 'train the model again';
      throw new UserError(error.code, `${path}: ${error.message}`, { hint, cause: error });
    }
    return unreadable(path, error);
  } finally {
    await handle.close();
  }
}

async function readModel(file: FileWindow): Promise<ModelInfo> {
  const head = { irVersion: 0, opset: 0, producer: '' };
  const metadata = new Map<string, string>();
  let graph: Signature | undefined;
  for await (const field of fields(file, { start: 0, end: file.size })) {
    if (field.number === 1) head.irVersion = integer(field);
    else if (field.number === 2) head.producer = await text(file, field);
    else if (field.number === 7) graph = await readGraph(file, field);
    else if (field.number === 8) head.opset ||= await readStandardOpset(file, field);
    else if (field.number === 14) {
      const [key, value] = await readPair(file, field);
      metadata.set(key, value);
    }
  }
  if (!graph || head.irVersion < 1) return invalid('it has no graph or no format version');
  return { ...head, ...graph, metadata };
}

type Signature = Pick<ModelInfo, 'inputs' | 'outputs' | 'initialisers'>;

async function readGraph(file: FileWindow, span: Field): Promise<Signature> {
  const listed: TensorInfo[] = [];
  const outputs: TensorInfo[] = [];
  const initialisers: InitialiserInfo[] = [];
  for await (const field of messages(file, span)) {
    if (field.number === 5) initialisers.push(await readInitialiser(file, field));
    else if (field.number === 11) listed.push(await readValueInfo(file, field));
    else if (field.number === 12) outputs.push(await readValueInfo(file, field));
  }
  const given = new Set(initialisers.map((initialiser) => initialiser.name));
  return { inputs: listed.filter((input) => !given.has(input.name)), outputs, initialisers };
}

async function readInitialiser(file: FileWindow, span: Field): Promise<InitialiserInfo> {
  const dims: number[] = [];
  let [name, type, external, externalFile] = ['', 0, false, ''];
  for await (const field of messages(file, span)) {
    if (field.number === 1) dims.push(...(await integers(file, field, MOST_DIMENSIONS)));
    else if (field.number === 2) type = integer(field);
    else if (field.number === 8) name = await text(file, field);
    else if (field.number === 13) {
      const [key, value] = await readPair(file, field);
      if (key === 'location') externalFile = value;
    } else if (field.number === 14) external = integer(field) === 1;
    if (dims.length > MOST_DIMENSIONS) invalid(`a tensor with more than ${MOST_DIMENSIONS} dimensions`);
  }
  const info = { name, elementType: elementType(type), dims };
  return external
    ? { ...info, location: 'external', ...(externalFile && { externalFile }) }
    : { ...info, location: 'inline' };
}

async function readValueInfo(file: FileWindow, span: Field): Promise<TensorInfo> {
  let name = '';
  let [type, shape]: [number, (number | string)[]] = [0, []];
  for await (const field of messages(file, span)) {
    if (field.number === 1) name = await text(file, field);
    if (field.number !== 2) continue;
    for await (const kind of messages(file, field)) {
      if (kind.number === 1) [type, shape] = await readTensorType(file, kind);
    }
  }
  return { name, elementType: elementType(type), shape };
}

async function readTensorType(file: FileWindow, span: Field): Promise<[number, (number | string)[]]> {
  let type = 0;
  const shape: (number | string)[] = [];
  for await (const field of messages(file, span)) {
    if (field.number === 1) type = integer(field);
    if (field.number !== 2) continue;
    for await (const size of messages(file, field)) {
      if (size.number === 1) shape.push(await readDimension(file, size));
      if (shape.length > MOST_DIMENSIONS) invalid(`a value with more than ${MOST_DIMENSIONS} dimensions`);
    }
  }
  return [type, shape];
}

async function readDimension(file: FileWindow, span: Field): Promise<number | string> {
  let size: number | string = '?';
  for await (const field of messages(file, span)) {
    if (field.number === 1) size = integer(field);
    else if (field.number === 2) size = await text(file, field);
  }
  return size;
}

/** @returns 0 for the operators of somebody else's domain */
async function readStandardOpset(file: FileWindow, span: Field): Promise<number> {
  let [domain, version] = ['', 0];
  for await (const field of messages(file, span)) {
    if (field.number === 1) domain = await text(file, field);
    else if (field.number === 2) version = integer(field);
  }
  return domain === '' || domain === 'ai.onnx' ? version : 0;
}

async function readPair(file: FileWindow, span: Field): Promise<[key: string, value: string]> {
  let [key, value] = ['', ''];
  for await (const field of messages(file, span)) {
    if (field.number === 1) key = await text(file, field);
    else if (field.number === 2) value = await text(file, field);
  }
  return [key, value];
}

/** The fields of a nested message. */
function messages(file: FileWindow, span: Field): AsyncGenerator<Field, void, undefined> {
  return span.hasLength ? fields(file, span) : invalid(`byte ${span.start} should hold a message`);
}

function elementType(code: number): string {
  return ELEMENT_TYPES[code] ?? `type-${code}`;
}

function unreadable(path: string, error: unknown): never {
  throw new UserError('MODEL_MISSING', `${path} cannot be read: ${messageOf(error)}`, {
    hint: 'check the path and its permissions',
    cause: error,
  });
}
