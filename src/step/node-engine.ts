/** The portable engine: onnxruntime-node, on one thread of the processor. */
import type { Engine, Net } from '../core/contracts.js';
import type { StepModel } from '../core/step-model.js';
import { openSlottedNet } from './net.js';
import { NodeSession } from './node-session.js';

/** Opens models with onnxruntime-node; works wherever kioku does. */
export const nodeEngine: Engine = {
  name: 'node',
  async open(model: StepModel, capacity: number): Promise<Net> {
    return openSlottedNet(model, capacity, (file) => new NodeSession(file));
  },
};
