import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/random.js';
import { Learner, untaught, type LearnerStart } from '../../src/online/learner.js';
import { emptyLesson, lessonShape, type Lesson } from '../../src/online/lesson.js';
import { initialParameters, type NetSpec } from '../../src/train/net-spec.js';
import { buildStepGraph } from '../../src/train/inference-graphs.js';
import { GRU } from '../support/step-model.js';

const SHAPE = lessonShape(GRU, { segments: 3, segmentSteps: 10 });

function startWith(changes: Partial<LearnerStart> = {}, spec: NetSpec = GRU): LearnerStart {
  return {
    spec,
    form: 'fused',
    shape: SHAPE,
    learningRate: 0.01,
    options: { clipNorm: 1, weightDecay: 0, seed: 1 },
    knowledge: untaught(initialParameters(GRU, 4)),
    ...changes,
  };
}

/** The next value is a third of the last one. */
function lesson(number: number, scale = 1): Lesson {
  const one = emptyLesson(SHAPE);
  one.weight.fill(1);
  for (let i = 0; i < one.x.length; i++) {
    one.x[i] = scale * (2 * uniform(9, number, i) - 1);
    one.target[i] = one.x[i] / 3;
  }
  return one;
}

describe('a learner', () => {
  it('makes the loss over what it sees smaller, and hands out the model that does', () => {
    const learner = new Learner(startWith());
    const updates = Array.from({ length: 60 }, (_, i) => learner.learn([lesson(i)]));
    learner.close();
    const [first, last] = [updates[0], updates[updates.length - 1]];
    expect(last.lossBefore).toBeLessThan(first.lossBefore - 0.3);
    expect(updates.every(({ lossBefore, lossAfter }) => lossAfter <= lossBefore + 0.2)).toBe(true);
    expect(last.model).toEqual(buildStepGraph(GRU, last.knowledge.parameters, 'fused'));
    expect(last.knowledge.steps).toBe(60);
  });

  it('goes on from what it knew, bit for bit', () => {
    const whole = new Learner(startWith());
    const before = Array.from({ length: 5 }, (_, i) => whole.learn([lesson(i), lesson(100 + i)]));
    const { knowledge } = before[before.length - 1];
    const resumed = new Learner(startWith({ knowledge }));
    for (let i = 5; i < 8; i++) {
      const [one, other] = [whole, resumed].map((learner) => learner.learn([lesson(i), lesson(100 + i)]));
      expect(other.knowledge).toEqual(one.knowledge);
      expect(other.model).toEqual(one.model);
    }
    whole.close();
    resumed.close();
  });

  it('takes back an update that breaks the net, and then goes slower until none does', () => {
    const { knowledge } = startWith();
    const learner = new Learner(startWith({ learningRate: 1 }));
    const updates = Array.from({ length: 30 }, (_, i) => learner.learn([lesson(i)]));
    learner.close();
    const [first] = updates;
    expect(first.model).toBeUndefined();
    expect(first.knowledge).toEqual({ ...knowledge, pace: 0.5 });
    const useful = updates.filter(({ model }) => model !== undefined);
    expect(useful.length).toBeGreaterThan(10);
    expect(updates[29].lossBefore).toBeLessThan(first.lossBefore);
    for (const { lossBefore, lossAfter } of useful) {
      expect(lossAfter).toBeLessThanOrEqual(lossBefore + 0.1 * (1 + Math.abs(lossBefore)));
    }
  });

  it('takes back what is no number', () => {
    const learner = new Learner(startWith());
    const broken = lesson(0);
    broken.x[3] = NaN;
    const { knowledge, model } = learner.learn([lesson(1), broken]);
    expect(model).toBeUndefined();
    expect(knowledge).toEqual({ ...startWith().knowledge, pace: 0.5 });
    expect(learner.learn([lesson(2)]).model).toBeDefined();
    learner.close();
  });
});
