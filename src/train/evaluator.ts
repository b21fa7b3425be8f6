/** The loss graph over a held-out source. */
import { float32Of, OrtSession, tensorOf, type Tensor } from '../step/ort.js';
import { allocateBatch, BatchTensors, type BatchSource, type TrainingBatch } from './batches.js';
import { buildLossGraph } from './graphs.js';
import { LaneState } from './lane-state.js';
import { stateWidth, type NetSpec } from './net-spec.js';

export interface ForecastEvaluation {
  /** In the unit of the objective. */
  readonly loss: number;
  /** Mean squared error of the forecast mean, normalised units. */
  readonly mse: number;
}

export class Evaluator {
  readonly #session: OrtSession;
  readonly #batch: TrainingBatch;
  readonly #state: LaneState;
  readonly #tensors: BatchTensors;

  constructor(
    spec: NetSpec,
    private readonly source: BatchSource,
  ) {
    this.#session = new OrtSession(buildLossGraph(spec));
    this.#batch = allocateBatch(source);
    this.#state = new LaneState(source.lanes, stateWidth(spec));
    this.#tensors = new BatchTensors(source, this.#batch);
  }

  /**
   * Means over all counted entries of one epoch of the source, without dropout.
   * @param parameters [N]
   */
  evaluate(parameters: Float32Array): ForecastEvaluation {
    const fed: Record<string, Tensor> = { parameters: tensorOf(parameters, [parameters.length]) };
    let loss = 0;
    let squares = 0;
    let counted = 0;
    for (let index = 0; index < this.source.perEpoch; index++) {
      this.source.fill(0, index, this.#batch);
      this.#state.restart(this.#batch.restart);
      const feeds = { ...fed, ...this.#tensors.now(), state: this.#state.now };
      const out = this.#session.run(feeds, { loss: null, squared_error: null, state_next: this.#state.next });
      this.#state.advance();
      loss += float32Of(out, 'loss')[0] * this.#batch.counted;
      squares += float32Of(out, 'squared_error')[0] * this.#batch.counted;
      counted += this.#batch.counted;
    }
    return { loss: loss / counted, mse: squares / counted };
  }

  close(): void {
    this.#session.close();
  }
}
