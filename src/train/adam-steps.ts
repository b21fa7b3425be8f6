/** A training graph with its parameters and Adam moments: one call, one optimiser step. */
import type { TrainOptions } from '../core/training.js';
import { float32Of, OrtSession, tensorOf, type Tensor } from '../step/ort.js';
import type { AdamOptions } from './optimiser.js';

/** Decay of Adam's moments and its guard against division by zero, as proposed by Kingma & Ba 2015. */
export const ADAM: AdamOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

export interface AdamState {
  /** Optimiser steps taken. */
  readonly steps: number;
  /** [N] each */
  readonly parameters: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/** Parameters and both moments of Adam, [N] each. */
interface Weights extends Omit<AdamState, 'steps'> {
  readonly tensors: readonly [parameters: Tensor, m: Tensor, v: Tensor];
}

export class AdamSteps {
  readonly #session: OrtSession;
  readonly #schedule = new Float32Array(4);
  readonly #scheduled = tensorOf(this.#schedule, [4]);
  /** What the next step reads and what it writes; swapped after every step. */
  #weights: Weights;
  #spare: Weights;
  #steps = 0;
  #gradientNorm = 0;

  /**
   * @param graph made with `ADAM`; takes `parameters`, `m`, `v`, `schedule` and whatever is fed, gives `loss`,
   * `gradient_norm`, `parameters_next`, `m_next`, `v_next`
   * @param initial [N] parameters
   * @param options clipNorm: largest norm of the gradient; weightDecay: of AdamW
   */
  constructor(
    graph: Uint8Array,
    initial: Float32Array,
    private readonly options: Pick<TrainOptions, 'clipNorm' | 'weightDecay'>,
  ) {
    this.#session = new OrtSession(graph);
    this.#weights = allocate(initial);
    this.#spare = allocate(new Float32Array(initial.length));
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
   * @param feeds of the graph, beside those above; they are added to it
   * @param fetches further outputs, written in place
   * @returns the loss before the step
   */
  step(learningRate: number, feeds: Record<string, Tensor>, fetches: Readonly<Record<string, Tensor>> = {}): number {
    this.#steps++;
    // Bias correction of both moments (Kingma & Ba 2015, section 3).
    this.#schedule[0] = learningRate / (1 - ADAM.beta1 ** this.#steps);
    this.#schedule[1] = 1 / (1 - ADAM.beta2 ** this.#steps);
    this.#schedule[2] = this.options.clipNorm;
    this.#schedule[3] = learningRate * this.options.weightDecay;
    feeds['schedule'] = this.#scheduled;
    [feeds['parameters'], feeds['m'], feeds['v']] = this.#weights.tensors;
    const [parameters, m, v] = this.#spare.tensors;
    const out = this.#session.run(feeds, {
      ...fetches,
      loss: null,
      gradient_norm: null,
      parameters_next: parameters,
      m_next: m,
      v_next: v,
    });
    [this.#weights, this.#spare] = [this.#spare, this.#weights];
    this.#gradientNorm = float32Of(out, 'gradient_norm')[0];
    return float32Of(out, 'loss')[0];
  }

  /** Where training stands between two steps; its arrays are valid until the next one. */
  state(): AdamState {
    const { parameters, m, v } = this.#weights;
    return { steps: this.#steps, parameters, m, v };
  }

  /**
   * The inverse of {@link state}.
   * @throws RangeError when the state is one of a larger net
   */
  restore({ steps, parameters, m, v }: AdamState): void {
    this.#steps = steps;
    this.#weights.parameters.set(parameters);
    this.#weights.m.set(m);
    this.#weights.v.set(v);
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
