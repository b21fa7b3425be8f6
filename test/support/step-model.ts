/** Small model folders for tests: kioku's own step models, and one laid out as published models are. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelCard } from '../../src/core/card.js';
import { uniform } from '../../src/core/random.js';
import { TensorGraph } from '../../src/onnx/tensor-graph.js';
import { buildStepGraph, stepSignature, type StepForm } from '../../src/train/inference-graphs.js';
import { fixedWeights, forecast } from '../../src/train/network.js';
import { initialParameters, outputWidth, parameterCount, stateWidth, type NetSpec } from '../../src/train/net-spec.js';

/** Of the random weights of the models here. */
export const PARAMETER_SEED = 11;

export interface TestModel {
  readonly card: ModelCard;
  readonly onnx: Uint8Array;
}

/** A GRU with one state of width 7: odd, so that vector instructions have a remainder. */
export const GRU: NetSpec = {
  cell: 'gru',
  inputs: 2,
  hidden: 7,
  layers: 1,
  channels: 2,
  objective: 'gaussian',
  dropout: 0,
  skip: true,
};

type Signature = Pick<ModelCard, 'inputs' | 'outputs' | 'states'>;

function describe(onnx: Uint8Array, spec: NetSpec, signature: Signature, parameters: number): ModelCard {
  const scales = Array.from({ length: spec.channels }, () => ({ center: 0, scale: 1 }));
  return {
    format: 'kioku-model',
    version: 1,
    name: 'test',
    task: 'forecast',
    model: 'model.onnx',
    modelSha256: createHash('sha256').update(onnx).digest('hex'),
    ...signature,
    stepUs: 1_000_000,
    channels: scales.map((_, i) => ({ name: `c${i}`, aggregate: 'mean' })),
    calendar: [],
    objective: spec.objective,
    normalisation: { pooled: scales, streams: {} },
    training: {
      cell: spec.cell,
      hidden: spec.hidden,
      layers: spec.layers,
      dropout: spec.dropout,
      parameters,
      seed: 1,
      optimiserSteps: 0,
      epochs: 0,
      trainLoss: 0,
      validationLoss: 0,
      persistenceMse: 0,
      validationMse: 0,
      seconds: 0,
      rows: 0,
      streams: 0,
      from: '2026-01-01T00:00:00Z',
      to: '2026-01-01T00:00:00Z',
      createdAt: '2026-01-01T00:00:00Z',
      kioku: '0.0.0',
    },
    licence: 'Apache-2.0',
  };
}

/** A step model as `train` exports it, with random weights; without calendar inputs. */
export function kiokuModel(spec: NetSpec, form: StepForm = 'plain', seed = PARAMETER_SEED): TestModel {
  const onnx = buildStepGraph(spec, initialParameters(spec, seed), form);
  return { onnx, card: describe(onnx, spec, stepSignature(spec, form), parameterCount(spec)) };
}

/** The same weights in the form that kioku 0.1 exported: one packed state, and a mask of the rows that advance. */
export function maskedModel(spec: NetSpec, seed = PARAMETER_SEED): TestModel {
  const g = new TensorGraph();
  const x = g.input(['B', spec.inputs], 'x_t');
  const state = g.input(['B', stateWidth(spec)], 'state');
  const rowMask = g.input(['B'], 'row_mask');
  const parameters = initialParameters(spec, seed);
  const { mean, logVariance, stateNext } = forecast(g, spec, fixedWeights(g, spec, parameters), x, state);
  g.output(logVariance ? g.concat([mean, logVariance], 1) : mean, 'y_t');
  g.output(g.where(g.greater(g.reshape(rowMask, ['B', 1]), g.scalar(0.5)), stateNext, state), 'state_next');
  const onnx = g.encode();
  const signature: Signature = {
    inputs: { x: { name: 'x_t', shape: ['B', spec.inputs] }, rowMask: { name: 'row_mask', shape: ['B'] } },
    outputs: { y: { name: 'y_t', shape: ['B', outputWidth(spec)] } },
    states: [{ name: 'state', next: 'state_next', shape: ['B', stateWidth(spec)] }],
  };
  return { onnx, card: describe(onnx, spec, signature, parameterCount(spec)) };
}

/**
 * No row mask, two states, the batch axis of states and output in the middle, as published models have it:
 * h' = tanh(x·W + a·h), c' = c / 2 + h', y = c', for h and c [2, B, 5] and x [B, 5].
 */
export function publishedModel(seed = PARAMETER_SEED): TestModel {
  const width = 5;
  const g = new TensorGraph();
  const x = g.input(['B', width], 'x');
  const h = g.input([2, 'B', width], 'h');
  const c = g.input([2, 'B', width], 'c');
  const weights = Array.from({ length: width * width }, (_, i) => 2 * uniform(seed, 0, i) - 1);
  const projected = g.gemm(x, g.constant(weights, [width, width]));
  const gains = g.constant([0.5, -0.5], [2, 1, 1]);
  const hNext = g.map('Tanh', g.add(g.mul(h, gains), projected));
  const cNext = g.add(g.mul(c, g.scalar(0.5)), hNext);
  g.output(g.mul(cNext, g.scalar(1.5)), 'y');
  g.output(hNext, 'h_next');
  g.output(cNext, 'c_next');
  const onnx = g.encode();
  const signature: Signature = {
    inputs: { x: { name: 'x', shape: ['B', width] } },
    outputs: { y: { name: 'y', shape: [2, 'B', width] } },
    states: [
      { name: 'h', next: 'h_next', shape: [2, 'B', width] },
      { name: 'c', next: 'c_next', shape: [2, 'B', width] },
    ],
  };
  const spec: NetSpec = { ...GRU, cell: 'rnn-tanh', inputs: width, channels: width, hidden: width };
  return { onnx, card: describe(onnx, spec, signature, weights.length) };
}

/** Writes `model.json` and `model.onnx`. @returns `folder` */
export async function writeModel(folder: string, model: TestModel): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, model.card.model), model.onnx);
  await writeFile(join(folder, 'model.json'), JSON.stringify(model.card));
  return folder;
}
