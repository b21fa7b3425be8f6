/** The validations of a training, one an epoch, evenly thinned where there are too many to keep. */
import type { Validation } from './record.js';

/** Kept at most: more than a page shows. */
const MOST_VALIDATIONS = 1000;

/** For a checkpoint. */
export interface CurveState {
  /** Epochs from one kept validation to the next, a power of two. */
  readonly every: number;
  readonly validations: readonly Validation[];
}

export class Curve {
  #every = 1;
  #validations: Validation[] = [];

  /** The multiples of `every`, and the latest. */
  get validations(): readonly Validation[] {
    return this.#validations;
  }

  /** @param validation of the epoch after the one before, from 0 on */
  push(validation: Validation): void {
    const latest = this.#validations[this.#validations.length - 1];
    if (latest !== undefined && latest.epoch % this.#every !== 0) this.#validations.pop();
    this.#validations.push(validation);
    if (this.#validations.length <= MOST_VALIDATIONS) return;
    this.#every *= 2;
    this.#validations = this.#validations.filter((one) => one.epoch % this.#every === 0 || one === validation);
  }

  state(): CurveState {
    return { every: this.#every, validations: this.#validations };
  }

  /** The inverse of {@link state}. */
  restore(state: CurveState): void {
    this.#every = state.every;
    this.#validations = [...state.validations];
  }
}
