/** One ONNX file of a recogniser: what it says about itself, and that it takes and gives what kioku will feed and read. */
import { access } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { Port, StepModel } from '../../core/step-model.js';
import { readModelInfo, type TensorInfo } from '../../onnx/reader.js';
import { sha256Of } from '../sha256.js';
import { fits } from '../signature.js';
import { Metadata } from './metadata.js';

export interface OnnxPart {
  readonly path: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly metadata: Metadata;
  /** This file and those that hold its weights. */
  readonly files: readonly string[];
  /** Whether it has weights of 8 bits. */
  readonly quantised: boolean;
}

const QUANTISED: ReadonlySet<string> = new Set(['int8', 'uint8']);

/** @throws UserError `MODEL_MISSING`, `MODEL_INVALID` */
export async function readPart(path: string): Promise<OnnxPart> {
  const { inputs, outputs, metadata, initialisers } = await readModelInfo(path);
  const locations = new Set(initialisers.flatMap(({ externalFile }) => externalFile ?? []));
  const weights = await Promise.all([...locations].map((location) => externalFile(path, location)));
  const quantised = initialisers.some(({ elementType, dims }) => QUANTISED.has(elementType) && dims.length > 1);
  return { path, inputs, outputs, metadata: new Metadata(path, metadata), files: [path, ...weights], quantised };
}

async function externalFile(path: string, location: string): Promise<string> {
  const relative = normalize(location);
  if (isAbsolute(relative) || relative.startsWith('..')) {
    throw new UserError('MODEL_INVALID', `${path} keeps its weights outside its folder, in ${location}`, {
      hint: 'export the model again, with its weights beside it',
    });
  }
  const full = join(dirname(path), relative);
  await access(full).catch((cause: unknown) => {
    throw new UserError('MODEL_MISSING', `${path} keeps its weights in ${location}, which is not there`, {
      hint: `copy ${location} from where ${basename(path)} comes from`,
      cause,
    });
  });
  return full;
}

/** Size of an axis of an input or output; undefined when the file leaves it open or has no such tensor. */
export function sizeOf(tensors: readonly TensorInfo[], name: string, axis: number): number | undefined {
  const size = tensors.find((tensor) => tensor.name === name)?.shape[axis];
  return typeof size === 'number' ? size : undefined;
}

/**
 * The part as a step.
 * @param files whose digest is the model's; its own when left out
 * @throws UserError `MODEL_INVALID` that lists every input, output and state which the file lacks or has in another form
 */
export async function partAsStep(
  part: OnnxPart,
  ports: Pick<StepModel, 'inputs' | 'outputs' | 'states'>,
  files: readonly string[] = part.files,
): Promise<StepModel> {
  const { inputs, outputs, states } = ports;
  const nexts = states.map((state) => ({ ...state, name: state.next }));
  const wanted = [...inputs, ...states];
  const mistakes = [
    ...wanted.flatMap((port) => differences('input', port, part.inputs)),
    ...[...outputs, ...nexts].flatMap((port) => differences('output', port, part.outputs)),
    ...part.inputs
      .filter(({ name }) => !wanted.some((port) => port.name === name))
      .map(({ name }) => `it has an input '${name}' that this kind of model has not`),
  ];
  if (mistakes.length === 0) {
    const model = { ...ports, path: part.path, sha256: await sha256Of(...files), constants: [] };
    // Dynamic quantisation takes its scale from all rows of a batch: streams would change each other's last digits.
    return part.quantised ? { ...model, rowsPerRun: 1 } : model;
  }
  throw new UserError('MODEL_INVALID', `${part.path} is not as its metadata says: ${mistakes.join('; ')}`, {
    hint: 'it was exported by other means than icefall writes such models; kioku cannot run it',
  });
}

function differences(kind: string, port: Port, tensors: readonly TensorInfo[]): string[] {
  const tensor = tensors.find(({ name }) => name === port.name);
  const wanted = `${port.elementType} [${port.shape.join(', ')}]`;
  if (!tensor) return [`the ${kind} '${port.name}', ${wanted}, is missing`];
  // No shape at all: exporters and quantisers leave it out where they cannot infer it; nothing here is a scalar.
  const shapeFits = tensor.shape.length === 0 || fits(port.shape, tensor.shape);
  if (tensor.elementType === port.elementType && shapeFits) return [];
  return [`the ${kind} '${port.name}' is ${tensor.elementType} [${tensor.shape.join(', ')}], not ${wanted}`];
}
