import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normal } from '../../src/core/random.js';
import { float32Of, OrtSession, tensorOf } from '../../src/step/ort.js';
import { allocateBatch, BatchTensors } from '../../src/train/batches.js';
import { buildGradientGraph } from '../../src/train/graphs.js';
import { LaneState } from '../../src/train/lane-state.js';
import { initialParameters, stateWidth, type NetSpec } from '../../src/train/net-spec.js';
import type { SequenceInMemory } from '../../src/train/sequence.js';
import { Windows } from '../../src/train/windows.js';
import { relativeNormError } from './differences.js';

const CHANNELS = 2;
const SPEC: NetSpec = {
  cell: 'gru',
  inputs: CHANNELS,
  hidden: 5,
  layers: 2,
  channels: CHANNELS,
  objective: 'gaussian',
  dropout: 0,
  skip: true,
};
const PARAMETERS = initialParameters(SPEC, 3);
const SESSION = new OrtSession(buildGradientGraph(SPEC));

/** Sums over all counted entries of an epoch: the loss, and its gradient. */
function totals(
  sequences: readonly SequenceInMemory[],
  length: number,
  lanes: number,
): { loss: number; gradient: Float64Array } {
  const pieces = sequences.map((sequence) => ({ sequence, from: 0, countFrom: 0, to: sequence.rows - 1 }));
  const windows = new Windows(pieces, { inputs: CHANNELS, channels: CHANNELS, length, lanes });
  const batch = allocateBatch(windows);
  const tensors = new BatchTensors(windows, batch);
  const state = new LaneState(lanes, stateWidth(SPEC));
  const gradient = new Float64Array(PARAMETERS.length);
  let loss = 0;
  for (let index = 0; index < windows.perEpoch; index++) {
    windows.fill(0, index, batch);
    const parameters = tensorOf(PARAMETERS, [PARAMETERS.length]);
    // Every window begins with a piece here: all are shorter than a window.
    const found = SESSION.run({ ...tensors.now(), parameters, state: state.now }, { loss: null, gradient: null });
    loss += batch.counted * float32Of(found, 'loss')[0];
    float32Of(found, 'gradient').forEach((value, i) => (gradient[i] += batch.counted * value));
  }
  return { loss, gradient };
}

function sequence(rows: number, stream: number): SequenceInMemory {
  const x = Float32Array.from({ length: rows * CHANNELS }, (_, i) => normal(1, stream, i));
  const observed = Uint8Array.from({ length: rows * CHANNELS }, (_, i) => (normal(2, stream, i) > -1 ? 1 : 0));
  return { rows, x, observed, split: rows - 1 };
}

describe('padded sequences side by side', () => {
  it('have the loss and the gradient that each has by itself, whatever their lengths', () => {
    const lengths = fc.array(fc.integer({ min: 2, max: 24 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 5 }), (rows, lanes) => {
        const sequences = rows.map((n, s) => sequence(n, s));
        const together = totals(sequences, 24, lanes);
        const gradient = new Float64Array(PARAMETERS.length);
        let loss = 0;
        for (const one of sequences) {
          const alone = totals([one], one.rows - 1, 1);
          loss += alone.loss;
          alone.gradient.forEach((value, i) => (gradient[i] += value));
        }
        // float32 sums in another order.
        expect(Math.abs(together.loss - loss)).toBeLessThan(1e-5 * (1 + Math.abs(loss)));
        expect(relativeNormError(together.gradient, gradient)).toBeLessThan(1e-5);
      }),
      { numRuns: 40 },
    );
  });
});
