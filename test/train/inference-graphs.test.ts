import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CELLS } from '../../src/core/card.js';
import { float32Of, OrtSession, tensorOf, type Tensor } from '../../src/step/ort.js';
import { buildSequenceGraph, buildStepGraph, stepSignature, type StepForm } from '../../src/train/inference-graphs.js';
import { initialParameters, layerStates, outputWidth, stateWidth, type NetSpec } from '../../src/train/net-spec.js';
import { LOG_VARIANCE_LIMIT } from '../../src/train/network.js';
import { HEADS } from './heads.js';
import { noise } from './noise.js';

const FORMS: readonly StepForm[] = ['fused', 'plain'];

const FUSED_CELLS = ['lstm', 'gru'] as const;

const specsOf = (form: StepForm): fc.Arbitrary<NetSpec> =>
  fc
    .record({
      cell: fc.constantFrom(...(form === 'fused' ? FUSED_CELLS : CELLS)),
      inputs: fc.integer({ min: 2, max: 5 }),
      hidden: fc.integer({ min: 1, max: 20 }),
      layers: fc.integer({ min: 1, max: 3 }),
      channels: fc.integer({ min: 1, max: 2 }),
      head: fc.constantFrom(...HEADS),
      dropout: fc.constant(0),
      skip: fc.boolean(),
    })
    .map(({ head, ...rest }) => Object.assign(rest, head))
    .chain((spec) => (form === 'plain' && spec.cell === 'lstm' ? withProjection(spec) : fc.constant(spec)));

/** Often with one. */
const withProjection = (spec: NetSpec): fc.Arbitrary<NetSpec> =>
  fc
    .option(fc.integer({ min: 1, max: spec.hidden }), { nil: undefined })
    .map((projection) => Object.assign({ projection }, spec));
const rows = fc.integer({ min: 1, max: 9 });

/** A step model with the state of B streams. */
class Stepping {
  readonly #session: OrtSession;
  readonly #signature: ReturnType<typeof stepSignature>;
  /** Of each state, its width and where it lies in the packed row. */
  readonly #parts: readonly { readonly width: number; readonly at: number }[];
  #states: Tensor[];

  /** @param states [B, S] packed: the states of a row one after the other */
  constructor(
    private readonly spec: NetSpec,
    form: StepForm,
    private readonly rows: number,
    seed: number,
    states: Float32Array,
  ) {
    this.#session = new OrtSession(buildStepGraph(spec, initialParameters(spec, seed), form));
    this.#signature = stepSignature(spec, form);
    const total = stateWidth(spec);
    const widths = Array.from({ length: spec.layers }, () => layerStates(spec)).flat();
    this.#parts = widths.map((width, i) => ({
      width,
      at: widths.slice(0, i).reduce((sum, before) => sum + before, 0),
    }));
    this.#states = this.#signature.states.map(({ shape }, i) => {
      const { width, at } = this.#parts[i];
      const values = new Float32Array(rows * width);
      for (let row = 0; row < rows; row++) {
        const from = row * total + at;
        values.set(states.subarray(from, from + width), row * width);
      }
      return tensorOf(
        values,
        shape.map((size) => (size === 'B' ? rows : size)),
      );
    });
  }

  /** @param x [T, B, I] @returns [T·B, O] */
  step(x: Float32Array): Float32Array {
    const { inputs, states } = this.#signature;
    const { rows, spec } = this;
    const steps = inputs.x.timeAxis ? [x.length / rows / spec.inputs] : [];
    const feeds: Record<string, Tensor> = { x_t: tensorOf(x, [...steps, rows, spec.inputs]) };
    states.forEach(({ name }, i) => (feeds[name] = this.#states[i]));
    const names = ['y_t', ...states.map(({ next }) => next)];
    const result = this.#session.run(feeds, Object.fromEntries(names.map((name) => [name, null])));
    this.#states = states.map(({ next }) => result[next]);
    return float32Of(result, 'y_t');
  }

  /** [B, S] packed */
  packed(): Float32Array {
    const { rows, spec } = this;
    const total = stateWidth(spec);
    const out = new Float32Array(rows * total);
    this.#states.forEach(({ data }, i) => {
      const { width, at } = this.#parts[i];
      for (let row = 0; row < rows; row++) {
        out.set((data as Float32Array).subarray(row * width, (row + 1) * width), row * total + at);
      }
    });
    return out;
  }

  close(): void {
    this.#session.close();
  }
}

