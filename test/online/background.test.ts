/** Updates that are made in a thread. */
import { describe, expect, it } from 'vitest';
import type { Log } from '../../src/core/log.js';
import { silentLog } from '../../src/core/log.js';
import { BackgroundLearning } from '../../src/online/background.js';
import { untaught, type LearnerStart } from '../../src/online/learner.js';
import { InlineLearning, type Learning } from '../../src/online/learning.js';
import { emptyLesson, lessonShape, type Lesson } from '../../src/online/lesson.js';
import type { Update } from '../../src/online/learner.js';
import { initialParameters } from '../../src/train/net-spec.js';
import { GRU } from '../support/step-model.js';

const SHAPE = lessonShape(GRU, { segments: 2, segmentSteps: 6 });
const START: LearnerStart = {
  spec: GRU,
  form: 'plain',
  shape: SHAPE,
  learningRate: 0.01,
  options: { clipNorm: 1, weightDecay: 0, seed: 1 },
  knowledge: untaught(initialParameters(GRU, 4)),
};

function lesson(value: number): Lesson {
  const one = emptyLesson(SHAPE);
  one.weight.fill(1);
  one.x.fill(value);
  one.target.fill(value / 2);
  return one;
}

/** Without the time that it took. */
const resultOf = ({ model, knowledge }: Update): unknown => ({ model, knowledge });

async function finished(learning: Learning): Promise<Update> {
  await expect.poll(() => learning.busy, { timeout: 20_000 }).toBe(false);
  const update = learning.take();
  if (update === undefined) throw new Error('there is no update');
  return update;
}

describe('a thread that teaches', () => {
  it('gives the updates of a learner that is waited for, each once, and finishes what it is at before it ends', async () => {
    const [inline, background] = [new InlineLearning(START), new BackgroundLearning(START, silentLog)];
    for (const value of [0.5, -1]) {
      inline.learn([lesson(value)]);
      background.learn([lesson(value)]);
      expect(background.busy).toBe(true);
      expect(background.take()).toBeUndefined();
      expect(resultOf(await finished(background))).toEqual(resultOf(await finished(inline)));
      expect(background.take()).toBeUndefined();
    }
    inline.learn([lesson(2)]);
    background.learn([lesson(2)]);
    await background.close();
    expect(resultOf(await finished(background))).toEqual(resultOf(await finished(inline)));
    await inline.close();
  });

  it('that fails ends learning with a warning', async () => {
    const warnings: string[] = [];
    const log: Log = {
      ...silentLog,
      warn: (fields, message) => warnings.push(`${message}: ${String(fields['reason'])}`),
    };
    const background = new BackgroundLearning(START, log);
    // Of the wrong size, which is a defect: the thread dies of it.
    background.learn([{ ...lesson(1), x: new Float32Array(1000) }]);
    await expect.poll(() => background.over, { timeout: 20_000 }).toBe(true);
    expect(background.busy).toBe(false);
    expect(background.take()).toBeUndefined();
    background.learn([lesson(1)]);
    await background.close();
    expect(background.busy).toBe(false);
    expect(warnings).toEqual([expect.stringMatching(/^online learning has ended: .*: .*(offset|range|size)/i)]);
  });
});
