/**
 * The adding problem (Hochreiter & Schmidhuber 1997): of T random numbers two are marked, one in each half; after the
 * last the net says their sum. Without remembering over up to T steps nothing beats the mean, whose squared error is
 * the variance of the sum, 1/6.
 */
import { uniform } from '../../src/core/random.js';
import type { BatchSource } from '../../src/train/batches.js';
import type { LoopOptions } from '../../src/train/loop.js';
import type { TrainerOptions } from '../../src/train/trainer.js';
import type { NetSpec } from '../../src/train/net-spec.js';

/** A net that can solve it. */
export const ADDING: NetSpec = {
  cell: 'gru',
  inputs: 2,
  hidden: 32,
  layers: 1,
  channels: 1,
  objective: 'mse',
  dropout: 0,
  skip: false,
};

/** Ways to learn it, on which nothing but the epochs puts an end. */
export const OPTIONS: LoopOptions & TrainerOptions = {
  learningRate: 0.01,
  schedule: 'cosine',
  warmUp: 0,
  weightDecay: 0,
  clipNorm: 1,
  maxEpochs: 20,
  patienceEpochs: 20,
  maxSeconds: 120,
  checkpointSeconds: 1e6,
  seed: 1,
};

export function addingProblem(length: number, lanes: number, perEpoch: number, seed: number): BatchSource {
  return {
    length,
    lanes,
    inputs: 2,
    channels: 1,
    perEpoch,
    fill(epoch, index, batch) {
      let drawn = 0;
      const random = (): number => uniform(seed, epoch * perEpoch + index, drawn++);
      batch.restart.fill(1);
      batch.target.fill(0);
      batch.weight.fill(0);
      batch.counted = lanes;
      for (let lane = 0; lane < lanes; lane++) {
        const half = length / 2;
        const first = Math.floor(half * random());
        const second = half + Math.floor(half * random());
        const last = (length - 1) * lanes + lane;
        for (let t = 0; t < length; t++) {
          const row = t * lanes + lane;
          const marked = t === first || t === second;
          batch.x[row * 2] = random();
          batch.x[row * 2 + 1] = marked ? 1 : 0;
          if (marked) batch.target[last] += batch.x[row * 2];
        }
        batch.weight[last] = 1;
      }
    },
  };
}