describe.each(FORMS)('the %s step graph', (form) => {
  it('gives what the training graph gives over a sequence, within 1e-6 of its size', () => {
    fc.assert(
      fc.property(specsOf(form), fc.integer({ min: 1, max: 12 }), rows, fc.nat(), (spec, T, B, seed) => {
        const width = B * spec.inputs;
        const S = stateWidth(spec);
        const x = noise(T * width, seed + 1);
        const start = noise(B * S, seed + 2);
        const whole = new OrtSession(buildSequenceGraph(spec, initialParameters(spec, seed)));
        const feeds = { x: tensorOf(x, [T, B, spec.inputs]), state: tensorOf(start, [B, S]) };
        const sequence = whole.run(feeds, { y: null, state_next: null });
        whole.close();
        const single = new Stepping(spec, form, B, seed, start);
        const y = new Float32Array(T * B * outputWidth(spec));
        for (let t = 0; t < T; t++) {
          y.set(single.step(x.slice(t * width, (t + 1) * width)), t * B * outputWidth(spec));
        }
        expect(relativeDifference(y, float32Of(sequence, 'y'))).toBeLessThanOrEqual(1e-6);
        expect(relativeDifference(single.packed(), float32Of(sequence, 'state_next'))).toBeLessThanOrEqual(1e-6);
        single.close();
      }),
      { numRuns: 60 },
    );
  });

  it('gives a row the same bits whatever the others are, even when they are no numbers', () => {
    fc.assert(
      fc.property(specsOf(form), rows, fc.nat(), (spec, B, seed) => {
        const S = stateWidth(spec);
        const state = noise(B * S, seed + 1);
        const x = noise(B * spec.inputs, seed + 2);
        const all = new Stepping(spec, form, B, seed, state);
        const y = all.step(x);
        const next = all.packed();
        all.close();
        const row = seed % B;
        const O = outputWidth(spec);
        const expected = [y.subarray(row * O, (row + 1) * O), next.subarray(row * S, (row + 1) * S)];
        const alone = new Stepping(spec, form, 1, seed, state.subarray(row * S, (row + 1) * S));
        const own = x.slice(row * spec.inputs, (row + 1) * spec.inputs);
        expect([alone.step(own), alone.packed()]).toEqual(expected);
        alone.close();
        const among = new Stepping(spec, form, B, seed, state);
        const others = new Float32Array(x.length).fill(NaN);
        others.set(own, row * spec.inputs);
        const beside = among.step(others).subarray(row * O, (row + 1) * O);
        expect([beside, among.packed().subarray(row * S, (row + 1) * S)]).toEqual(expected);
        among.close();
      }),
      { numRuns: 60 },
    );
  });

  it('bounds the log-variance, whatever the head says', () => {
    const spec: NetSpec = {
      cell: 'gru',
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
    const session = new OrtSession(buildStepGraph(spec, parameters, form));
    const { inputs, states } = stepSignature(spec, form);
    const x = tensorOf(Float32Array.of(1), inputs.x.timeAxis ? [1, 1, 1] : [1, 1]);
    const h = tensorOf(
      new Float32Array(2),
      states[0].shape.map((size) => (size === 'B' ? 1 : size)),
    );
    const result = session.run({ x_t: x, h0: h }, { y_t: null });
    session.close();
    expect(float32Of(result, 'y_t')[1]).toBe(LOG_VARIANCE_LIMIT);
  });
});

describe('the fused step graph', () => {
  it('gives the same bits for several steps in one run as one by one', () => {
    fc.assert(
      fc.property(
        specsOf('fused'),
        fc.array(rows, { minLength: 1, maxLength: 5 }),
        rows,
        fc.nat(),
        (spec, chunks, B, seed) => {
          const T = chunks.reduce((a, b) => a + b, 0);
          const width = B * spec.inputs;
          const x = noise(T * width, seed + 1);
          const start = noise(B * stateWidth(spec), seed + 2);
          const steps = (sizes: readonly number[]): Float32Array[] => {
            const net = new Stepping(spec, 'fused', B, seed, start);
            let t = 0;
            const y = sizes.flatMap((size) => [...net.step(x.slice(t * width, (t += size) * width))]);
            const state = net.packed();
            net.close();
            return [Float32Array.from(y), state];
          };
          expect(steps(chunks)).toEqual(steps(Array<number>(T).fill(1)));
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** Largest difference over the largest magnitude, or over 1 where that is smaller: both are float32 sums. */
function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
  return expected.reduce((max, value, i) => Math.max(max, Math.abs(value - actual[i])), 0) / scale;
}
