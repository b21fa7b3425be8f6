/** Does the card say the same as the ONNX file, and does it agree with itself? */
import { calendarWidth, type ModelCard } from '../core/card.js';
import { UserError } from '../core/errors.js';
import type { ModelInfo, TensorInfo } from '../onnx/reader.js';
import type { RowShape } from '../core/step-model.js';
import { rowLayout } from './row-layout.js';

type FileTensor = ModelInfo['inputs'][number];

interface Expected {
  readonly name: string;
  readonly shape: RowShape;
  /** `T` lies before the shape. */
  readonly timeAxis?: true | undefined;
  /** Where the card says so. */
  readonly role: string;
}

/** Every input that the card knows; a model with another one cannot be fed. */
function cardInputs(card: ModelCard): Expected[] {
  const { x, rowMask } = card.inputs;
  const inputs: Expected[] = [{ ...x, role: 'inputs.x' }];
  if (rowMask) inputs.push({ ...rowMask, role: 'inputs.rowMask' });
  card.states.forEach(({ name, shape }, i) => inputs.push({ name, shape, role: `states.${i}` }));
  return inputs;
}

function cardOutputs(card: ModelCard): Expected[] {
  const outputs: Expected[] = [{ ...card.outputs.y, role: 'outputs.y' }];
  card.states.forEach(({ next, shape }, i) => outputs.push({ name: next, shape, role: `states.${i}` }));
  return outputs;
}

/**
 * Names, element types (float32) and shapes of the card against those of the file. Where the file leaves a dimension
 * open the card may fix it, never the other way round.
 * @throws UserError `CARD_MISMATCH` that lists every difference
 */
export function assertSignature(card: ModelCard, info: ModelInfo): void {
  const wantedInputs = cardInputs(card);
  const mistakes = [
    ...differences('input', wantedInputs, info.inputs),
    ...differences('output', cardOutputs(card), info.outputs),
  ];
  const known = new Set(wantedInputs.map(({ name }) => name));
  for (const { name } of info.inputs) {
    if (!known.has(name)) mistakes.push(`the file has an input '${name}' that the card does not name`);
  }
  fail('the card does not fit its ONNX file', mistakes);
}

function differences(kind: string, expected: readonly Expected[], actual: readonly FileTensor[]): string[] {
  const mistakes: string[] = [];
  for (const { name, shape: rowShape, timeAxis, role } of expected) {
    const shape = timeAxis ? ['T', ...rowShape] : rowShape;
    const tensor = actual.find((candidate) => candidate.name === name);
    if (!tensor) {
      const names = actual.map((candidate) => `'${candidate.name}'`).join(', ');
      mistakes.push(`${role} names the ${kind} '${name}', the file has ${names || 'none'}`);
    } else if (tensor.elementType !== 'float32') {
      mistakes.push(`${role}: '${name}' is ${tensor.elementType} in the file, kioku steps float32 models`);
    } else if (!fits(shape, tensor.shape)) {
      mistakes.push(
        `${role}: '${name}' is [${shape.join(', ')}] in the card, [${tensor.shape.join(', ')}] in the file`,
      );
    }
  }
  return mistakes;
}

/** Where the file leaves a dimension open it may be fixed, never the other way round: `B` has to be open. */
export function fits(shape: readonly (string | number)[], file: TensorInfo['shape']): boolean {
  return shape.length === file.length && shape.every((size, i) => typeof file[i] === 'string' || file[i] === size);
}

/**
 * What the card says twice must be the same: widths that follow from channels, calendar and objective; one batch axis a
 * tensor; one scale a channel. The net must be one that can be built.
 * @throws UserError `CARD_MISMATCH` that lists every contradiction
 */
export function assertCardConsistent(card: ModelCard): void {
  const mistakes: string[] = [];
  for (const { role, shape } of [...cardInputs(card), ...cardOutputs(card)]) {
    if (shape.filter((size) => size === 'B').length !== 1) {
      mistakes.push(`${role}: shape [${shape.join(', ')}] needs exactly one batch axis 'B'`);
    }
  }
  const channels = card.channels.length;
  const widths: readonly (readonly [string, RowShape, number])[] = [
    ['inputs.x', card.inputs.x.shape, channels + calendarWidth(card.calendar)],
    ['outputs.y', card.outputs.y.shape, card.objective === 'gaussian' ? 2 * channels : channels],
    ...(card.inputs.rowMask ? [['inputs.rowMask', card.inputs.rowMask.shape, 1] as const] : []),
  ];
  for (const [role, shape, width] of widths) {
    const actual = rowLayout(shape, 'float32').width;
    if (actual !== width) {
      mistakes.push(`${role}: ${actual} values a row, but channels, calendar and objective make ${width}`);
    }
  }
  const { pooled, streams } = card.normalisation;
  for (const [role, scales] of [['pooled', pooled] as const, ...Object.entries(streams)]) {
    if (scales.length !== channels) {
      mistakes.push(`normalisation of ${role}: ${scales.length} scales for ${channels} channels`);
    }
  }
  const { cell, hidden, projection } = card.training;
  if (projection !== undefined && (cell !== 'lstm' || projection >= hidden)) {
    mistakes.push(`training.projection: ${projection}, but only an LSTM has one, less than its ${hidden} cells`);
  }
  fail('the card contradicts itself', mistakes);
}

function fail(what: string, mistakes: readonly string[]): void {
  if (mistakes.length === 0) return;
  throw new UserError('CARD_MISMATCH', `${what}: ${mistakes.join('; ')}`, {
    hint: 'copy card and model of the same training into the folder, or train it again',
  });
}
