/** A recogniser that learns from strings made on the way, at first where the words are, then by CTC. */
import type { TrainOptions } from '../../core/training.js';
import { tensorOf } from '../../step/ort.js';
import { ADAM, AdamSteps, type AdamState } from '../adam-steps.js';
import { fillKeepMask } from '../dropout.js';
import type { Learner, LoopHooks } from '../loop.js';
import { initialParameters, layerWidth, type NetSpec } from '../net-spec.js';
import type { Lesson, Lessons } from './lessons.js';
import type { MelScale } from './mel-scale.js';
import { speechBatch } from './speech-batch.js';
import { SpeechEvaluator, type SpeechEvaluation } from './speech-evaluator.js';
import { buildSpeechTrainGraph } from './speech-graphs.js';

/** Optimiser steps between two looks at held-out speech. */
const STEPS_PER_EPOCH = 100;

export interface SpeechLessons {
  readonly training: Lessons;
  /** Most tokens of a string of `training`. */
  readonly maxLabels: number;
  readonly scale: MelScale;
  readonly blank: number;
  /** Absent: nothing is held out. */
  readonly heldOut: readonly Lesson[] | undefined;
}

export type SpeechLearnerOptions = Pick<TrainOptions, 'clipNorm' | 'weightDecay' | 'seed' | 'lanes'> & {
  /** Epochs in which the places of the words are learnt. */
  readonly frameEpochs: number;
};

/** Every string begins with a state of zeros, so there is none to keep; the masks are a function of the steps taken. */
export interface SpeechState extends AdamState {
  readonly tooShort: number;
}

export type SpeechHooks = LoopHooks<SpeechEvaluation | undefined, SpeechState>;

export class SpeechLearner implements Learner<SpeechEvaluation | undefined, SpeechState> {
  readonly perEpoch = STEPS_PER_EPOCH;
  readonly #adam: AdamSteps;
  readonly #evaluator: SpeechEvaluator | undefined;
  #tooShort = 0;

  constructor(
    private readonly spec: NetSpec,
    private readonly lessons: SpeechLessons,
    private readonly options: SpeechLearnerOptions,
  ) {
    const { maxLabels, heldOut, blank } = lessons;
    const graph = buildSpeechTrainGraph(spec, maxLabels, { ...ADAM, weightDecay: options.weightDecay > 0 });
    this.#adam = new AdamSteps(graph, initialParameters(spec, options.seed), options);
    if (heldOut !== undefined) this.#evaluator = new SpeechEvaluator(spec, heldOut, blank);
  }

  get steps(): number {
    return this.#adam.steps;
  }

  get gradientNorm(): number {
    return this.#adam.gradientNorm;
  }

  get parameters(): Float32Array {
    return this.#adam.parameters;
  }

  /** Strings made faster until they were too short for their tokens: CTC leaves them out. */
  get tooShort(): number {
    return this.#tooShort;
  }

  learn(epoch: number, index: number, learningRate: number): { loss: number; counted: number } {
    const { training, scale, maxLabels, blank } = this.lessons;
    const { lanes, frameEpochs } = this.options;
    const lessons = Array.from({ length: lanes }, (_, lane) => training.lesson(epoch, index * lanes + lane, scale));
    const batch = speechBatch(lessons, training.width, maxLabels, blank);
    this.#tooShort += batch.tooShort;
    const byCtc = epoch >= frameEpochs;
    const share = tensorOf(Float32Array.of(byCtc ? 1 : 0), []);
    const feeds = { ...batch.feeds, ...this.#masks(batch.steps), ctc_share: share };
    const loss = this.#adam.step(learningRate, feeds);
    return { loss, counted: byCtc ? lanes - batch.tooShort : lanes };
  }

  #masks(steps: number): Record<string, ReturnType<typeof tensorOf>> {
    const { dropout, layers } = this.spec;
    const width = layerWidth(this.spec);
    const { lanes, seed } = this.options;
    if (dropout === 0) return {};
    const masks = Array.from({ length: layers }, (_, i) => {
      const mask = new Float32Array(steps * lanes * width);
      fillKeepMask(mask, dropout, seed, i + 1, this.#adam.steps + 1);
      return [`keep_${i + 1}`, tensorOf(mask, [steps, lanes, width])] as const;
    });
    return Object.fromEntries(masks);
  }

  evaluate(): SpeechEvaluation | undefined {
    return this.#evaluator?.evaluate(this.#adam.parameters);
  }

  state(): SpeechState {
    return { ...this.#adam.state(), tooShort: this.#tooShort };
  }

  restore(state: SpeechState): void {
    this.#adam.restore(state);
    this.#tooShort = state.tooShort;
  }

  close(): void {
    this.#adam.close();
    this.#evaluator?.close();
  }
}
