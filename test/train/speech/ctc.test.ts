import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BugError } from '../../../src/core/errors.js';
import { TensorGraph } from '../../../src/onnx/tensor-graph.js';
import { float32Of, OrtSession, tensorOf } from '../../../src/step/ort.js';
import { backpropagate } from '../../../src/train/autodiff.js';
import { RULES } from '../../../src/train/scan-gradient.js';
import { ctcInputs, ctcLoss } from '../../../src/train/speech/ctc-loss.js';
import { CtcTargets, framesNeeded, stateCount } from '../../../src/train/speech/ctc-targets.js';
import { relativeNormError } from '../differences.js';
import { noise } from '../noise.js';

interface Case {
  readonly name: string;
  readonly frames: number;
  readonly tokens: number;
  readonly amplitude: number;
  readonly blank: number;
  readonly labels: readonly (readonly number[])[];
  readonly lengths: readonly number[];
  /** Of each utterance; null: infinite. */
  readonly losses: readonly (number | null)[];
  readonly gradient: readonly number[];
}

const FIXTURE = JSON.parse(readFileSync(new URL('../../fixtures/ctc.json', import.meta.url), 'utf8')) as {
  readonly torch: string;
  readonly cases: readonly Case[];
};

/** The loss over logits and its gradient in them. */
function gradientGraph(tokens: number, maxLabels: number): OrtSession {
  const g = new TensorGraph();
  const logits = g.input(['T', 'B', tokens], 'logits');
  const { loss, perUtterance } = ctcLoss(g, g.logSoftmax(logits), ctcInputs(g, maxLabels));
  const seeds = [[loss, g.scalar(1)]] as const;
  const [gradient] = backpropagate({ graph: g, nodes: [...g.nodes], seeds, targets: [logits], rules: RULES });
  if (gradient === undefined) throw new Error('the loss does not depend on the logits');
  g.output(loss, 'loss');
  g.output(perUtterance, 'per_utterance');
  g.output(gradient, 'gradient');
  return new OrtSession(g.encode());
}

type Utterances = Pick<Case, 'frames' | 'tokens' | 'blank' | 'labels' | 'lengths'>;

interface Result {
  readonly fits: readonly boolean[];
  readonly loss: number;
  readonly perUtterance: Float32Array;
  readonly gradient: Float32Array;
}

function lossOf({ frames, tokens, blank, labels, lengths }: Utterances, logits: Float32Array, room = 0): Result {
  const lanes = labels.length;
  const maxLabels = Math.max(1, ...labels.map(({ length }) => length)) + room;
  const targets = new CtcTargets(frames, lanes, maxLabels, blank);
  const fits = labels.map((utterance, lane) => targets.set(lane, utterance, lengths[lane]));
  const states = [lanes, stateCount(maxLabels)];
  const session = gradientGraph(tokens, maxLabels);
  const feeds = {
    logits: tensorOf(logits, [frames, lanes, tokens]),
    ctc_states: tensorOf(targets.states, states),
    ctc_enter: tensorOf(targets.enter, states),
    ctc_skip: tensorOf(targets.skip, states),
    ctc_final: tensorOf(targets.final, states),
    active: tensorOf(targets.active, [frames, lanes, 1]),
    weight: tensorOf(targets.weight, [lanes, 1]),
  };
  const out = session.run(feeds, { loss: null, per_utterance: null, gradient: null });
  session.close();
  const perUtterance = float32Of(out, 'per_utterance');
  return { fits, loss: float32Of(out, 'loss')[0], perUtterance, gradient: float32Of(out, 'gradient') };
}

/** The inputs of `make-ctc.py`. */
function logitsOf({ frames, labels, tokens, amplitude }: Case): Float32Array {
  return Float32Array.from(
    { length: frames * labels.length * tokens },
    (_, i) => amplitude * Math.sin(1.731 * (i + 1)),
  );
}

/** −ln of the sum over every path of as many frames that collapses to the labels. */
function byEnumeration(probs: readonly (readonly number[])[], blank: number, labels: readonly number[]): number {
  const wanted = labels.join();
  const walk = (t: number, last: number, spelt: readonly number[]): number => {
    if (t === probs.length) return spelt.join() === wanted ? 1 : 0;
    return probs[t].reduce((sum, p, token) => {
      const next = token === blank || token === last ? spelt : [...spelt, token];
      return sum + p * walk(t + 1, token, next);
    }, 0);
  };
  return -Math.log(walk(0, blank, []));
}

