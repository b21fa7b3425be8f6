import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CELLS, OBJECTIVES } from '../../src/core/card.js';
import { float32Of, OrtSession, tensorOf } from '../../src/step/ort.js';
import { buildSequenceGraph, buildStepGraph } from '../../src/train/inference-graphs.js';
import { initialParameters, outputWidth, stateWidth, type NetSpec } from '../../src/train/net-spec.js';
import { LOG_VARIANCE_LIMIT } from '../../src/train/network.js';
import { noise } from './noise.js';

const specs = fc.record<NetSpec>({
  cell: fc.constantFrom(...CELLS),
  inputs: fc.integer({ min: 2, max: 5 }),
  hidden: fc.integer({ min: 1, max: 9 }),
  layers: fc.integer({ min: 1, max: 3 }),
  channels: fc.integer({ min: 1, max: 2 }),
  objective: fc.constantFrom(...OBJECTIVES),
  dropout: fc.constant(0),
  skip: fc.boolean(),
});

describe('step graph', () => {
  it('gives what the sequence graph gives, within 1e-6 of its size', () => {
    fc.assert(
      fc.property(
        specs,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        (spec, T, B, seed) => {
          const S = stateWidth(spec);
          const parameters = initialParameters(spec, seed);
          const x = noise(T * B * spec.inputs, seed + 1);
          const start = noise(B * S, seed + 2);
          const whole = new OrtSession(buildSequenceGraph(spec, parameters));
          const sequence = whole.run(
            { x: tensorOf(x, [T, B, spec.inputs]), state: tensorOf(start, [B, S]) },
            { y: null, state_next: null },
          );
          whole.close();
          const single = new OrtSession(buildStepGraph(spec, parameters));
          const mask = tensorOf(new Float32Array(B).fill(1), [B]);
          let state = start;
          const y = new Float32Array(T * B * outputWidth(spec));
          for (let t = 0; t < T; t++) {
            const row = x.subarray(t * B * spec.inputs, (t + 1) * B * spec.inputs);
            const step = single.run(
              { x_t: tensorOf(row, [B, spec.inputs]), state: tensorOf(state, [B, S]), row_mask: mask },
              { y_t: null, state_next: null },
            );
            y.set(float32Of(step, 'y_t'), t * B * outputWidth(spec));
            state = float32Of(step, 'state_next');
          }
          single.close();
          expect(relativeDifference(y, float32Of(sequence, 'y'))).toBeLessThanOrEqual(1e-6);
          expect(relativeDifference(state, float32Of(sequence, 'state_next'))).toBeLessThanOrEqual(1e-6);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps rows whose mask is 0 bit for bit, and does not let them touch the others', () => {
    fc.assert(
      fc.property(specs, fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }), fc.nat(), (spec, rows, seed) => {
        const B = rows.length;
        const S = stateWidth(spec);
        const session = new OrtSession(buildStepGraph(spec, initialParameters(spec, seed)));
        const state = noise(B * S, seed + 1);
        const x = noise(B * spec.inputs, seed + 2);
        const masked = x.slice();
        rows.forEach((on, row) => {
          if (!on) masked.fill(NaN, row * spec.inputs, (row + 1) * spec.inputs);
        });
        const run = (data: Float32Array, mask: readonly boolean[]): Float32Array =>
          float32Of(
            session.run(
              {
                x_t: tensorOf(data, [B, spec.inputs]),
                state: tensorOf(state, [B, S]),
                row_mask: tensorOf(Float32Array.from(mask, Number), [B]),
              },
              { y_t: null, state_next: null },
            ),
            'state_next',
          );
        const all = run(
          x,
          rows.map(() => true),
        );
        const some = run(masked, rows);
        session.close();
        rows.forEach((on, row) => {
          const expected = (on ? all : state).subarray(row * S, (row + 1) * S);
          expect(some.subarray(row * S, (row + 1) * S)).toEqual(expected);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('bounds the log-variance, whatever the head says', () => {
    const spec: NetSpec = {
      cell: 'rnn-relu',
      inputs: 1,
      hidden: 2,
      layers: 1,
      channels: 1,
      objective: 'gaussian',
      dropout: 0,
      skip: false,
    };
    const parameters = initialParameters(spec, 1);
    parameters[parameters.length - 1] = 1e30; // bias of the log-variance
    const session = new OrtSession(buildStepGraph(spec, parameters));
    const result = session.run(
      {
        x_t: tensorOf(Float32Array.of(1), [1, 1]),
        state: tensorOf(new Float32Array(2), [1, 2]),
        row_mask: tensorOf(Float32Array.of(1), [1]),
      },
      { y_t: null },
    );
    session.close();
    expect(float32Of(result, 'y_t')[1]).toBe(LOG_VARIANCE_LIMIT);
  });
});

/** Largest difference over the largest magnitude, or over 1 where that is smaller: both are float32 sums. */
function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
  return expected.reduce((max, value, i) => Math.max(max, Math.abs(value - actual[i])), 0) / scale;
}
