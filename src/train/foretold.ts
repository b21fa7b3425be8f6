/** What distribution a net's outputs stand for: where a value lies in it, and between which values most lie. */
import type { NetSpec } from './net-spec.js';

/** A symmetrical distribution around 0. */
interface Standard {
  /** P(X ≤ x). */
  readonly below: (x: number) => number;
  /** The quantile 97.5 %. */
  readonly upper: number;
}

/** Φ to within 7.5e-8 (Abramowitz & Stegun 1964, 26.2.17). */
function normalBelow(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)) * series;
  return x < 0 ? tail : 1 - tail;
}

/** Of Student's t with 3 degrees of freedom, in closed form. */
function studentBelow(x: number): number {
  const angle = Math.atan(x / Math.sqrt(3));
  return 0.5 + (0.5 * Math.sin(2 * angle) + angle) / Math.PI;
}

const NORMAL: Standard = { below: normalBelow, upper: 1.959964 };
const STUDENT: Standard = { below: studentBelow, upper: 3.182446 };

/** The quantile 95 % of a standard normal distribution. */
const NORMAL_95 = 1.644854;

/**
 * The distribution of one value, in normalised units: under the Gaussian objective a normal one, under student-t one of
 * Student's with 3 degrees of freedom and that variance; under pinball, of which only three quantiles are foretold, two
 * halves of normal distributions that meet at the median and have these quantiles; under mse none.
 */
export class Foretold {
  mean = NaN;
  /** Standard deviation; NaN under mse, as are the following. */
  deviation = NaN;
  readonly #standard: Standard;
  #location = NaN;
  #scaleBelow = NaN;
  #scaleAbove = NaN;

  constructor(private readonly spec: Pick<NetSpec, 'objective' | 'likelihood' | 'channels'>) {
    this.#standard = spec.likelihood === 'student-t' ? STUDENT : NORMAL;
  }

  /**
   * Takes what is foretold of a channel in one row.
   * @param y [n, O] and `quantiles` [n, 3C] as of `buildSequenceGraph`
   */
  read(y: Float32Array, quantiles: Float32Array | undefined, row: number, channel: number): void {
    const { objective, likelihood, channels } = this.spec;
    if (objective === 'mse') {
      this.mean = y[row * channels + channel];
      return;
    }
    const at = 2 * row * channels + channel;
    this.mean = y[at];
    this.deviation = Math.exp(y[at + channels] / 2);
    if (quantiles === undefined) {
      this.#location = this.mean;
      // The variance of Student's t with 3 degrees of freedom is three times the square of its scale.
      this.#scaleBelow = likelihood === 'student-t' ? this.deviation / Math.sqrt(3) : this.deviation;
      this.#scaleAbove = this.#scaleBelow;
    } else {
      const low = 3 * row * channels + channel;
      this.#location = quantiles[low + channels];
      this.#scaleBelow = (this.#location - quantiles[low]) / NORMAL_95;
      this.#scaleAbove = (quantiles[low + 2 * channels] - this.#location) / NORMAL_95;
    }
  }

  /** P(value ≤ z), 0 … 1. */
  below(z: number): number {
    const distance = z - this.#location;
    // A side may have no width at all.
    if (distance === 0) return 0.5;
    return this.#standard.below(distance / (distance < 0 ? this.#scaleBelow : this.#scaleAbove));
  }

  /** Between `low` and `high` lies the value with a probability of 95 %, and with the same below and above. */
  get low(): number {
    return this.#location - this.#standard.upper * this.#scaleBelow;
  }

  get high(): number {
    return this.#location + this.#standard.upper * this.#scaleAbove;
  }
}
