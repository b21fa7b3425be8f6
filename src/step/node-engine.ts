/** The portable engine: onnxruntime-node, on one thread of the processor. */
import { access } from 'node:fs/promises';
import type { Engine, Net } from '../core/contracts.js';
import { BugError, UserError } from '../core/errors.js';
import type { StepModel } from '../core/step-model.js';
import { NodeNet } from './node-net.js';
import { OrtSession } from './ort.js';

/** Opens models with onnxruntime-node; works wherever kioku does. */
export const nodeEngine: Engine = {
  name: 'node',
  async open(model: StepModel, capacity: number): Promise<Net> {
    if (!Number.isSafeInteger(capacity) || capacity < 1) throw new BugError(`capacity ${capacity} is not a count`);
    if (model.bytes !== undefined) return new NodeNet(new OrtSession(model.bytes), model, capacity);
    await access(model.path).catch((cause: unknown) => {
      throw new UserError('MODEL_MISSING', `${model.path} cannot be read`, { hint: 'check the path', cause });
    });
    return new NodeNet(new OrtSession(model.path), model, capacity);
  },
};
