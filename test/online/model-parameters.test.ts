import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CELLS } from '../../src/core/card.js';
import { uniform } from '../../src/core/random.js';
import { learntNet, specOf } from '../../src/online/model-parameters.js';
import { stepModelOf } from '../../src/step/card-file.js';
import type { StepForm } from '../../src/train/inference-graphs.js';
import { buildStepGraph } from '../../src/train/inference-graphs.js';
import { hasFusedOperator } from '../../src/train/fused-layers.js';
import { initialParameters, parameterCount, type NetSpec } from '../../src/train/net-spec.js';
import { GRU, kiokuModel, maskedModel, PARAMETER_SEED, writeModel } from '../support/step-model.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-parameters-'));
});
afterAll(() => rm(folder, { recursive: true }));

const HEADS = [
  { objective: 'mse' },
  { objective: 'gaussian' },
  { objective: 'gaussian', likelihood: 'pinball' },
] as const;

const NETS = CELLS.flatMap((cell) =>
  HEADS.flatMap((head) =>
    [1, 2].flatMap((layers) =>
      (['plain', 'fused'] as const)
        .filter((form) => form === 'plain' || hasFusedOperator({ cell }))
        .map((form): { spec: NetSpec; form: StepForm } => ({ spec: { ...GRU, cell, layers, ...head }, form })),
    ),
  ),
);

/** Also one whose state has two widths. */
const PROJECTED: (typeof NETS)[number] = {
  spec: { ...GRU, cell: 'lstm', layers: 2, projection: 3 },
  form: 'plain',
};

/** Of a net with nothing alike: also its biases differ. */
function someParameters(spec: NetSpec): Float32Array {
  return Float32Array.from({ length: parameterCount(spec) }, (_, i) => 2 * uniform(3, 0, i) - 1);
}

describe('parameters of a model file', () => {
  it.each([...NETS, PROJECTED])(
    'are those that were exported, bit for bit: $spec.cell $spec.projection $spec.objective $form',
    async (net) => {
      const { spec, form } = net;
      const model = kiokuModel(spec, form);
      const card = {
        ...model.card,
        training: {
          ...model.card.training,
          ...(spec.likelihood === undefined ? {} : { likelihood: spec.likelihood }),
          ...(spec.projection === undefined ? {} : { projection: spec.projection }),
        },
      };
      expect(specOf(card)).toEqual(spec);
      const path = join(folder, 'some.onnx');
      // Fresh biases are all 0, and then the file has them once.
      for (const parameters of [someParameters(spec), initialParameters(spec, PARAMETER_SEED)]) {
        await writeFile(path, buildStepGraph(spec, parameters, form, { key: 'value' }));
        const learnt = await learntNet(path, card);
        expect(learnt).toEqual({ spec, form, parameters });
      }
    },
  );

  it('are not guessed from a file that was exported otherwise', async () => {
    const { card, onnx } = maskedModel(GRU);
    const { path } = stepModelOf(await writeModel(join(folder, 'masked'), { card, onnx }), card);
    await expect(learntNet(path, card)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  it('are not read of a net that has more than can be numbered', async () => {
    const { card, onnx } = kiokuModel(GRU);
    const { path } = stepModelOf(await writeModel(join(folder, 'large'), { card, onnx }), card);
    const large = { ...card, training: { ...card.training, cell: 'lstm' as const, hidden: 1024, layers: 3 } };
    await expect(learntNet(path, large)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/ has 20996100 parameters, too many/),
    });
  });
});