describe('CTC loss against PyTorch in float64', () => {
  it.each(FIXTURE.cases)('$name', (example) => {
    const { fits, loss, perUtterance, gradient } = lossOf(example, logitsOf(example));
    const { labels, tokens, lengths, losses } = example;
    expect(fits).toEqual(losses.map((expected) => expected !== null));
    const finite = losses.flatMap((expected, lane) => (expected === null ? [] : { expected, lane }));
    const mean = finite.reduce((sum, { expected }) => sum + expected, 0) / finite.length;
    expect(relativeNormError([loss], [mean])).toBeLessThanOrEqual(1e-5);
    expect(relativeNormError(gradient, example.gradient)).toBeLessThanOrEqual(1e-5);
    const own = (values: ArrayLike<number>, lane: number): number[] =>
      Array.from(values).filter((_value, i) => Math.floor(i / tokens) % labels.length === lane);
    // Each utterance by itself: a small gradient must not hide behind a large one.
    for (const { expected, lane } of finite) {
      expect(relativeNormError([perUtterance[lane]], [expected])).toBeLessThanOrEqual(1e-5);
      expect(relativeNormError(own(gradient, lane), own(example.gradient, lane))).toBeLessThanOrEqual(1e-5);
    }
    labels.forEach((_, lane) => {
      const behind = losses[lane] === null ? 0 : lengths[lane] * tokens;
      expect(
        own(gradient, lane)
          .slice(behind)
          .filter((value) => value !== 0),
      ).toEqual([]);
    });
    const tooLong = losses.flatMap((expected, lane) => (expected === null ? perUtterance[lane] : []));
    expect(tooLong.filter((nats) => nats < 1e20)).toEqual([]);
  });

  it('with room for more labels than there are: the same', () => {
    const example = FIXTURE.cases.find(({ name }) => name === 'repeated labels');
    if (example === undefined) throw new Error('the fixture lacks repeated labels');
    const [tight, roomy] = [0, 5].map((room) => lossOf(example, logitsOf(example), room));
    expect(relativeNormError(roomy.gradient, tight.gradient)).toBeLessThanOrEqual(1e-6);
    expect(roomy.loss).toBeCloseTo(tight.loss, 5);
  });

  it('covers what is easily got wrong', () => {
    const all = FIXTURE.cases.flatMap(({ labels }) => labels);
    expect(all.some(({ length }) => length === 0)).toBe(true);
    expect(all.some((labels) => labels.some((label, i) => i > 0 && label === labels[i - 1]))).toBe(true);
    expect(FIXTURE.cases.some(({ losses }) => losses.includes(null) && losses.some((loss) => loss !== null))).toBe(
      true,
    );
    expect(FIXTURE.cases.some(({ blank }) => blank !== 0)).toBe(true);
  });
});

describe('CTC loss', () => {
  it('is −ln of the sum over all paths that spell the transcript', () => {
    const label = fc.integer({ min: 1, max: 2 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(label, { maxLength: 4 }),
        fc.integer({ min: 0, max: 1e6 }),
        (frames, labels, seed) => {
          fc.pre(framesNeeded(labels) <= frames);
          const logits = noise(frames * 3, seed).map((value) => 2 * value);
          const utterances = { frames, tokens: 3, blank: 0, labels: [labels], lengths: [frames] };
          const probs = Array.from({ length: frames }, (_, t) => {
            const powers = Array.from(logits.subarray(3 * t, 3 * t + 3), Math.exp);
            const sum = powers.reduce((a, b) => a + b, 0);
            return powers.map((power) => power / sum);
          });
          const expected = byEnumeration(probs, 0, labels);
          expect(Math.abs(lossOf(utterances, logits).loss - expected)).toBeLessThanOrEqual(
            1e-5 * Math.max(1, expected),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is 0 with a gradient of 0 when no transcript fits', () => {
    const utterances = {
      frames: 2,
      tokens: 3,
      blank: 0,
      labels: [
        [1, 1],
        [1, 2, 1],
      ],
      lengths: [2, 2],
    };
    const { fits, loss, gradient } = lossOf(utterances, noise(2 * 2 * 3, 1));
    expect(fits).toEqual([false, false]);
    expect(loss).toBe(0);
    expect(gradient.every((value) => value === 0)).toBe(true);
  });
});

describe('CTC targets', () => {
  it('need a frame a label, one more between equal neighbours, and one for nothing', () => {
    expect([[], [1], [1, 2], [1, 1], [1, 1, 1, 2, 2]].map(framesNeeded)).toEqual([1, 1, 2, 3, 8]);
  });

  it('forget what stood in a lane before', () => {
    const used = new CtcTargets(9, 2, 4, 0);
    used.set(0, [1, 2, 3, 4], 9);
    used.set(0, [5], 2);
    const fresh = new CtcTargets(9, 2, 4, 0);
    fresh.set(0, [5], 2);
    expect(used).toEqual(fresh);
  });

  it('refuse more labels than there is room for', () => {
    expect(() => new CtcTargets(9, 1, 2, 0).set(0, [1, 2, 3], 9)).toThrow(BugError);
  });
});
