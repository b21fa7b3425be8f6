/**
 * The parameters of a trained net, back from its ONNX file. How they lie in it is the exporter's business, so it is asked:
 * the same graph with all parameters 0, with all 1, and with each its own number shows which number of which node is
 * which parameter, and by which power of two it was scaled.
 */
import { readFile } from 'node:fs/promises';
import type { ModelCard } from '../core/card.js';
import { BugError, UserError } from '../core/errors.js';
import { nodeConstants, type NodeConstants } from '../onnx/constants.js';
import { buildStepGraph, type StepForm } from '../train/inference-graphs.js';
import { parameterCount, type NetSpec } from '../train/net-spec.js';

/** From here on numbers of parameters are no longer exact in float32. */
const MOST_PARAMETERS = 2 ** 24;

/** A trained net as its card and file tell. */
export interface LearntNet {
  readonly spec: NetSpec;
  readonly form: StepForm;
  /** [N] */
  readonly parameters: Float32Array;
}

/**
 * @param path of the ONNX file that the card names
 * @throws UserError `MODEL_INVALID` when the file is not as this version exports the net (another one made it), or the net is
 *   too large
 */
export async function learntNet(path: string, card: ModelCard): Promise<LearntNet> {
  const spec = specOf(card);
  const count = parameterCount(spec);
  if (count >= MOST_PARAMETERS) {
    throw new UserError('MODEL_INVALID', `${path} has ${count} parameters, too many to go on learning`, {
      hint: `leave \`online\` out, or train a net of fewer than ${MOST_PARAMETERS} parameters`,
    });
  }
  const form: StepForm = card.inputs.x.timeAxis === true ? 'fused' : 'plain';
  const parameters = await parametersOf(await nodeConstants(await readFile(path)), spec, form);
  if (parameters === undefined) {
    throw new UserError('MODEL_INVALID', `${path} was made by another version of kioku, and cannot go on learning`, {
      hint: 'train it again with `kioku train`, or leave `online` out',
    });
  }
  return { spec, form, parameters };
}

/** The net that a card describes. */
export function specOf({ training, channels, calendar, objective, inputs }: ModelCard): NetSpec {
  const { cell, hidden, projection, layers, dropout, likelihood } = training;
  const width = inputs.x.shape.reduce<number>((size, axis) => (axis === 'B' ? size : size * axis), 1);
  if (width !== channels.length + 2 * calendar.length) throw new BugError(`a net of ${width} inputs`);
  return {
    cell,
    inputs: width,
    hidden,
    projection,
    layers,
    channels: channels.length,
    objective,
    ...(likelihood === undefined ? {} : { likelihood }),
    dropout,
    skip: true,
  };
}

/** @returns undefined when exporting what was found does not give the same graph, bit for bit */
async function parametersOf(
  file: readonly NodeConstants[],
  spec: NetSpec,
  form: StepForm,
): Promise<Float32Array | undefined> {
  const count = parameterCount(spec);
  const exported = (parameters: Float32Array): Promise<NodeConstants[]> =>
    nodeConstants(buildStepGraph(spec, parameters, form));
  const zeros = await exported(new Float32Array(count));
  if (!alike(file, zeros)) return undefined;
  const ones = await exported(new Float32Array(count).fill(1));
  const numbers = await exported(Float32Array.from({ length: count }, (_, i) => i + 1));
  const parameters = new Float32Array(count);
  forEachNumber(zeros, (node, input, at, offset) => {
    const scale = numberAt(ones, node, input, at) - offset;
    if (scale === 0) return;
    const index = (numberAt(numbers, node, input, at) - offset) / scale - 1;
    parameters[index] = (numberAt(file, node, input, at) - offset) / scale;
  });
  return sameNumbers(file, await exported(parameters)) ? parameters : undefined;
}

/** Whether both have the same operators with constants of the same sizes in the same places. */
function alike(a: readonly NodeConstants[], b: readonly NodeConstants[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ op, inputs }, node) => {
      const other = b[node];
      return (
        op === other.op &&
        inputs.length === other.inputs.length &&
        inputs.every((values, i) => values?.length === other.inputs[i]?.length)
      );
    })
  );
}

function sameNumbers(a: readonly NodeConstants[], b: readonly NodeConstants[]): boolean {
  let same = true;
  forEachNumber(a, (node, input, at, number) => {
    same &&= Object.is(number, numberAt(b, node, input, at));
  });
  return same;
}

function forEachNumber(
  nodes: readonly NodeConstants[],
  visit: (node: number, input: number, at: number, number: number) => void,
): void {
  nodes.forEach(({ inputs }, node) => {
    inputs.forEach((values, input) => values?.forEach((number, at) => visit(node, input, at, number)));
  });
}

function numberAt(nodes: readonly NodeConstants[], node: number, input: number, at: number): number {
  return nodes[node].inputs[input]?.[at] ?? NaN;
}
