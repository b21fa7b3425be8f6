import { describe, expect, it } from 'vitest';
import { normal } from '../../src/core/random.js';
import { allocateBatch } from '../../src/train/batches.js';
import type { SequenceInMemory } from '../../src/train/sequence.js';
import { Evaluator } from '../../src/train/evaluator.js';
import { initialParameters, parameterBlocks, type NetSpec } from '../../src/train/net-spec.js';
import { Trainer } from '../../src/train/trainer.js';
import { trainingWindows } from '../../src/train/windows.js';
import { relativeNormError } from './differences.js';

const SPEC: NetSpec = {
  cell: 'lstm',
  inputs: 2,
  hidden: 6,
  layers: 2,
  channels: 2,
  objective: 'gaussian',
  dropout: 0,
  skip: true,
};
const OPTIONS = { clipNorm: 1e6, weightDecay: 0, seed: 4 };

/** Three series of unequal length on two lanes, in windows much shorter than any of them. */
const SOURCE = trainingWindows(
  [90, 40, 61].map((rows, stream): SequenceInMemory => {
    const x = Float32Array.from({ length: rows * 2 }, (_, i) => normal(1, stream, i));
    return { rows, x, observed: new Uint8Array(rows * 2).fill(1), split: rows - 1 };
  }),
  { inputs: 2, channels: 2, length: 7, lanes: 2 },
);

/** One epoch at a learning rate; the mean loss over its counted entries. */
function epochLoss(trainer: Trainer, batch: ReturnType<typeof allocateBatch>, learningRate: number): number {
  let [sum, counted] = [0, 0];
  for (let index = 0; index < SOURCE.perEpoch; index++) {
    SOURCE.fill(0, index, batch);
    sum += trainer.step(learningRate) * batch.counted;
    counted += batch.counted;
  }
  return sum / counted;
}

describe('a training step', () => {
  it('goes on from the state in which the window before left each lane, and starts anew where a piece begins', () => {
    const evaluator = new Evaluator(SPEC, SOURCE);
    const { loss } = evaluator.evaluate(initialParameters(SPEC, OPTIONS.seed));
    evaluator.close();
    const batch = allocateBatch(SOURCE);
    const trainer = new Trainer(SPEC, SOURCE, batch, OPTIONS);
    // Without learning, an epoch of training sees what validation sees. The second one finds the states of the first.
    const losses = [epochLoss(trainer, batch, 0), epochLoss(trainer, batch, 0)];
    trainer.close();
    for (const seen of losses) expect(Math.abs(seen - loss)).toBeLessThan(1e-6 * Math.abs(loss));
  });

  it('moves every parameter by the learning rate at first: the moments of Adam are corrected for their start', () => {
    const batch = allocateBatch(SOURCE);
    const trainer = new Trainer(SPEC, SOURCE, batch, OPTIONS);
    SOURCE.fill(0, 0, batch);
    const before = trainer.parameters.slice();
    trainer.step(0.01);
    const moved = before.map((value, i) => Math.abs(trainer.parameters[i] - value) / 0.01).toSorted();
    trainer.close();
    // Only a gradient that is hardly larger than Adam's guard against division by zero (1e-8) moves its parameter less.
    expect(moved[moved.length >> 1]).toBeGreaterThan(0.999);
    expect(moved[moved.length - 1]).toBeLessThan(1.001);
  });

  it('lets weight matrices decay, gates included, by learning rate · weight decay of themselves, and biases not', () => {
    const batch = allocateBatch(SOURCE);
    const after = [0, 0.3].map((weightDecay) => {
      const trainer = new Trainer(SPEC, SOURCE, batch, { ...OPTIONS, weightDecay });
      SOURCE.fill(0, 0, batch);
      trainer.step(0.01);
      const parameters = trainer.parameters.slice();
      trainer.close();
      return parameterBlocks(SPEC, parameters);
    });
    const initial = parameterBlocks(SPEC, initialParameters(SPEC, OPTIONS.seed));
    for (const [name, { values, shape }] of initial) {
      const [plain, decayed] = after.map((blocks) => blocks.get(name)?.values ?? new Float32Array());
      const expected = plain.map((value, i) => (shape.length > 1 ? value - 0.01 * 0.3 * values[i] : value));
      expect(relativeNormError(decayed, expected), `error in ${name}`).toBeLessThan(1e-6);
    }
    expect([...initial.values()].filter(({ shape }) => shape.length > 1)).toHaveLength(5);
  });
});
