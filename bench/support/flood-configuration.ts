/** The model and the configuration with which kioku takes the flood. */
import { join } from 'node:path';
import { kiokuModel, writeModel } from '../../test/support/step-model.js';
import { CHANNELS, DEVICES, STEP_MS } from './flood-messages.js';

/** Its name at the flood. */
export const KIOKU = 'kioku';

export interface FloodParts {
  readonly port: number;
  /** After half of them a device is on its own scale, after all it is judged. */
  readonly warmUpSteps: number;
  /** File for scores and incidents. */
  readonly events: string;
}

/**
 * As a user would write it, but for the warm-up. Writes an LSTM of 64 below `folder`; its weights are random, because
 * what a step costs does not depend on them.
 */
export async function floodConfiguration(
  folder: string,
  { port, warmUpSteps, events }: FloodParts,
): Promise<Record<string, unknown> & { readonly source: object }> {
  const model = kiokuModel({
    cell: 'lstm',
    inputs: CHANNELS.length,
    hidden: 64,
    layers: 1,
    channels: CHANNELS.length,
    objective: 'gaussian',
    dropout: 0,
    skip: true,
  });
  const channels = CHANNELS.map((name) => ({ name, aggregate: 'mean' as const }));
  await writeModel(join(folder, 'model'), { ...model, card: { ...model.card, channels } });
  const warmupSteps = Math.floor(warmUpSteps / 2);
  return {
    name: 'bench',
    model: join(folder, 'model'),
    source: { kind: 'mqtt', url: `mqtt://127.0.0.1:${port}`, clientId: KIOKU, topic: 'plant/{device}', qos: 0 },
    decode: { kind: 'json', time: { field: 'ts', format: 'ms' } },
    align: { stepMs: STEP_MS },
    feature: { kind: 'normalise', warmupSteps },
    decide: { kind: 'anomaly', scores: true, warmupSteps: Math.max(50, warmupSteps), silentAfterSteps: 3600 },
    sinks: [{ kind: 'jsonl', path: events }],
    limits: { maxStreams: DEVICES },
  };
}
