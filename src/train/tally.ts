/** Errors and calibration of a net, added up value by value. */
import type { Foretold } from './foretold.js';
import type { Calibration, ChannelRecord, Errors } from './record.js';

export class ErrorTally {
  #values = 0;
  #squares = 0;
  #distances = 0;

  get values(): number {
    return this.#values;
  }

  add(error: number): void {
    this.#values++;
    this.#squares += error * error;
    this.#distances += Math.abs(error);
  }

  /** Of no value: 0. */
  errors(): Errors {
    const values = Math.max(this.#values, 1);
    return { rmse: Math.sqrt(this.#squares / values), mae: this.#distances / values };
  }
}

const NOMINAL = [0.5, 0.8, 0.9, 0.95, 0.99] as const;
const PIT_BINS = 20;
/** Of the standardised errors: from −`EDGE` to `EDGE` deviations. */
const EDGE = 5;
const BINS_A_DEVIATION = 4;

export class CalibrationTally {
  #values = 0;
  readonly #held = NOMINAL.map(() => 0);
  readonly #pit = Array<number>(PIT_BINS).fill(0);
  readonly #standardised = Array<number>(2 * EDGE * BINS_A_DEVIATION).fill(0);

  /** @param observed normalised */
  add(observed: number, foretold: Foretold): void {
    this.#values++;
    const below = foretold.below(observed);
    const outside = Math.abs(2 * below - 1);
    for (let i = 0; i < NOMINAL.length; i++) if (outside <= NOMINAL[i]) this.#held[i]++;
    this.#pit[Math.min(Math.floor(below * PIT_BINS), PIT_BINS - 1)]++;
    const deviations = (observed - foretold.mean) / foretold.deviation;
    const bin = Math.floor((deviations + EDGE) * BINS_A_DEVIATION);
    this.#standardised[Math.min(Math.max(bin, 0), this.#standardised.length - 1)]++;
  }

  /** Undefined when there was no value. */
  calibration(): Calibration | undefined {
    if (this.#values === 0) return undefined;
    return {
      coverage: NOMINAL.map((nominal, i) => ({ nominal, observed: this.#held[i] / this.#values })),
      pit: this.#pit,
      standardised: this.#standardised,
    };
  }
}

/** Of a channel of all streams together. */
export class ChannelTally {
  readonly calibration = new CalibrationTally();
  readonly #net = new ErrorTally();
  readonly #persistence = new ErrorTally();

  /** Errors of one value, in the channel's unit. */
  add(net: number, persistence: number): void {
    this.#net.add(net);
    this.#persistence.add(persistence);
  }

  record(): Omit<ChannelRecord, 'name'> {
    const calibration = this.calibration.calibration();
    return {
      values: this.#net.values,
      net: this.#net.errors(),
      persistence: this.#persistence.errors(),
      ...(calibration === undefined ? {} : { calibration }),
    };
  }
}
