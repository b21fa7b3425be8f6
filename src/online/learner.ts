/** Optimiser steps on lessons, with the graph of training; what has gone wrong is taken back. */
import { float32Of, OrtSession, tensorOf } from '../step/ort.js';
import { allocateBatch, type TrainingBatch } from '../train/batches.js';
import { buildLossGraph } from '../train/graphs.js';
import { buildStepGraph, type StepForm } from '../train/inference-graphs.js';
import type { NetSpec } from '../train/net-spec.js';
import { Trainer, type TrainerOptions, type TrainerState } from '../train/trainer.js';
import type { Lesson, LessonShape } from './lesson.js';

/**
 * An update may make the loss over its own lesson higher by this, absolutely and of it: one step of Adam overshoots
 * sometimes, and the next one mends it. More, and the weights are on their way to nowhere.
 */
const TOLERATED = 0.1;

/** A step that was too long is tried at half the length from then on, and each that was not makes the next one longer. */
const SLOWER = 0.5;
const FASTER = 2 ** (1 / 16);

/** Where learning stands. */
export interface Knowledge extends Omit<TrainerState, 'lanes'> {
  /** Part of the learning rate at which the net can be taught at present, ≤ 1: one that foretells sharply breaks easily. */
  readonly pace: number;
}

/** What came of some lessons. */
export interface Update {
  /** An ONNX file with the new weights; absent: they were no better than nothing, and the former ones stay. */
  readonly model?: Uint8Array;
  /** After the lessons; arrays of its own. */
  readonly knowledge: Knowledge;
  /** Over the first of the lessons, before and after. */
  readonly lossBefore: number;
  readonly lossAfter: number;
  readonly ms: number;
}

/** What a learner begins with; plain data, so that it can go to another thread. */
export interface LearnerStart {
  readonly spec: NetSpec;
  readonly form: StepForm;
  readonly shape: LessonShape;
  readonly learningRate: number;
  readonly options: TrainerOptions;
  readonly knowledge: Knowledge;
}

export class Learner {
  readonly #batch: TrainingBatch;
  readonly #trainer: Trainer;
  readonly #loss: OrtSession;
  #pace: number;

  /** @throws UserError `TELEMETRY`, `PLATFORM` */
  constructor(private readonly start: LearnerStart) {
    const { spec, shape, options, knowledge } = start;
    const { steps, segments, inputs, channels, state } = shape;
    // Lessons say what is in the windows.
    const source = { length: steps, lanes: segments, inputs, channels, perEpoch: 1, fill: (): void => {} };
    this.#batch = allocateBatch(source);
    this.#trainer = new Trainer(spec, source, this.#batch, options);
    this.#trainer.restore({ ...knowledge, lanes: new Float32Array(segments * state) });
    this.#loss = new OrtSession(buildLossGraph(spec));
    this.#pace = knowledge.pace;
  }

  /**
   * One optimiser step a lesson. Blocks.
   * @throws UserError `ENGINE`
   */
  learn(lessons: readonly Lesson[]): Update {
    const startMs = performance.now();
    const before = this.#knowledge();
    const [first] = lessons;
    const losses = lessons.map((lesson) => this.#step(lesson));
    const [lossBefore, lossAfter] = [losses[0], this.#lossOf(first)];
    const useful = isUseful(lossBefore, lossAfter);
    if (!useful) this.#restore(before, first.state);
    this.#pace = useful ? Math.min(1, this.#pace * FASTER) : this.#pace * SLOWER;
    const knowledge = this.#knowledge();
    const { spec, form } = this.start;
    const model = useful ? { model: buildStepGraph(spec, knowledge.parameters, form) } : {};
    return { ...model, knowledge, lossBefore, lossAfter, ms: performance.now() - startMs };
  }

  close(): void {
    this.#trainer.close();
    this.#loss.close();
  }

  #step({ x, target, weight, state }: Lesson): number {
    this.#batch.x.set(x);
    this.#batch.target.set(target);
    this.#batch.weight.set(weight);
    this.#restore(this.#trainer.state(), state);
    return this.#trainer.step(this.#pace * this.start.learningRate);
  }

  /** @param lanes [B, S] */
  #restore(knowledge: Omit<Knowledge, 'pace'>, lanes: Float32Array): void {
    this.#trainer.restore({ ...knowledge, lanes });
  }

  #lossOf({ x, target, weight, state }: Lesson): number {
    const { steps, segments, inputs, channels, state: width } = this.start.shape;
    const { parameters } = this.#trainer;
    const feeds = {
      parameters: tensorOf(parameters, [parameters.length]),
      x: tensorOf(x, [steps, segments, inputs]),
      target: tensorOf(target, [steps, segments, channels]),
      weight: tensorOf(weight, [steps, segments, channels]),
      state: tensorOf(state, [segments, width]),
    };
    return float32Of(this.#loss.run(feeds, { loss: null }), 'loss')[0];
  }

  #knowledge(): Knowledge {
    const { steps, parameters, m, v } = this.#trainer.state();
    return { steps, parameters: parameters.slice(), m: m.slice(), v: v.slice(), pace: this.#pace };
  }
}

/** Not finite is neither. A parameter that is not makes the loss so as well. */
function isUseful(before: number, after: number): boolean {
  return after <= before + TOLERATED * (1 + Math.abs(before));
}

/** A net that has learnt nothing since it was trained. */
export function untaught(parameters: Float32Array): Knowledge {
  const zeros = (): Float32Array => new Float32Array(parameters.length);
  return { steps: 0, parameters: parameters.slice(), m: zeros(), v: zeros(), pace: 1 };
}
