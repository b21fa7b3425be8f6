/** The training graph with its parameters and Adam moments: one call, one optimiser step. */
import type { TrainOptions } from '../core/training.js';
import { float32Of, OrtSession, tensorOf, type Tensor } from '../step/ort.js';
import { BatchTensors, type BatchSource, type TrainingBatch } from './batches.js';
import { fillKeepMask } from './dropout.js';
import { buildTrainGraph } from './graphs.js';
import { initialParameters, stateWidth, type NetSpec } from './net-spec.js';
import { LaneState } from './lane-state.js';

/** Decay of Adam's moments and its guard against division by zero, as proposed by Kingma & Ba 2015. */
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

export type TrainerOptions = Pick<TrainOptions, 'clipNorm' | 'weightDecay' | 'seed'>;

/** What the next step depends on beside its batch and the seed. */
export interface TrainerState {
  /** Optimiser steps taken: also where the random numbers of dropout stand, which are a function of it. */
  readonly steps: number;
  /** [N] each */
  readonly parameters: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  /** [B · S], the recurrent state of every lane. */
  readonly lanes: Float32Array;
}

/** Parameters and both moments of Adam, [N] each. */
interface Weights {
  readonly parameters: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly tensors: readonly [parameters: Tensor, m: Tensor, v: Tensor];
}

export class Trainer {
  readonly #session: OrtSession;
  readonly #state: LaneState;
  readonly #schedule = new Float32Array(4);
  /** keep_1 … keep_{L-1}, each [T, B, H]; empty without dropout. */
  readonly #masks: readonly Float32Array[];
  readonly #tensors: BatchTensors;
  readonly #feeds: Record<string, Tensor>;
  /** What the next step reads and what it writes; swapped after every step. */
  #weights: Weights;
  #spare: Weights;
  #steps = 0;
  #gradientNorm = 0;

  /**
   * @param batch its arrays are read in every step
   * @param options clipNorm: largest norm of the gradient; weightDecay: of AdamW; seed: of the initial parameters and of dropout
   */
  constructor(
    private readonly spec: NetSpec,
    private readonly source: BatchSource,
    private readonly batch: TrainingBatch,
    private readonly options: TrainerOptions,
  ) {
    const weightDecay = options.weightDecay > 0;
    this.#session = new OrtSession(
      buildTrainGraph(spec, { beta1: BETA1, beta2: BETA2, epsilon: EPSILON, weightDecay }),
    );
    this.#weights = allocate(initialParameters(spec, options.seed));
    this.#spare = allocate(new Float32Array(this.#weights.parameters.length));
    this.#state = new LaneState(source.lanes, stateWidth(spec));
    const boundaries = spec.dropout > 0 ? spec.layers - 1 : 0;
    const { length, lanes } = source;
    this.#masks = Array.from({ length: boundaries }, () => new Float32Array(length * lanes * spec.hidden));
    this.#tensors = new BatchTensors(source, batch);
    this.#feeds = { schedule: tensorOf(this.#schedule, [4]) };
  }

  /** Optimiser steps taken. */
  get steps(): number {
    return this.#steps;
  }

  /** Of the last step, before clipping. */
  get gradientNorm(): number {
    return this.#gradientNorm;
  }

  /** [N], valid until the next step. */
  get parameters(): Float32Array {
    return this.#weights.parameters;
  }

  /**
   * One step of Adam on what `batch` holds now; the recurrent state goes on from the step before.
   * @returns the loss before the step, mean over the counted entries
   */
  step(learningRate: number): number {
    this.#steps++;
    // Bias correction of both moments (Kingma & Ba 2015, section 3).
    this.#schedule[0] = learningRate / (1 - BETA1 ** this.#steps);
    this.#schedule[1] = 1 / (1 - BETA2 ** this.#steps);
    this.#schedule[2] = this.options.clipNorm;
    this.#schedule[3] = learningRate * this.options.weightDecay;
    this.#state.restart(this.batch.restart);
    const feeds = this.#feeds;
    this.#feedMasks(feeds);
    ({ x: feeds['x'], target: feeds['target'], weight: feeds['weight'] } = this.#tensors.now());
    [feeds['parameters'], feeds['m'], feeds['v']] = this.#weights.tensors;
    feeds['state'] = this.#state.now;
    const [parameters, m, v] = this.#spare.tensors;
    const out = this.#session.run(feeds, {
      loss: null,
      gradient_norm: null,
      parameters_next: parameters,
      m_next: m,
      v_next: v,
      state_next: this.#state.next,
    });
    this.#state.advance();
    [this.#weights, this.#spare] = [this.#spare, this.#weights];
    this.#gradientNorm = float32Of(out, 'gradient_norm')[0];
    return float32Of(out, 'loss')[0];
  }

  #feedMasks(feeds: Record<string, Tensor>): void {
    const { dropout, hidden } = this.spec;
    const shape = [this.batch.length, this.source.lanes, hidden];
    this.#masks.forEach((mask, i) => {
      // The whole mask, however long the window: the random numbers of a step begin at a multiple of it.
      fillKeepMask(mask, dropout, this.options.seed, i + 1, this.#steps);
      feeds[`keep_${i + 1}`] = tensorOf(mask.subarray(0, shape[0] * shape[1] * shape[2]), shape);
    });
  }

  /** Where training stands between two steps; its arrays are valid until the next one. */
  state(): TrainerState {
    const { parameters, m, v } = this.#weights;
    return { steps: this.#steps, parameters, m, v, lanes: this.#state.values };
  }

  /**
   * The inverse of {@link state}: the steps that follow are those of the trainer that was asked, bit for bit.
   * @throws RangeError when the state is one of a larger net or of more lanes
   */
  restore(state: TrainerState): void {
    this.#steps = state.steps;
    this.#weights.parameters.set(state.parameters);
    this.#weights.m.set(state.m);
    this.#weights.v.set(state.v);
    this.#state.values.set(state.lanes);
  }

  close(): void {
    this.#session.close();
  }
}

function allocate(parameters: Float32Array): Weights {
  const shape = [parameters.length];
  const m = new Float32Array(parameters.length);
  const v = new Float32Array(parameters.length);
  return { parameters, m, v, tensors: [tensorOf(parameters, shape), tensorOf(m, shape), tensorOf(v, shape)] };
}
