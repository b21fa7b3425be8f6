/** The portable engine: onnxruntime-node, on one thread of the processor. */
import type { Engine, Net } from '../core/contracts.js';
import { BugError } from '../core/errors.js';
import { modelPath, readCard } from './card-file.js';
import { NodeNet } from './node-net.js';
import { OrtSession } from './ort.js';

/** Opens models with onnxruntime-node; works wherever kioku does. */
export const nodeEngine: Engine = {
  name: 'node',
  async open(folder: string, capacity: number): Promise<Net> {
    if (!Number.isSafeInteger(capacity) || capacity < 1) throw new BugError(`capacity ${capacity} is not a count`);
    const card = await readCard(folder);
    return new NodeNet(new OrtSession(modelPath(folder, card)), card, capacity);
  },
};
