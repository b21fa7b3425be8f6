/** The portable engine: onnxruntime-node, on one thread of the processor. */
import { createRequire } from 'node:module';
import type { Engine, Net } from '../core/contracts.js';
import type { ProviderOptions } from '../core/runtime.js';
import type { StepModel } from '../core/step-model.js';
import { openSlottedNet } from './net.js';
import { NodeSession } from './node-session.js';

/** Opens models with onnxruntime-node; works wherever kioku does. */
export const nodeEngine: Engine = nodeEngineFor([]);

/** @param providers in order of preference: of those before the processor its nets say that they do without */
export function nodeEngineFor(providers: readonly ProviderOptions[]): Engine {
  const cpu = providers.findIndex(({ name }) => name === 'cpu');
  const skipped = providers
    .slice(0, cpu === -1 ? providers.length : cpu)
    .map(({ name }) => ({ name, reason: 'onnxruntime-node runs on the processor only' }));
  return {
    name: 'node',
    get version() {
      return (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version;
    },
    async open(model: StepModel, capacity: number): Promise<Net> {
      return openSlottedNet(model, capacity, (file) => new NodeSession(file, skipped));
    },
  };
}
