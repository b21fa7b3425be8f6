import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyLesson, type LessonShape } from '../../src/online/lesson.js';
import { Replay, rowNumbers, segmentNumbers } from '../../src/online/replay.js';

const SHAPE: LessonShape = { steps: 3, segments: 4, inputs: 2, channels: 1, state: 2 };

/** Number n, every value of which says what it is: state n + 0.5, input n + t / 100, observed at even steps. */
function segment(n: number): Float32Array {
  const numbers = new Float32Array(segmentNumbers(SHAPE)).fill(n + 0.5, 0, SHAPE.state);
  for (let t = 0; t <= SHAPE.steps; t++) {
    numbers.set([n + t / 100, -n - t / 100, (t + 1) % 2], SHAPE.state + t * rowNumbers(SHAPE));
  }
  return numbers;
}

function filled(count: number, capacity: number): Replay {
  const replay = new Replay(SHAPE, capacity);
  for (let n = 1; n <= count; n++) replay.add(segment(n));
  return replay;
}

describe('segments that are kept', () => {
  it('are the latest, as many as there is room for, and stay as they were', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.integer({ min: 1, max: 9 }), (count, capacity) => {
        const replay = filled(count, capacity);
        expect(replay.size).toBe(Math.min(count, capacity));
        const kept = Array.from({ length: replay.size }, (_, i) => segment(count - replay.size + 1 + i));
        const { numbers } = replay.content();
        expect([...numbers]).toEqual(kept.flatMap((one) => Array.from(one)));
        const restored = new Replay(SHAPE, capacity);
        restored.restore({ numbers });
        expect(restored.content()).toEqual(replay.content());
        expect(replay.bytes).toBe(capacity * segmentNumbers(SHAPE) * 4);
      }),
    );
  });

  it('become lessons: the latest and any others, each target the row behind its input', () => {
    const replay = filled(20, 8);
    const lesson = emptyLesson(SHAPE);
    const seen = new Set<number>();
    for (let number = 0; number < 50; number++) {
      replay.draw(lesson, 1, number);
      for (let b = 0; b < SHAPE.segments; b++) {
        const n = lesson.state[b * SHAPE.state] - 0.5;
        seen.add(n);
        for (let t = 0; t < SHAPE.steps; t++) {
          const row = t * SHAPE.segments + b;
          expect(lesson.x[row * 2]).toBe(Math.fround(n + t / 100));
          expect(lesson.x[row * 2 + 1]).toBe(Math.fround(-n - t / 100));
          expect(lesson.target[row]).toBe(Math.fround(n + (t + 1) / 100));
          expect(lesson.weight[row]).toBe(t % 2);
        }
      }
      expect(lesson.state[0]).toBe(20.5);
    }
    expect([...seen].toSorted((a, b) => a - b)).toEqual([13, 14, 15, 16, 17, 18, 19, 20]);
  });

  it('are drawn by seed and number alone', () => {
    const [one, same, other] = [emptyLesson(SHAPE), emptyLesson(SHAPE), emptyLesson(SHAPE)];
    filled(20, 8).draw(one, 1, 7);
    const replay = filled(20, 8);
    replay.draw(same, 1, 6);
    replay.draw(same, 1, 7);
    replay.draw(other, 2, 7);
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });
});
