/** What one optimiser step of online learning sees. */
import type { NetSpec } from '../train/net-spec.js';
import { stateWidth } from '../train/net-spec.js';

/** T steps of B segments, time-major, each with the state of the net when it began. */
export interface Lesson {
  /** [T, B, I] */
  readonly x: Float32Array;
  /** [T, B, C] */
  readonly target: Float32Array;
  /** [T, B, C], 1 = observed, 0 = not counted. */
  readonly weight: Float32Array;
  /** [B, S] */
  readonly state: Float32Array;
}

/** Sizes of lessons: T, B, I, C and S. */
export interface LessonShape {
  readonly steps: number;
  readonly segments: number;
  readonly inputs: number;
  readonly channels: number;
  readonly state: number;
}

export function lessonShape(
  spec: NetSpec,
  { segments, segmentSteps }: { readonly segments: number; readonly segmentSteps: number },
): LessonShape {
  return { steps: segmentSteps, segments, inputs: spec.inputs, channels: spec.channels, state: stateWidth(spec) };
}

/** All 0. */
export function emptyLesson({ steps, segments, inputs, channels, state }: LessonShape): Lesson {
  const rows = steps * segments;
  return {
    x: new Float32Array(rows * inputs),
    target: new Float32Array(rows * channels),
    weight: new Float32Array(rows * channels),
    state: new Float32Array(segments * state),
  };
}
