/** The optimiser steps of a forecasting net, and the recurrent state that goes from one to the next. */
import type { TrainOptions } from '../core/training.js';
import { tensorOf, type Tensor } from '../step/ort.js';
import { ADAM, AdamSteps, type AdamState } from './adam-steps.js';
import { BatchTensors, type BatchSource, type TrainingBatch } from './batches.js';
import { fillKeepMask } from './dropout.js';
import { buildTrainGraph } from './graphs.js';
import { initialParameters, layerWidth, stateWidth, type NetSpec } from './net-spec.js';
import { LaneState } from './lane-state.js';

export type TrainerOptions = Pick<TrainOptions, 'clipNorm' | 'weightDecay' | 'seed'>;

/**
 * What the next step depends on beside its batch and the seed. The optimiser steps taken are also where the random numbers
 * of dropout stand, which are a function of them.
 */
export interface TrainerState extends AdamState {
  /** [B · S], the recurrent state of every lane. */
  readonly lanes: Float32Array;
}

export class Trainer {
  readonly #adam: AdamSteps;
  readonly #state: LaneState;
  /** keep_1 … keep_{L-1}, each [T, B, P]; empty without dropout. */
  readonly #masks: readonly Float32Array[];
  readonly #tensors: BatchTensors;
  readonly #feeds: Record<string, Tensor> = {};

  /**
   * @param batch its arrays are read in every step
   * @param options see `AdamSteps`; seed: of the initial parameters and of dropout
   */
  constructor(
    private readonly spec: NetSpec,
    private readonly source: BatchSource,
    private readonly batch: TrainingBatch,
    private readonly options: TrainerOptions,
  ) {
    const graph = buildTrainGraph(spec, { ...ADAM, weightDecay: options.weightDecay > 0 });
    this.#adam = new AdamSteps(graph, initialParameters(spec, options.seed), options);
    this.#state = new LaneState(source.lanes, stateWidth(spec));
    const boundaries = spec.dropout > 0 ? spec.layers - 1 : 0;
    const { length, lanes } = source;
    this.#masks = Array.from({ length: boundaries }, () => new Float32Array(length * lanes * layerWidth(spec)));
    this.#tensors = new BatchTensors(source, batch);
  }

  /** Optimiser steps taken. */
  get steps(): number {
    return this.#adam.steps;
  }

  /** Of the last step, before clipping. */
  get gradientNorm(): number {
    return this.#adam.gradientNorm;
  }

  /** [N], valid until the next step. */
  get parameters(): Float32Array {
    return this.#adam.parameters;
  }

  /**
   * One step of Adam on what `batch` holds now; the recurrent state goes on from the step before.
   * @returns the loss before the step, mean over the counted entries
   */
  step(learningRate: number): number {
    this.#state.restart(this.batch.restart);
    const feeds = this.#feeds;
    this.#feedMasks(feeds);
    ({ x: feeds['x'], target: feeds['target'], weight: feeds['weight'] } = this.#tensors.now());
    feeds['state'] = this.#state.now;
    const loss = this.#adam.step(learningRate, feeds, { state_next: this.#state.next });
    this.#state.advance();
    return loss;
  }

  #feedMasks(feeds: Record<string, Tensor>): void {
    const { dropout } = this.spec;
    const shape = [this.batch.length, this.source.lanes, layerWidth(this.spec)];
    this.#masks.forEach((mask, i) => {
      // The whole mask, however long the window: the random numbers of a step begin at a multiple of it.
      fillKeepMask(mask, dropout, this.options.seed, i + 1, this.#adam.steps + 1);
      feeds[`keep_${i + 1}`] = tensorOf(mask.subarray(0, shape[0] * shape[1] * shape[2]), shape);
    });
  }

  /** Where training stands between two steps; its arrays are valid until the next one. */
  state(): TrainerState {
    return { ...this.#adam.state(), lanes: this.#state.values };
  }

  /**
   * The inverse of {@link state}: the steps that follow are those of the trainer that was asked, bit for bit.
   * @throws RangeError when the state is one of a larger net or of more lanes
   */
  restore(state: TrainerState): void {
    this.#adam.restore(state);
    this.#state.values.set(state.lanes);
  }

  close(): void {
    this.#adam.close();
  }
}
