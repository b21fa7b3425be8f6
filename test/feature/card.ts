/** A model card for two channels and a day, made by hand. */
import { cardSchema, type ModelCard } from '../../src/core/card.js';

export const KNOWN = [
  { center: 10, scale: 2 },
  { center: -1, scale: 0.5 },
];
export const POOLED = [
  { center: 0, scale: 1 },
  { center: 100, scale: 10 },
];

export function handMadeCard(): ModelCard {
  return cardSchema.parse({
    format: 'kioku-model',
    version: 1,
    name: 'test',
    task: 'forecast',
    model: 'model.onnx',
    modelSha256: '0'.repeat(64),
    inputs: { x: { name: 'x', shape: ['B', 4] } },
    outputs: { y: { name: 'y', shape: ['B', 2] } },
    states: [],
    stepUs: 1_000_000,
    channels: [
      { name: 'a', aggregate: 'mean' },
      { name: 'b', aggregate: 'mean' },
    ],
    calendar: ['day'],
    objective: 'mse',
    normalisation: { pooled: POOLED, streams: { known: KNOWN } },
    training: {
      cell: 'gru',
      hidden: 4,
      layers: 1,
      dropout: 0,
      parameters: 1,
      seed: 1,
      optimiserSteps: 1,
      epochs: 1,
      trainLoss: 1,
      validationLoss: 1,
      persistenceMse: 1,
      validationMse: 1,
      seconds: 1,
      rows: 1,
      streams: 1,
      from: '2026-01-01',
      to: '2026-01-02',
      createdAt: '2026-01-02',
      kioku: '0.1.0',
    },
    licence: 'Apache-2.0',
  });
}
